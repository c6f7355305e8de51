import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { Delivery } from "@daphnia/protocol/session";
import { SessionService } from "@daphnia/protocol/session_service";
import { DaemonError, invalidField, notFound, wrongState } from "../base/errors.ts";
import { awaitTurn } from "../core/session/await-turn.ts";
import type { Command } from "../core/session/command.ts";
import type { PromptInput, PromptResult } from "../core/session/new-prompt.ts";
import { readEvents } from "../core/session/session-events.ts";
import type { Begun } from "../core/session/session-manager.ts";
import { callerOf } from "./caller.ts";
import { milliseconds, required } from "./read-fields.ts";
import type { SessionServiceDeps } from "./session-deps.ts";

const longestWait = 60_000;

/** A prompt whose answer is waited for. */
type Asked = { readonly sessionId: string; readonly turnId: string; readonly model: string };

type Handlers = Pick<
  ServiceImpl<typeof SessionService>,
  "prompt" | "ask" | "movePrompt" | "withdrawPrompt" | "cancelTurn" | "resumeTurn"
>;

/** The part of the session door that talks to a session's turns. */
export function promptHandlers(deps: SessionServiceDeps): Handlers {
  const { sessions, once } = deps;
  const { method } = SessionService;

  /** The model that a prompt would be answered by, in a new session too; refuses one that cannot be. */
  async function openModel(sessionId: string, wanted: string): Promise<string> {
    const head = sessionId === "" ? undefined : await sessions.head(sessionId);
    const agent = deps.agents.get(head?.agent ?? "default");
    const name = wanted || head?.model || agent?.model || deps.defaultModel();
    await deps.models.open(name);
    return name;
  }

  /** Looked up while the write is made: one that was answered is answered again without it. */
  const named = ({ sessionId }: { sessionId: string }) =>
    sessions.get(required("session_id", sessionId));

  return {
    async prompt(request, { values }) {
      const id = required("session_id", request.sessionId);
      const { delivery, maxSteps, model, unattended } = request;
      const { answer, cursor } = await once(method.prompt, request, {
        by: callerOf(values).principal,
        run: async (command: Command<PromptResult>) => {
          const session = await sessions.get(id);
          if (Delivery[delivery] === undefined) {
            throw invalidField("delivery", `must be QUEUE, STEER or INTERRUPT, got ${delivery}`);
          }
          const parts = await readParts(request.parts, deps);
          await openModel(id, model);
          return session.prompt({ parts, delivery, maxSteps, model, unattended }, command);
        },
        answer: (result) => ({ sessionId: id, ...result }),
      });
      return { ...answer, cursor };
    },
    async ask(request, { values, signal }) {
      const by = callerOf(values).principal;
      const wait = milliseconds("wait", request.wait, longestWait, longestWait);
      if (request.text.trim() === "") throw invalidField("text", "must not be empty");
      const parts = [create(PartSchema, { kind: { case: "text", value: request.text } })];
      const { answer, cursor, before } = await once(
        method.ask,
        { ...request, wait: undefined } as typeof request, // a retry may wait longer
        {
          by,
          run: async (command: Command<Asked>) => {
            // The model first: a session that nothing can answer in is not made.
            const model = await openModel(request.sessionId, request.model);
            const input = {
              ...{ parts, delivery: Delivery.QUEUE, maxSteps: 0 },
              ...{ model: request.model, unattended: false },
            };
            const { keep } = command;
            if (request.sessionId === "") {
              const begun = await beginSession(deps, input, {
                by,
                ...(keep && { keep: (made) => keep({ ...made, model }) }),
              });
              return { ...begun, model };
            }
            const { sessionId } = request;
            const session = await sessions.get(sessionId);
            const { turnId } = await session.prompt(input, {
              by,
              ...(keep && { keep: (made) => keep({ sessionId, turnId: made.turnId, model }) }),
            });
            return { sessionId, turnId, model };
          },
          answer: ({ sessionId, turnId, model }) => ({ sessionId, turnId, model }),
        },
      );
      const turn = { sessionId: answer.sessionId, turnId: answer.turnId, after: before, wait };
      const end = await awaitTurn(turn, deps, signal);
      if (end === "withdrawn") throw neverAnswered(answer);
      if (typeof end === "string") return { ...answer, cursor, pending: true };
      const { outcome, error } = end.finished;
      const text = await lastText(answer.sessionId, answer.turnId, deps);
      return { ...answer, cursor, text, outcome, error: error?.message ?? "" };
    },
    async movePrompt(request, { values }) {
      const { promptId, beforePromptId } = request;
      const { cursor } = await once(method.movePrompt, request, {
        by: callerOf(values).principal,
        run: async (command: Command<undefined>) => {
          const session = await named(request);
          await session.movePrompt(required("prompt_id", promptId), beforePromptId, command);
          return undefined;
        },
        answer: () => ({}),
      });
      return { cursor };
    },
    async withdrawPrompt(request, { values }) {
      const { cursor } = await once(method.withdrawPrompt, request, {
        by: callerOf(values).principal,
        run: async (command: Command<undefined>) => {
          const session = await named(request);
          await session.withdrawPrompt(required("prompt_id", request.promptId), command);
          return undefined;
        },
        answer: () => ({}),
      });
      return { cursor };
    },
    async cancelTurn(request, { values }) {
      const { answer, cursor } = await once(method.cancelTurn, request, {
        by: callerOf(values).principal,
        run: async (command: Command<string>) => {
          const session = await named(request);
          return session.cancelTurn(request.turnId, request.clearQueue, command);
        },
        answer: (turnId) => ({ turnId }),
      });
      return { ...answer, cursor };
    },
    async resumeTurn(request, { values }) {
      const { answer, cursor } = await once(method.resumeTurn, request, {
        by: callerOf(values).principal,
        run: async (command: Command<string>) =>
          (await named(request)).resumeTurn(request.turnId, command),
        answer: (turnId) => ({ turnId }),
      });
      return { ...answer, cursor };
    },
  };
}

