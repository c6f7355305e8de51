import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cli, createCli } from "../../cli/src/testing/cli-process.ts";
import { readPortFile } from "./port-file.ts";
import { until } from "./testing/until.ts";

const sample = join(import.meta.dirname, "testing/sample.ts");

/** The parts of `daphnia ps --json` that are looked at. */
interface Row {
  readonly name: string;
  readonly state: string;
  readonly pid?: number;
  readonly version?: string;
}

/** Scenario C5. */
describe("a component beside a daemon", () => {
  let cli: Cli;
  let environment: Record<string, string>;

  before(async () => {
    cli = await createCli();
    environment = { PATH: [cli.folder, process.env["PATH"]].join(delimiter) };
    const program = join(cli.folder, "daphnia-sample");
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${sample}" "$@"\n`);
    await chmod(program, 0o755);
    const started = await run("daemon", "start");
    assert.equal(started.code, 0, started.err);
  });
  after(async () => {
    await run("sample", "stop");
    await cli.remove();
  });

  const run = (...args: readonly string[]) => cli.run(args, { environment });
  const file = () => readPortFile(join(cli.home, "run/sample.port"));
  const stateOf = async (): Promise<Row | undefined> => {
    const { components }: { components: Row[] } = JSON.parse((await run("ps", "--json")).out);
    return components.find(({ name }) => name === "sample");
  };
  const greet = () => run("component", "call", "sample", "greet", '{"name": "Ada"}');

  it("is started by its name, used, followed to another port, and gone when stopped", async () => {
    const started = await run("sample", "start");
    assert.match(started.out, /^sample runs: pid \d+, port \d+/);
    await until(async () => (await stateOf())?.state === "COMPONENT_STATE_UP");
    const first = file();
    const shown = await stateOf();
    assert.deepEqual([shown?.pid, shown?.version], [first?.pid, "1.2.3"]);
    assert.deepEqual(await greet(), { code: 0, out: "Hello, Ada!\n", err: "" });
    assert.match((await run("component", "logs", "sample")).out, /serves/);

    process.kill(first?.pid ?? 0, "SIGKILL");
    await until(async () => (await stateOf())?.state !== "COMPONENT_STATE_UP");
    assert.notEqual((await greet()).code, 0);
    await run("sample", "start");
    assert.notEqual(file()?.port, first?.port);
    await until(async () => (await stateOf())?.pid === file()?.pid);
    assert.equal((await greet()).out, "Hello, Ada!\n");

    assert.equal((await run("sample", "stop", "--uninstall")).code, 0);
    await until(async () => (await stateOf()) === undefined);
  });
});
