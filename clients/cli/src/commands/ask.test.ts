import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect } from "@daphnia/client/node";
import { type Cli, createCli } from "../testing/cli-process.ts";

const echo = '[[turn]]\n[[turn.step]]\nsay = "You said: {{prompt}}"\n';
const fails = '[[turn]]\n[[turn.step]]\nfail = { kind = "refused", message = "not that" }\n';
const looks = `
[[turn]]
[[turn.step]]
think = "I look."
say = "Looking \\u001b[2J"
[[turn.step.call]]
tool = "glob"
arguments = { pattern = "*.md" }
[[turn.step]]
say = "Found {{result.0}}"
`;

const said = "slowly, one piece after the other";
const paced = `pace_ms = 30\nchunk = 4\n[[turn]]\n[[turn.step]]\nsay = "${said}"\n`;

describe("daphnia ask", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
    await cli.script("echo", echo);
    await cli.script("fails", fails);
    await cli.script("paced", paced);
    await cli.script("looks", looks);
    await writeFile(join(cli.folder, "notes.md"), "a note\n");
  });
  after(() => cli.remove());

  it("exits with 3 where no daemon runs and none may be started", async () => {
    const { code, out, err } = await cli.run(["ask", "--no-start", "hi"]);
    assert.deepEqual([code, out], [3, ""]);
    assert.match(err, /no daemon serves .*\n.*daemon start/);
  });

  it("starts a daemon, says so once, and works in the current folder", async () => {
    const args = ["ask", "--model", "scripted/looks", "look"];
    const first = await cli.run(args);
    assert.deepEqual([first.code, first.out], [0, "Looking \\x1b[2J\n\nFound notes.md\n"]);
    assert.match(first.err, /daemon started, pid \d+; it stays. Stop it with: .*daemon stop\n/);
    assert.match(
      first.err,
      /scripted\/looks · session-\w+\nI look\.\n {2}✓ glob pattern=\*\.md \d+ ms\n/,
    );
    assert.match(
      first.err,
      /✓ completed · scripted\/looks · 2 steps · \d+ tokens in, \d+ out · cost unknown/,
    );
    const second = await cli.run(args);
    assert.doesNotMatch(second.err, /daemon started/);
    const { client } = { client: connect({ home: cli.home }) };
    const { sessions } = await client.sessions.listSessions({ agent: "default" });
    assert.deepEqual(
      sessions.map(({ agent, roots, cwd }) => ({ agent, roots, cwd })),
      [0, 1].map(() => ({ agent: "default", roots: [cli.folder], cwd: cli.folder })),
    );
  });

  it("puts together words, files and what is piped in", async () => {
    await writeFile(join(cli.folder, "part.txt"), "from a file");
    const args = ["ask", "--model", "scripted/echo", "--file", "part.txt", "some", "words"];
    const { out } = await cli.run(args, { input: "piped" });
    assert.equal(out, "You said: some words\n\nfrom a file\n\npiped\n");
  });

  it("attaches a file as a blob", async () => {
    await writeFile(join(cli.folder, "dot.png"), Buffer.from([137, 80, 78, 71]));
    const args = ["ask", "--model", "scripted/echo", "--attach", "dot.png", "--json", "see"];
    const { sessionId } = JSON.parse((await cli.run(args)).out);
    const { entries } = await connect({ home: cli.home }).sessions.getTranscript({ sessionId });
    const kind = entries[0]?.message?.parts[1]?.kind;
    assert.ok(kind?.case === "blob");
    const { name, mediaType, size } = kind.value;
    assert.deepEqual([name, mediaType, size], ["dot.png", "image/png", 4n]);
  });

  it("continues the folder's last session, or the one that is named", async () => {
    const asked = async (...args: string[]) =>
      JSON.parse((await cli.run(["ask", "--json", "--model", "scripted/echo", ...args])).out);
    const first = await asked("one");
    const second = await asked("-c", "two");
    const third = await asked("--session", first.sessionId, "three");
    assert.deepEqual([second.sessionId, third.sessionId], [first.sessionId, first.sessionId]);
    const other = join(cli.folder, "other");
    await mkdir(other);
    const { code, err } = await cli.run(["ask", "-c", "hi"], { cwd: other });
    assert.equal(code, 2);
    assert.match(err, /there is no session in .*other to continue/);
  });

  it("answers one JSON document, or a line for each event and the answer last", async () => {
    const args = ["ask", "--model", "scripted/echo", "--json", "hi"];
    const one = JSON.parse((await cli.run(args)).out);
    assert.deepEqual(
      [one.text, one.outcome, one.model],
      ["You said: hi", "TURN_OUTCOME_COMPLETED", "scripted/echo"],
    );
    const paced = await cli.run(["ask", "--model", "scripted/paced", "--json", "--stream", "hi"]);
    const lines = paced.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const deltas = lines.flatMap(({ delta }) => delta?.text ?? []).join("");
    assert.equal(lines.at(-1).answer.text, said);
    assert.ok(deltas !== "" && said.startsWith(deltas), deltas);
    assert.ok(lines.some(({ event }) => event?.turnFinished));
  });

  it("refuses the whole disk and the whole home as a root, unless it is named", async () => {
    const ask = ["ask", "--model", "scripted/echo", "hi"];
    const disk = await cli.run(ask, { cwd: "/" });
    assert.deepEqual([disk.code, /would be \/\n.*--root/.test(disk.err)], [2, true]);
    const home = dirname(cli.folder); // the tests' HOME
    assert.equal((await cli.run(ask, { cwd: home })).code, 2);
    assert.equal((await cli.run([...ask, "--root", home], { cwd: home })).code, 0);
  });

  it("exits with 1 when the turn failed, and says why", async () => {
    const { code, err } = await cli.run(["ask", "--model", "scripted/fails", "hi"]);
    assert.equal(code, 1);
    assert.match(err, /refused: not that\n✗ failed/);
  });

  it("names the variables where no key is set, and leaves no session behind", async () => {
    const count = async () =>
      JSON.parse((await cli.run(["sessions", "--json"])).out).sessions.length;
    const before = await count();
    const { code, err } = await cli.run(["ask", "hi"]);
    assert.equal(code, 1);
    assert.match(err, /set one of ANTHROPIC_API_KEY, .*daphnia demo/);
    assert.equal(await count(), before);
  });

  it("offers a restart to a command line that is newer than the daemon", async () => {
    const environment = { DAPHNIA_BUNDLED_VERSION: "99.0.0" };
    const { code, err } = await cli.run(["ask", "--model", "scripted/echo", "hi"], { environment });
    assert.equal(code, 0);
    assert.match(
      err,
      /daemon is version \d+\.\d+\.\d+, this command line 99\.0\.0; .*daemon restart/,
    );
  });

  it("answers mistakes with what was expected", async () => {
    const mistakes = [
      [["ask"], 2, /nothing to say/],
      [["ask", "--agent", "defalt", "hi"], 1, /did you mean "default"/],
      [["ask", "--model", "scriptid/x", "hi"], 2, /did you mean scripted/],
      [["ask", "--tiemout", "3", "hi"], 2, /Did you mean --timeout/],
      [["aks", "hi"], 2, /did you mean ask/],
      [["ask", "--session", "session-none", "hi"], 1, /session "session-none" does not exist/],
      [["ask", "--attach", "nothing.png", "hi"], 2, /nothing\.png cannot be read/],
    ] as const;
    for (const [args, expected, says] of mistakes) {
      const { code, out, err } = await cli.run(args);
      assert.deepEqual([args, code, out], [args, expected, ""]);
      assert.match(err, says);
      assert.doesNotMatch(err, /\n\s+at /);
    }
  });
});
