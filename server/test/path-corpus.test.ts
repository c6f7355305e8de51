import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { RuleAction } from "@daphnia/protocol/permission";
import { DaemonError } from "../src/base/errors.ts";
import { createJudge } from "../src/core/permission/judge.ts";
import { createRuleSet } from "../src/core/permission/rule-set.ts";
import { createRunContext } from "../src/core/tool/testing/run-context.ts";
import type { ClaimedCall, Place, Tool } from "../src/core/tool/tool.ts";
import { createFileTools } from "../src/plugins/files/file-tools.ts";
import { createPathTree, type PathTree } from "./path-tree.ts";

/** One line of the corpus: a model's words for a path, and what is to become of them. */
interface PathLine {
  readonly path: string;
  readonly cwd?: string;
  /** The real path that is claimed, where it is the same on every machine. */
  readonly at?: string;
  readonly read: string;
  readonly write: string;
  /** Set where the path is allowed and the file is refused all the same. */
  readonly refused?: boolean;
  readonly linux?: boolean;
  readonly why: string;
}

const isLinux = process.platform === "linux";
// The corpus is ours: its test would fail on any other shape.
const lines = readFileSync(join(import.meta.dirname, "corpora", "paths.jsonl"), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as PathLine)
  .filter(({ linux }) => isLinux || !linux);

describe("the path corpus", () => {
  let tree: PathTree;
  let untouched: ReadonlyMap<string, string>;
  before(async () => {
    tree = await createPathTree();
    untouched = tree.picture();
  });
  after(() => tree[Symbol.asyncDispose]());

  const meant = (text: string) =>
    text.replaceAll("{root}", tree.root).replaceAll("{base}", tree.base);

  const toolsNow = () => createFileTools({ sealed: [tree.store], closed: [tree.home] });

  /** Claims and judges one call, and tells what is wrong with that. */
  async function judged(tool: Tool, line: PathLine, given: Record<string, unknown>) {
    const place: Place = {
      ...{ sessionId: "s", roots: [tree.root, join(tree.base, "lib")], closed: [tree.home] },
      ...{ cwd: meant(line.cwd ?? tree.root), envPass: [], hasNetwork: false },
    };
    const wanted = tool.spec.readOnly ? line.read : line.write;
    const call = await tool.claim({ ...given, path: meant(line.path) }, place).catch(isInvalid);
    if (call === "invalid") {
      return { wrong: wanted === "invalid" ? undefined : "the claim is refused" };
    }
    const ground = { ...place, home: tree.home, temp: "/nowhere", isSandboxed: false };
    const judge = createJudge(createRuleSet("standard", []), ground);
    const { action } = judge(call.claims, tool.spec.name);
    const verdict = RuleAction[action].toLowerCase();
    const claimed = call.claims.flatMap((claim) => ("path" in claim ? [claim.path] : []));
    const [path = ""] = claimed;
    const at = isLinux && line.at ? meant(line.at) : path;
    if (verdict !== wanted) return { wrong: `${verdict}, not ${wanted}` };
    if (claimed.some((one) => one !== at)) return { wrong: `claims ${path}, not ${at}` };
    return { wrong: undefined, call, path, verdict };
  }

  /** Acts as if it were allowed, wherever that harms nobody; the words of the answer. */
  async function act(call: ClaimedCall, path: string): Promise<string> {
    if (relative(tree.base, path).startsWith("..")) return "";
    const { parts } = await call.run(createRunContext());
    return parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
  }

  const told = (tool: Tool, line: PathLine, wrong: string) =>
    `${tool.spec.name} ${JSON.stringify(line.path).slice(0, 100)}: ${wrong}; ${line.why}`;

  /** A line's call, where it was judged as it says; else what is wrong goes to `wrongs`. */
  async function callOf(tool: Tool, line: PathLine, given: object, wrongs: string[]) {
    const { wrong, ...found } = await judged(tool, line, { ...given });
    if (wrong !== undefined) wrongs.push(told(tool, line, wrong));
    return wrong === undefined && found.call !== undefined ? found : undefined;
  }

  /** What is wrong with what a reading tool showed. */
  async function tryReading(tool: Tool, line: PathLine, given: object, wrongs: string[]) {
    const found = await callOf(tool, line, given, wrongs);
    if (found === undefined) return;
    const { call, path } = found;
    const text = await act(call, path);
    // Each file says where it lies: all that is shown must lie where the claim says.
    for (const [, shown = ""] of text.matchAll(/I am (.*)/g)) {
      if (shown === path || shown.startsWith(`${path}/`)) continue;
      wrongs.push(told(tool, line, `shows ${shown}`));
    }
    const isRefused = tool.spec.name === "glob" || /belongs to the daemon/.test(text);
    if (line.refused && !isRefused) wrongs.push(told(tool, line, `answers ${text.slice(0, 80)}`));
  }

  /** Reads, changes, and tells what that changed on disk. */
  async function tryChanging(name: string, line: PathLine, given: object, wrongs: string[]) {
    const tools = toolsNow();
    const [tool, read] = [toolOf(tools, name), toolOf(tools, "read")];
    const found = await callOf(tool, line, given, wrongs);
    if (found === undefined) return [];
    const { call, path, verdict } = found;
    await callOf(read, line, {}, wrongs).then((reading) => reading && act(reading.call, path));
    await call.preview?.();
    // What is denied in every mode is refused once more by whoever would write it.
    const isDenied = verdict === "deny";
    await act(call, path);
    const changed = differences(untouched, tree.picture());
    const allowed = line.refused || isDenied ? [] : [path];
    const strange = changed.filter((one) => !allowed.includes(one));
    if (strange.length > 0) wrongs.push(told(tool, line, `changes ${strange.join(", ")}`));
    return changed;
  }

  it("has 200 lines at least", () => {
    assert.ok(lines.length >= 200, `it has ${lines.length}`);
  });

  for (const [name, given] of Object.entries({
    read: {},
    grep: { pattern: "I am" },
    glob: { pattern: "**/*" },
  })) {
    it(`judges what ${name} is asked for, and reads nothing but what was judged`, async () => {
      const tool = toolOf(toolsNow(), name);
      const wrongs: string[] = [];
      for (const line of lines) await tryReading(tool, line, given, wrongs);
      assert.deepEqual(wrongs, []);
      assert.deepEqual(tree.picture(), untouched);
    });
  }

  for (const [name, given] of Object.entries({
    write: { content: "written" },
    edit: { old_string: "I am", new_string: "edited" },
  })) {
    it(`judges what ${name} is asked for, and changes nothing but what was judged`, async () => {
      const wrongs: string[] = [];
      let changes = 0;
      for (const line of lines) {
        const changed = await tryChanging(name, line, given, wrongs);
        changes += changed.length;
        if (changed.length > 0) await tree.mend(changed);
      }
      assert.deepEqual(wrongs, []);
      assert.ok(changes > 20, `only ${changes} were changed`);
    });
  }
});

function isInvalid(error: unknown): "invalid" {
  if (error instanceof DaemonError && error.refusal === "invalid_argument") return "invalid";
  throw error;
}

function toolOf(tools: readonly Tool[], name: string): Tool {
  const tool = tools.find(({ spec }) => spec.name === name);
  if (tool === undefined) throw new Error(`there is no ${name}`);
  return tool;
}

function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path));
}
