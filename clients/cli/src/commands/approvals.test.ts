import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect } from "@daphnia/client/node";
import { type Cli, createCli, type Running } from "../testing/cli-process.ts";

/** Reads a file outside the root, which asks; as often as it is told, a step each time. */
const reads = (path: string, times: number) => `
chunk = 0
[[turn]]
${`
[[turn.step]]
[[turn.step.call]]
tool = "read"
arguments = { path = ${JSON.stringify(path)} }
`.repeat(times)}
[[turn.step]]
say = "Got {{result.0}}"
`;

const asks = `
chunk = 0
[[turn]]
[[turn.step]]
[[turn.step.call]]
tool = "ask_user"
arguments = { questions = [{ question = "Where to?", options = [{ label = "Fly" }, { label = "Here" }] }, { question = "When?" }] }
[[turn.step]]
say = "Got {{result.0}}"
`;

describe("daphnia approvals", () => {
  let cli: Cli;
  before(async () => {
    cli = await createCli();
    const outside = join(cli.home, "../outside.txt");
    await writeFile(outside, "what lies outside\n");
    await cli.script("once", reads(outside, 1));
    await cli.script("twice", reads(outside, 2));
    await cli.script("asks", asks);
    await cli.agent("hasty", "tools: [read]\napproval_timeout: 300ms");
    await cli.run(["daemon", "start"]);
  });
  after(() => cli.remove());

  /** Asks, and waits until an approval waits; `id` is its whole id. */
  async function waiting(...args: string[]): Promise<{ asking: Running; id: string }> {
    const asking = cli.start(["ask", "--model", "scripted/once", ...args, "go"]);
    await asking.said("it waits for an answer: ");
    const { approvals } = await connect({ home: cli.home }).approvals.listApprovals({});
    return { asking, id: approvals.at(-1)?.id ?? "" };
  }
  const answer = (id: string, ...args: string[]) => cli.run(["approvals", "answer", id, ...args]);

  it("P1: allows once, named by the end of its id; ask says what waits and how to answer", async () => {
    const { asking, id } = await waiting();
    const { out } = await cli.run(["approvals"]);
    assert.match(out, /^APPROVAL +AGE +EXPIRES IN +SESSION +AGENT +TOOL +WHAT +RULE\n/);
    assert.match(
      out,
      /approval-\S+ +\d+ s +(29 min \d+ s|30 min 0 s) .*read .*outside\.txt +standard:/,
    );
    const { code, err } = await answer(id.slice(-6), "--once");
    assert.deepEqual([code, /^allowed once by you/.test(err)], [0, true]);
    const asked = await asking.ended;
    assert.deepEqual([asked.code, asked.out.includes("what lies outside")], [0, true], asked.err);
    assert.match(asked.err, /default wants to run read\n/);
    assert.match(asked.err, new RegExp(`approvals answer ${id}\n`));
    assert.match(asked.err, /· allowed once by owner · /);
    assert.deepEqual(JSON.parse((await cli.run(["approvals", "--json"])).out).approvals, []);
  });

  it("P1: denies with a reason that the model reads, and ask exits with 5", async () => {
    const { asking, id } = await waiting();
    assert.equal((await answer(id, "--deny", "--reason", "not that one")).code, 0);
    const { code, out, err } = await asking.ended;
    assert.deepEqual([code, /not that one/.test(out)], [5, true], err);
    assert.match(err, /what it last wanted to do was denied\n✓ completed/);
  });

  it("P1: allows for the session: what is just like it is not asked again", async () => {
    const { asking, id } = await waiting("--model", "scripted/twice");
    assert.equal((await answer(id, "--session")).code, 0);
    const { code, err } = await asking.ended;
    assert.deepEqual([code, err.match(/wants to run read/g)?.length], [0, 1], err);
    const next = await waiting(); // another session asks
    assert.equal((await answer(next.id, "--deny")).code, 0);
    await next.asking.ended;
  });

  it("P1: allows always, as the rule that it shows, until that is revoked", async () => {
    const { asking, id } = await waiting();
    assert.equal((await answer(id, "--always")).code, 0);
    const { err } = await asking.ended;
    assert.match(err, /always would add:\n +\{.*"action":"allow".*outside\.txt"/);
    const mode = async () => (await cli.run(["permissions", "mode"])).out;
    const [, rule = ""] = /outside\.txt +(always:\S+)/.exec(await mode()) ?? [];
    const again = await cli.run(["ask", "--model", "scripted/once", "go"]);
    assert.deepEqual([again.code, again.err.includes("wants to run")], [0, false], again.err);
    assert.equal((await cli.run(["permissions", "revoke", rule])).code, 0);
    assert.doesNotMatch(await mode(), /always:/);
    const next = await waiting();
    await answer(next.id, "--deny");
    await next.asking.ended;
    assert.notEqual((await cli.run(["permissions", "revoke", rule])).code, 0);
  });

  it("P2: is denied when nobody answers in time, and the turn goes on", async () => {
    const { code, err } = await cli.run([
      "ask",
      "--model",
      "scripted/once",
      "--agent",
      "hasty",
      "go",
    ]);
    assert.equal(code, 5, err);
    assert.match(err, /nobody answered in time: denied/);
  });

  it("P2: waits for nobody where the prompt says that nobody is there", async () => {
    const { code, err } = await cli.run(["ask", "--model", "scripted/once", "--unattended", "go"]);
    assert.deepEqual([code, err.includes("waits for an answer")], [5, false], err);
  });

  it("P3: of two answers at once one counts, and the other learns who was first", async () => {
    const { asking, id } = await waiting();
    const both = await Promise.all([answer(id, "--once"), answer(id, "--deny")]);
    const codes = both.map(({ code }) => code);
    assert.deepEqual(codes.toSorted(), [0, 1]);
    const [late] = both.filter(({ code }) => code === 1);
    assert.match(late?.err ?? "", /owner was first: (allow once|deny)/);
    await asking.ended;
  });

  it("shows each as it comes and how it is answered, over a restart of the daemon", async () => {
    const watching = cli.start(["approvals", "watch"]);
    await watching.said("nothing waits");
    const { asking, id } = await waiting();
    await watching.said(`approvals answer ${id}`);
    await cli.run(["daemon", "restart"]);
    await watching.said("connected again");
    assert.equal((await answer(id, "--once")).code, 0);
    await watching.said("allowed once by owner");
    watching.child.kill("SIGINT");
    const { code, out } = await watching.ended;
    assert.equal(code, 130);
    assert.match(out, /^default wants to run read\n/);
    assert.equal((await asking.ended).code, 0);
  });

  it("takes an answer to each question", async () => {
    const { asking, id } = await waiting("--model", "scripted/asks");
    const lone = await answer(id, "--answer", "2");
    assert.deepEqual([lone.code, /2 questions and 1 answers/.test(lone.err)], [2, true]);
    assert.equal((await answer(id, "--answer", "2", "--answer", "next week")).code, 0);
    const { code, out, err } = await asking.ended;
    assert.deepEqual([code, /Here/.test(out), /next week/.test(out)], [0, true, true], err);
    assert.match(
      err,
      /default asks\n.*\n {2}Where to\?\n {4}1 {2}Fly\n {4}2 {2}Here\n {2}When\?\n/,
    );
  });

  it("says what may be chosen where nobody can be asked", async () => {
    const { asking, id } = await waiting();
    const mistakes: readonly (readonly [readonly [string, ...string[]], number, RegExp])[] = [
      [[id], 2, /nobody is at this terminal.*\n.*--once, --session, --always, --deny/],
      [[id, "--once", "--reason", "x"], 2, /a reason goes with --deny/],
      [[id, "--once", "--deny"], 2, /cannot be used with/],
      [["approval-none"], 1, /no approval "approval-none" waits/],
    ];
    for (const [args, expected, says] of mistakes) {
      const { code, err } = await answer(...args);
      assert.deepEqual([args, code, says.test(err)], [args, expected, true], err);
    }
    await answer(id, "--deny");
    await asking.ended;
  });
});
