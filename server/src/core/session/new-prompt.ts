import { PromptAcceptedSchema } from "@daphnia/protocol/event";
import type { Part } from "@daphnia/protocol/message";
import type { Principal } from "@daphnia/protocol/principal";
import { Delivery, type Session as Head } from "@daphnia/protocol/session";
import { DaemonError } from "../../base/errors.ts";
import { elide } from "../agent/elide.ts";
import { body } from "../agent/facts.ts";
import type { PreparedBlob } from "../log/blob-store.ts";
import type { Fact } from "../log/session-writer.ts";
import { redactParts } from "../tool/redact-parts.ts";
import type { SessionDeps } from "./session-deps.ts";

export interface PromptInput {
  readonly parts: readonly Part[];
  readonly delivery: Delivery;
  readonly maxSteps: number;
  readonly model: string;
  /** True where nobody is there to be asked. */
  readonly unattended: boolean;
}

export interface PromptResult {
  readonly promptId: string;
  readonly turnId: string;
}

/** A prompt on its way into a session's log. */
export interface NewPrompt {
  /** Blobs that it names. */
  readonly blobs: readonly PreparedBlob[];
  /** The fact that it is accepted; the head is that of this moment. Throws when the queue is full. */
  accept(head: Pick<Head, "turnId" | "queue">, by: Principal): Fact;
  /** What became of it, once it was accepted. */
  result(): PromptResult;
}

export async function preparePrompt(
  { parts, delivery: wanted, maxSteps, model, unattended }: PromptInput,
  deps: Pick<SessionDeps, "blobs" | "mint" | "maxQueuedPrompts" | "redactor">,
): Promise<NewPrompt> {
  const short = await elide(redactParts(parts, deps.redactor()), deps.blobs);
  const promptId = deps.mint("prompt");
  const ownTurn = deps.mint("turn");
  let turnId = ownTurn;
  return {
    blobs: [...short.blobs, ...namedBlobs(short.parts)],
    accept({ turnId: running, queue }, by) {
      if (queue.length >= deps.maxQueuedPrompts) throw queueFull(deps.maxQueuedPrompts);
      const delivery = deliveryOf(wanted, running);
      turnId = delivery === Delivery.STEER ? running : ownTurn;
      const said = { promptId, parts: short.parts, delivery, maxSteps, model, unattended };
      return { turnId, principal: by, body: body("promptAccepted", PromptAcceptedSchema, said) };
    },
    result: () => ({ promptId, turnId }),
  };
}

/** A steering prompt belongs to the turn that runs; without one it opens its own. */
function deliveryOf(wanted: Delivery, running: string): Delivery {
  if (wanted === Delivery.STEER && running === "") return Delivery.QUEUE;
  return wanted === Delivery.UNSPECIFIED ? Delivery.QUEUE : wanted;
}

function queueFull(most: number): DaemonError {
  return new DaemonError(
    "resource_exhausted",
    `${most} prompts wait in this session already; wait for one to be delivered or withdraw one`,
    { reason: "LIMIT_REACHED", metadata: { limit: "max_queued_prompts" }, retryAfter: 1000 },
  );
}

/** Blobs that were uploaded before and are named by a prompt. */
function namedBlobs(parts: readonly Part[]) {
  return parts.flatMap(({ kind }) =>
    kind.case === "blob" ? [{ digest: kind.value.digest, size: Number(kind.value.size) }] : [],
  );
}
