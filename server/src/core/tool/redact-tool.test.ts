import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import { ToolSchema } from "@daphnia/protocol/tool";
import { invalidField } from "../../base/errors.ts";
import { createRedactor } from "../../base/redact.ts";
import { redactTool } from "./redact-tool.ts";
import { createRunContext } from "./testing/run-context.ts";
import type { ClaimedCall, Place, Tool } from "./tool.ts";

const secrets = Array.from({ length: 200 }, (_, i) => ({
  name: `KEY_${i}`,
  value: `${(i * 7919).toString(36)}_"Ünsaid-${(i * 104729).toString(36)}/${i}`,
}));
const redactor = createRedactor({ values: secrets, patterns: [] });
const place: Place = {
  ...{ sessionId: "s", roots: [], closed: [], cwd: "/", envPass: [], hasNetwork: false },
};

/** A tool whose call is this. */
function toolOf(call: Partial<ClaimedCall>): Tool {
  const silent = async () => ({ parts: [], isError: false });
  const tool: Tool = {
    spec: create(ToolSchema, { name: "t" }),
    effect: "unsafe",
    claim: async () => ({ claims: [], run: silent, ...call }),
  };
  return redactTool(tool, () => redactor);
}

const text = (value: string) => create(PartSchema, { kind: { case: "text", value } });

describe("a tool without secrets", () => {
  it("prints 200 secrets, cut at every byte, as their names", async () => {
    for (const { name, value } of secrets) {
      const bytes = Buffer.from(`a ${value} b`);
      for (let at = 0; at <= bytes.length; at++) {
        const call = await toolOf({
          async run({ print }) {
            await print(bytes.subarray(0, at));
            await print(bytes.subarray(at));
            return { parts: [text(value)], isError: false };
          },
        }).claim({}, place);
        const context = createRunContext();
        const { parts } = await call.run(context);
        const printed = Buffer.concat(context.printed).toString();
        assert.equal(printed, `a \${${name}} b`);
        assert.deepEqual(parts, [text(`\${${name}}`)]);
      }
    }
  });

  it("tells the call what is shown of what it prints, to the end, and shows that once", async () => {
    for (const { name, value } of secrets.slice(0, 20)) {
      const shown: Uint8Array[] = [];
      const call = await toolOf({
        async run({ print, endPrint }) {
          shown.push(await print(Buffer.from(`a ${value} b ${value.slice(0, 5)}`)));
          shown.push(await endPrint());
          return { parts: [], isError: false };
        },
      }).claim({}, place);
      const context = createRunContext();
      await call.run(context);
      const whole = `a \${${name}} b ${value.slice(0, 5)}`;
      assert.equal(Buffer.concat(shown).toString(), whole);
      assert.equal(Buffer.concat(context.printed).toString(), whole);
    }
  });

  const [{ name, value } = { name: "", value: "" }] = secrets;

  it("shows no secret in a preview, a diff or an error, and keeps none in what it changed", async () => {
    const change = { path: "/f", after: "00", mode: 0o644 };
    const before = Buffer.from(`x=${value}`);
    const call = await toolOf({
      preview: async () => `-${value}`,
      run: async () => ({
        parts: [],
        isError: false,
        changes: [
          { ...change, before, diff: `-${value}\n` },
          { ...change, before: Buffer.from("plain"), diff: "-plain\n" },
        ],
      }),
    }).claim({}, place);
    assert.equal(await call.preview?.(), `-\${${name}}`);
    const { changes } = await call.run(createRunContext());
    assert.deepEqual(changes, [
      {
        ...change,
        before: undefined,
        notKept: "what it held has a secret in it",
        diff: `-\${${name}}\n`,
      },
      { ...change, before: Buffer.from("plain"), diff: "-plain\n" },
    ]);
  });

  it("fails without the secret, and stays what sort of failure it was", async () => {
    const failing = await toolOf({ run: () => Promise.reject(new Error(`no ${value}`)) }).claim(
      {},
      place,
    );
    await assert.rejects(failing.run(createRunContext()), { message: `no \${${name}}` });
    const strict: Tool = {
      ...toolOf({}),
      claim: () => Promise.reject(invalidField("path", `no ${value}`)),
    };
    await assert.rejects(redactTool(strict, () => redactor).claim({}, place), {
      refusal: "invalid_argument",
      message: `path: no \${${name}}`,
    });
  });

  it("rejects a canceled call with its own reason", async () => {
    const stop = new AbortController();
    const reason = new Error(value);
    const call = await toolOf({
      async run({ signal }) {
        stop.abort(reason);
        signal.throwIfAborted();
        return { parts: [], isError: false };
      },
    }).claim({}, place);
    await assert.rejects(call.run(createRunContext({ signal: stop.signal })), reason);
  });
});
