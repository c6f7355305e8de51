import assert from "node:assert/strict";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AgentSchema } from "@daphnia/protocol/agent";
import { type AgentFiles, createAgentFiles } from "./agent-files.ts";
import { tellMistake } from "./mistake.ts";

describe("the agents' files", () => {
  let root: string;
  let folder: string;
  let files: AgentFiles;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "daphnia-agents-"));
    folder = join(root, "agents");
    files = createAgentFiles(folder, "agents");
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const put = async (name: string, text: string | Uint8Array) => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), text);
  };
  const summary = async () =>
    (await files.read()).map(({ name, agent, mistakes }) => [
      name,
      agent?.instructions ?? mistakes.map(tellMistake).join(),
    ]);

  it("are none without a folder", async () => {
    assert.deepEqual(await files.read(), []);
  });

  it("are the Markdown files of the folder, by name", async () => {
    await put("b.md", "B");
    await put("a.md", "A");
    await put("notes.txt", "no agent");
    await put(".hidden.md", "no agent");
    assert.deepEqual(await summary(), [
      ["a", "A"],
      ["b", "B"],
    ]);
  });

  it("tell what is wrong with each, and leave the others", async () => {
    await put("a.md", "A");
    await put("Upper.md", "x");
    await put("latin.md", Uint8Array.of(0x48, 0xe9, 0x0a));
    await put("large.md", "x".repeat(512 * 1024 + 1));
    await mkdir(join(folder, "folder.md"));
    assert.deepEqual(await summary(), [
      [
        "Upper",
        "agents/Upper.md: an agent's name is 1 to 63 of a-z 0-9 . _ - starting with a letter or digit, so is its file's",
      ],
      ["a", "A"],
      ["folder", "agents/folder.md: is no file"],
      ["large", "agents/large.md: is 524289 bytes, at most 524288 are read"],
      ["latin", "agents/latin.md: is not UTF-8"],
    ]);
  });

  it("have an etag that changes with every byte", async () => {
    await put("a.md", "A");
    const [first] = await files.read();
    await put("a.md", "A ");
    const [second] = await files.read();
    await put("a.md", "A");
    const [third] = await files.read();
    assert.notEqual(first?.etag, second?.etag);
    assert.equal(first?.etag, third?.etag);
  });

  it("are written whole, private, and read again", async () => {
    await mkdir(folder);
    const agent = create(AgentSchema, { name: "a", instructions: "A", tools: ["*"] });
    const written = await files.write(agent);
    assert.deepEqual(await files.read(), [written]);
    assert.deepEqual(written.agent, { ...agent, origin: "agents/a.md" });
    assert.equal((await stat(join(folder, "a.md"))).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(folder), ["a.md"]);
  });

  it("leave nothing behind when they cannot be written", async (t) => {
    if (process.getuid?.() === 0) return t.skip("root may write everywhere");
    await put("a.md", "A");
    await chmod(folder, 0o500);
    const agent = create(AgentSchema, { name: "a", instructions: "B" });
    await assert.rejects(files.write(agent), { code: "EACCES" });
    await chmod(folder, 0o700);
    assert.deepEqual(await readdir(folder), ["a.md"]);
    assert.equal(await readFile(join(folder, "a.md"), "utf8"), "A");
  });

  it("are not written when they could not be read again", async () => {
    await put("a.md", "A");
    const large = create(AgentSchema, { name: "a", instructions: "x".repeat(512 * 1024) });
    await assert.rejects(files.write(large), {
      message: "agent: must fit into 524288 bytes as a file, got 524298",
    });
    const odd = create(AgentSchema, { name: "a", instructions: "x", model: "no slash" });
    await assert.rejects(files.write(odd), { message: /^agent: agents\/a\.md:2: model: must be / });
    assert.equal(await readFile(join(folder, "a.md"), "utf8"), "A");
  });

  it("are written through a link", async () => {
    await mkdir(folder);
    await writeFile(join(root, "kept.md"), "A");
    await symlink(join(root, "kept.md"), join(folder, "a.md"));
    await files.write(create(AgentSchema, { name: "a", instructions: "B" }));
    assert.ok((await lstat(join(folder, "a.md"))).isSymbolicLink());
    assert.match(await readFile(join(root, "kept.md"), "utf8"), /\nB\n$/);
  });

  it("are removed, also when they are gone already", async () => {
    await put("a.md", "A");
    await files.remove("a");
    await files.remove("a");
    assert.deepEqual(await files.read(), []);
  });
});
