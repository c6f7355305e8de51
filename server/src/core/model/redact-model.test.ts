import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { OpaqueSchema, type Part, PartSchema, SourceSchema } from "@daphnia/protocol/message";
import { createRedactor } from "../../base/redact.ts";
import type { ModelPart, ModelRequest } from "./model.ts";
import { ModelError } from "./model-error.ts";
import { redactModel } from "./redact-model.ts";
import { createPlayedModel, finish, type Play } from "./testing/played-model.ts";

const secrets = Array.from({ length: 200 }, (_, i) => ({
  name: `KEY_${i}`,
  value: `${(i * 7919).toString(36)}_"Ünsaid-${(i * 104729).toString(36)}/${i}`,
}));
const redactor = createRedactor({ values: secrets, patterns: [] });
const [{ name, value } = { name: "", value: "" }] = secrets;
const place = `\${${name}}`;

const request: ModelRequest = {
  system: `be brief; ${value}`,
  messages: [],
  tools: [],
  blob: async () => new Uint8Array(),
};

/** What is told of a play, its request aside; what it fails with is the last. */
async function told(play: Play, by = redactor): Promise<(ModelPart | Error)[]> {
  const parts: (ModelPart | Error)[] = [];
  const model = redactModel(createPlayedModel([play]), () => by);
  try {
    for await (const part of model.stream(request, new AbortController().signal)) {
      if (part.kind !== "request") parts.push(part);
    }
  } catch (error) {
    parts.push(error instanceof Error ? error : new Error("no error"));
  }
  return parts;
}

const start = { kind: "start", block: "b", of: "text" } as const;
const thinking = { ...start, of: "thinking" } as const;
const call = { ...start, of: "tool_call", providerCallId: "c", tool: "t" } as const;
const piece = (text: string) => ({ kind: "piece", block: "b", text }) as const;
const end = { kind: "end", block: "b" } as const;
const part = (of: Part["kind"]): ModelPart => ({
  kind: "part",
  part: create(PartSchema, { kind: of }),
});

const textOf = (parts: readonly (ModelPart | Error)[]) =>
  parts.flatMap((one) => ("kind" in one && one.kind === "piece" ? [one.text] : [])).join("");

describe("a model without secrets", () => {
  it("says 200 secrets, cut anywhere, as their names", async () => {
    for (const { name: key, value: secret } of secrets) {
      const said = `a ${secret} b`;
      for (let at = 0; at <= said.length; at++) {
        const parts = await told([start, piece(said.slice(0, at)), piece(said.slice(at)), end]);
        assert.equal(textOf(parts), `a \${${key}} b`);
      }
    }
  });

  it("finds them in arguments, however the JSON spells them", async () => {
    const spelled = [
      JSON.stringify({ key: value }),
      JSON.stringify({ key: value }).replaceAll("/", "\\/"),
    ];
    for (const json of spelled) {
      for (let at = 0; at <= json.length; at++) {
        const parts = await told([call, piece(json.slice(0, at)), piece(json.slice(at)), end]);
        assert.equal(textOf(parts), `{"key":"${place}"}`);
      }
    }
    const plain = "plain-secret-0123456789";
    const other = createRedactor({ values: [{ name, value: plain }], patterns: [] });
    const hidden = `{"key":"${Array.from(plain, (c) => `\\u00${c.charCodeAt(0).toString(16)}`).join("")}"}`;
    for (let at = 0; at <= hidden.length; at++) {
      const play = [call, piece(hidden.slice(0, at)), piece(hidden.slice(at)), end];
      const model = redactModel(createPlayedModel([play]), () => other);
      const parts: ModelPart[] = [];
      for await (const one of model.stream(request, new AbortController().signal)) parts.push(one);
      assert.equal(textOf(parts), `{"key":"${place}"}`);
    }
  });

  it("tells all that is not secret as it came", async () => {
    const play: Play = [
      start,
      piece("hello "),
      piece("world"),
      { ...end, providerData: Uint8Array.of(1, 2) },
      { ...call, block: "c" },
      { ...piece('{"a":'), block: "c" },
      { ...piece('"b\\n"}'), block: "c" },
      { ...end, block: "c" },
      finish("stop"),
    ];
    const one = createRedactor({ values: [{ name, value }], patterns: [] });
    assert.deepEqual(await told(play, one), play);
  });

  it("hands on a block's whole text at its end, which says what the pieces left out", async () => {
    const whole = `so ${value} it is`;
    assert.deepEqual(await told([start, piece("so 0"), { ...end, text: whole }]), [
      start,
      piece("so "),
      { ...end, text: `so ${place} it is` },
    ]);
  });

  it("drops the signature of thinking that it changed, and what holds a secret itself", async () => {
    const providerData = Uint8Array.of(7);
    assert.deepEqual(await told([thinking, piece(value), { ...end, providerData }]), [
      thinking,
      piece(place),
      end,
    ]);
    assert.deepEqual(
      await told([start, piece("x"), { ...end, providerData: Buffer.from(`{"t":"${value}"}`) }]),
      [start, piece("x"), end],
    );
    assert.deepEqual(await told([start, piece(value), { ...end, providerData }]), [
      start,
      piece(place),
      { ...end, providerData },
    ]);
  });

  it("takes secrets out of parts that do not stream", async () => {
    const source = { sourceId: "s", url: `https://h/?k=${value}`, title: value };
    const json = JSON.stringify({ out: value });
    const [first, second] = await told([
      part({ case: "source", value: create(SourceSchema, source) }),
      part({ case: "opaque", value: create(OpaqueSchema, { data: Buffer.from(json) }) }),
    ]);
    const clean = { ...source, url: `https://h/?k=${place}`, title: place };
    assert.deepEqual(first, part({ case: "source", value: create(SourceSchema, clean) }));
    assert.ok(second && "kind" in second && second.kind === "part");
    const { kind } = second.part;
    assert.ok(kind.case === "opaque");
    assert.equal(Buffer.from(kind.value.data).toString(), `{"out":"${place}"}`);
  });

  it("shows what it held back when the call fails, and no secret in the failure", async () => {
    const failure = new ModelError("overloaded", `key ${value}`, { retryAfter: 5 });
    const parts = await told([start, piece(`so ${value.slice(0, 3)}`), failure]);
    assert.equal(textOf(parts), `so ${value.slice(0, 3)}`);
    const last = parts.at(-1);
    assert.ok(last instanceof ModelError);
    assert.deepEqual([last.kind, last.message, last.retryAfter], ["overloaded", `key ${place}`, 5]);
  });

  it("is told no secret by its system prompt", async () => {
    const inner = createPlayedModel([]);
    const model = redactModel(inner, () => redactor);
    for await (const _ of model.stream(request, new AbortController().signal));
    assert.equal(inner.requests[0]?.system, `be brief; ${place}`);
  });
});
