import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createFileTools } from "./file-tools.ts";
import { createTemporaryPlace } from "./testing/temporary-place.ts";

describe("createFileTools", () => {
  it("offers three tools that only read and two that change, with schemas that refuse unknown arguments", () => {
    const tools = createFileTools().map(({ spec, effect }) => {
      const { type, additionalProperties, required } = JSON.parse(spec.parameters);
      return [spec.name, effect, spec.readOnly, type, additionalProperties, required];
    });
    assert.deepEqual(tools, [
      ["read", "read_only", true, "object", false, ["path"]],
      ["write", "idempotent", false, "object", false, ["path", "content"]],
      ["edit", "unsafe", false, "object", false, ["path", "old_string", "new_string"]],
      ["glob", "read_only", true, "object", false, ["pattern"]],
      ["grep", "read_only", true, "object", false, ["pattern"]],
    ]);
  });

  it("searches no folder that is closed, however its name is written", async () => {
    await using here = await createTemporaryPlace();
    await here.write("root/open/note.txt", "needle");
    await here.write("root/a [closed]!/secret.txt", "needle");
    const closed = [join(here.root, "a [closed]!")];
    const tools = createFileTools({ closed });
    const [glob, grep] = ["glob", "grep"].map((name) =>
      tools.find((one) => one.spec.name === name),
    );
    assert.ok(glob && grep);
    const listed = await here.call(glob, { pattern: "**/*.txt" });
    const searched = await here.call(grep, { pattern: "needle", files_only: true });
    assert.deepEqual([listed.text, searched.text.trim()], ["open/note.txt", "open/note.txt"]);
  });
});