/** A session of the agent `default` that begins with a prompt. */
function beginSession(deps: SessionServiceDeps, said: PromptInput, command: Command<Begun>) {
  const input = {
    id: "",
    agent: "default",
    roots: [],
    cwd: "",
    title: "",
    labels: {},
    model: "",
    mode: "",
  };
  if (deps.agents.get("default") === undefined) throw notFound("agent", "default");
  return deps.sessions.begin(input, said, command);
}

function neverAnswered({ sessionId, turnId }: Pick<Asked, "sessionId" | "turnId">): DaemonError {
  return wrongState("the prompt was withdrawn before its turn began: nobody answers it", {
    session: sessionId,
    turn: turnId,
  });
}

/** What a prompt says: text, and blobs that were uploaded before. */
async function readParts(parts: readonly Part[], { blobs }: SessionServiceDeps): Promise<Part[]> {
  if (parts.length === 0) throw invalidField("parts", "must say something: a text or a blob");
  for (const [i, { kind }] of parts.entries()) {
    if (kind.case === "text") {
      if (kind.value.trim() === "") throw invalidField(`parts[${i}].text`, "must not be empty");
    } else if (kind.case === "blob") {
      const kept = await blobs.read(kind.value.digest, 0, 0);
      if (kept === undefined) {
        throw new DaemonError(
          "invalid_argument",
          `parts[${i}].blob: upload it with PutBlob first`,
          {
            reason: "INVALID_FIELD",
            fields: [{ field: `parts[${i}].blob`, description: "must name an uploaded blob" }],
          },
        );
      }
      kind.value.size = BigInt(kept.size);
    } else {
      throw invalidField(`parts[${i}]`, "must be a text or a blob");
    }
  }
  // What a part may carry besides is the daemon's to say: where its whole text lies, above all.
  return parts.map(({ kind }) => create(PartSchema, { kind }));
}

/** The whole text of a turn's last message. */
async function lastText(
  sessionId: string,
  turnId: string,
  deps: SessionServiceDeps,
): Promise<string> {
  let last: readonly Part[] = [];
  for await (const { turnId: of, body } of readEvents(deps.log.store, sessionId)) {
    if (of === turnId && body.case === "messageCompleted") last = body.value.message?.parts ?? last;
  }
  const texts = await Promise.all(
    last.map(async ({ kind, full }) => {
      if (kind.case !== "text") return "";
      const whole = full && (await deps.blobs.read(full.digest, 0, Number.MAX_SAFE_INTEGER));
      return whole ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole.bytes) : kind.value;
    }),
  );
  return texts.join("");
}
