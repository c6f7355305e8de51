import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Delivery } from "@daphnia/protocol/session";
import { createSession, eventsUntil, logOf, prompt, textPart } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { drain, type Refusal, refusalOf } from "../refusal.ts";

const hanging = '[[turn]]\n[[turn.step]]\nsay = "x"\nhang = true\n';
const pattern = "must be 1 to 63 of a-z 0-9 . _ - starting with a letter or digit";

/** A call, the fields that it is refused for, and a part of what is said. */
type FieldCase = readonly [call: () => Promise<unknown>, field: string, says: string];

describe("bad input", () => {
  let daemon: DaemonProcess;
  let sessionId: string;
  before(async () => {
    daemon = await startDaemonProcess();
    await daemon.script("hang", hanging);
    const begin = { sessionId: "alpha-one", roots: [daemon.folder], model: "scripted/hang" };
    sessionId = (await daemon.client.sessions.createSession(begin)).session?.id ?? "";
  });
  after(() => daemon?.remove());

  const text = textPart("hello");
  const sessions = () => daemon.client.sessions;
  const events = () => daemon.client.events;
  const say = (parts: Parameters<DaemonProcess["client"]["sessions"]["prompt"]>[0]["parts"] = []) =>
    sessions().prompt({ sessionId, parts });

  async function refusesFields(cases: readonly FieldCase[]): Promise<void> {
    for (const [call, field, says] of cases) {
      const { code, reason, fields, message } = await refusalOf(call());
      assert.deepEqual([code, reason, fields], ["InvalidArgument", "INVALID_FIELD", [field]]);
      assert.ok(message.startsWith(`${field}: `) && message.includes(says), `${says}: ${message}`);
    }
  }

  it("that names an unknown session is not found, with near ids", async () => {
    const near = { sessionId: "alpha-onee" };
    const selector = { sessions: [near.sessionId] };
    const update = { session: { id: near.sessionId }, updateMask: { paths: ["title"] } };
    const calls = [
      sessions().getSession(near),
      sessions().getTranscript(near),
      sessions().getStepRequest({ ...near, turnId: "turn", step: 1 }),
      sessions().prompt({ ...near, parts: [text] }),
      sessions().ask({ ...near, text: "hello" }),
      sessions().movePrompt({ ...near, promptId: "prompt" }),
      sessions().withdrawPrompt({ ...near, promptId: "prompt" }),
      sessions().cancelTurn(near),
      sessions().resumeTurn(near),
      sessions().deleteSession(near),
      sessions().updateSession(update),
      events().listEvents({ selector }),
      drain(events().watch({ selector })),
    ];
    const expected: Refusal = {
      code: "NotFound",
      reason: "NOT_FOUND",
      message: 'session "alpha-onee" does not exist; did you mean "alpha-one"?',
      metadata: { session: "alpha-onee", near: "alpha-one" },
      fields: [],
      retryAfter: undefined,
    };
    const refusals = await Promise.all(calls.map(refusalOf));
    for (const refusal of refusals) assert.deepEqual(refusal, expected);
  });

  it("that is a bad id is answered with the pattern", async () => {
    for (const bad of ["Bad Id!", "-x", "x".repeat(64)]) {
      const selector = { sessions: [bad] };
      await refusesFields([
        [() => sessions().createSession({ sessionId: bad }), "session_id", pattern],
        [() => sessions().getSession({ sessionId: bad }), "session_id", pattern],
        [() => sessions().prompt({ sessionId: bad, parts: [text] }), "session_id", pattern],
        [() => sessions().deleteSession({ sessionId: bad }), "session_id", pattern],
        [() => drain(events().watch({ selector })), "selector.sessions", pattern],
      ]);
    }
    const taken = await refusalOf(sessions().createSession({ sessionId: "daemon.mine" }));
    assert.deepEqual([taken.code, taken.fields], ["InvalidArgument", ["session_id"]]);
  });

  it("that is an empty prompt or an unknown part names the field", async () => {
    const blob = { kind: { case: "blob", value: { digest: "ab" } } } as const;
    const thinking = { kind: { case: "thinking", value: "hm" } } as const;
    const delivery = 77 as Delivery; // no such value: what a newer client might send
    await refusesFields([
      [() => say(), "parts", "must say something"],
      [() => say([textPart(" \n")]), "parts[0].text", "must not be empty"],
      [() => say([text, {}]), "parts[1]", "must be a text or a blob"],
      [() => say([text, thinking]), "parts[1]", "must be a text or a blob"],
      [() => say([blob]), "parts[0].blob", "upload it with PutBlob first"],
      [() => sessions().ask({ sessionId, text: " " }), "text", "must not be empty"],
      [() => sessions().prompt({ sessionId, parts: [text], delivery }), "delivery", "got 77"],
    ]);
  });

  it("that names no folder names the field", async () => {
    const { folder } = daemon;
    const missing = join(folder, "missing");
    const create = (more: object) => () => sessions().createSession(more);
    const update = { session: { id: sessionId, cwd: "x" }, updateMask: { paths: ["cwd"] } };
    await refusesFields([
      [create({ roots: [folder, "x"] }), "roots[1]", 'must be an absolute path, got "x"'],
      [create({ roots: [missing] }), "roots[0]", "does not exist"],
      [create({ cwd: missing }), "cwd", "does not exist"],
      [() => sessions().updateSession(update), "session.cwd", "must be an absolute path"],
    ]);
  });

  it("that names an event which no session has as its parent names the field", async () => {
    const create = (parent: object) => () => sessions().createSession({ parent });
    await refusesFields([
      [create({ seq: 1n }), "parent.session_id", "must not be empty"],
      [create({ sessionId }), "parent.seq", "must be 1 to 1, the session's last event, got 0"],
      [create({ sessionId, seq: 2n }), "parent.seq", "got 2"],
    ]);
  });

  it("that names an unknown provider or script is answered with near names", async () => {
    const create = (model: string) => () => sessions().createSession({ model });
    const model = "antropic/claude";
    await refusesFields([
      [create("scritped/hang"), "model", 'no provider "scritped"; did you mean scripted?'],
      [create("zzzzzzzz/x"), "model", "there are anthropic, openai"],
      [create("scripted"), "model", 'must be provider/model, got "scripted"'],
      [create("scripted/hnag"), "model", 'no script "hnag"; did you mean "hang"?'],
      [() => sessions().prompt({ sessionId, parts: [text], model }), "model", "mean anthropic?"],
      [() => sessions().ask({ sessionId, text: "hello", model }), "model", "mean anthropic?"],
    ]);
  });

  it("that needs a key names its variable, leaves nothing behind and is never answered by a script", async () => {
    const before = await daemon.client.daemon.getInfo({});
    const every = "ANTHROPIC_API_KEY,OPENAI_API_KEY,GEMINI_API_KEY,OPENROUTER_API_KEY";
    const prompted = { sessionId, parts: [text], model: "openai/x" };
    const cases: [() => Promise<unknown>, string][] = [
      [() => sessions().createSession({ model: "anthropic/claude-sonnet-5" }), "ANTHROPIC_API_KEY"],
      [() => sessions().prompt(prompted), "OPENAI_API_KEY"],
      [() => sessions().ask({ text: "hello", model: "openrouter/x" }), "OPENROUTER_API_KEY"],
      [() => sessions().ask({ text: "hello" }), every],
    ];
    for (const [call, variable] of cases) {
      const { code, reason, metadata, message } = await refusalOf(call());
      assert.deepEqual(
        [code, reason, metadata],
        ["FailedPrecondition", "PROVIDER_KEY_MISSING", { variable }],
      );
      assert.match(message, /daphnia demo/);
    }
    const { cursor } = await daemon.client.daemon.getInfo({});
    assert.equal(cursor, before.cursor);
  });

  it("for a full queue says when to try again", async () => {
    await writeFile(join(daemon.home, "daphnia.toml"), "[limits]\nmax_queued_prompts = 2\n");
    await daemon.client.daemon.reload({});
    const full = await createSession(daemon, "hang");
    const { cursor } = await prompt(daemon.client, full, "runs");
    const selector = { sessions: [full], bodies: ["step_started"] };
    await eventsUntil(daemon.client, { after: cursor, selector }, () => true);
    await prompt(daemon.client, full, "waits");
    await prompt(daemon.client, full, "waits too");
    const { message, ...refusal } = await refusalOf(prompt(daemon.client, full, "too many"));
    assert.deepEqual(refusal, {
      code: "ResourceExhausted",
      reason: "LIMIT_REACHED",
      metadata: { limit: "max_queued_prompts" },
      fields: [],
      retryAfter: 1000,
    });
    assert.match(message, /^2 prompts wait in this session already/);
    await sessions().cancelTurn({ sessionId: full, clearQueue: true });
  });

  it("that is no cursor, another log's or one ahead is told apart", async () => {
    const { logId, cursor } = await daemon.client.daemon.getInfo({});
    const cases = [
      ["garbage", "InvalidArgument", "CURSOR_MALFORMED"],
      [`${logId}.`, "InvalidArgument", "CURSOR_MALFORMED"],
      ["0123456789ab.1", "FailedPrecondition", "CURSOR_OTHER_LOG"],
      [`${logId}.zzzzz`, "OutOfRange", "CURSOR_AHEAD"],
    ] as const;
    for (const [value, ...expected] of cases) {
      const from = { case: "afterCursor", value } as const;
      const watched = await refusalOf(drain(events().watch({ from })));
      const listed = await refusalOf(events().listEvents({ afterCursor: value }));
      assert.deepEqual([watched.code, watched.reason], expected);
      assert.deepEqual(listed, watched);
    }
    const from = { case: "afterCursor", value: cursor } as const;
    await drain(events().watch({ from, untilCaughtUp: true }));
  });

  it("that asks for a seq of other than one session, or for unknown events, names the field", async () => {
    const watch = (selector: object, seq = 1n) => {
      const from = { case: "afterSeq", value: seq } as const;
      return () => drain(events().watch({ selector, from }));
    };
    const two = [sessionId, await createSession(daemon, "hang")];
    const only = { sessions: [sessionId] };
    const list = (selector: object) => () => events().listEvents({ selector });
    await refusesFields([
      [watch({}), "after_seq", "needs exactly one session"],
      [watch({ sessions: two }), "after_seq", "needs exactly one session"],
      [watch({ ...only, families: ["turn"] }), "after_seq", "nothing else selected"],
      [watch(only, 99n), "after_seq", "has no event 99"],
      [list({ families: ["trun"] }), "selector.families", "did you mean turn?"],
      [list({ bodies: ["turn_finishd"] }), "selector.bodies", "did you mean turn_finished?"],
      [() => events().listEvents({ wait: { seconds: 61n } }), "wait", "0 s to 60 s, got 61 s"],
    ]);
  });

  it("in a page token or a page size names the field", async () => {
    const { nextPageToken } = await sessions().listSessions({ pageSize: 1 });
    const list = (request: object) => () => sessions().listSessions(request);
    await refusesFields([
      [list({ pageToken: "x" }), "page_token", "is not a token of this list and filter"],
      [list({ pageToken: nextPageToken, agent: "default" }), "page_token", "is not a token"],
      [list({ pageSize: 1001 }), "page_size", "must be 1 to 1000, got 1001"],
      [() => events().listEvents({ pageSize: 1001 }), "page_size", "must be 1 to 1000"],
    ]);
  });

  it("that is too large is refused, and the connection goes on", async () => {
    const { code, message } = await refusalOf(say([textPart("x".repeat(5 * 1024 * 1024))]));
    assert.equal(code, "ResourceExhausted");
    assert.match(message, /4194304/);
    assert.equal((await sessions().getSession({ sessionId })).session?.id, sessionId);
  });

  it("for a deleted session ends its watch, and no other, with the reason", async () => {
    const { session } = await sessions().createSession({ sessionId: "doomed" });
    const doomed = { sessions: [session?.id ?? ""] };
    const opened = Promise.withResolvers<void>();
    const watching = refusalOf(
      (async () => {
        for await (const { synced } of events().watch({ selector: doomed })) {
          if (synced) opened.resolve();
        }
      })(),
    );
    await opened.promise;
    await sessions().deleteSession({ sessionId: "doomed" });
    const deleted = ["FailedPrecondition", "SESSION_DELETED", { session: "doomed" }];
    for (const end of [watching, refusalOf(drain(events().watch({ selector: doomed })))]) {
      const { code, reason, metadata } = await end;
      assert.deepEqual([code, reason, metadata], deleted);
    }
    const again = await refusalOf(sessions().createSession({ sessionId: "doomed" }));
    assert.deepEqual([again.code, again.reason], ["AlreadyExists", "ALREADY_EXISTS"]);
    assert.equal((await logOf(daemon.client, sessionId)).length, 1, "others are untouched");
  });
});
