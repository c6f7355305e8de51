import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type ComponentProcess, createComponentProcess } from "./testing/component-process.ts";

const sample = join(import.meta.dirname, "testing/sample.ts");

describe("the port file of a component", () => {
  let component: ComponentProcess;
  beforeEach(() => {
    component = createComponentProcess("sample", sample);
    mkdirSync(join(component.home, "run"), { recursive: true });
  });
  afterEach(() => component.remove());

  const file = (pid: number, port = 1) =>
    JSON.stringify({ port, pid, token: "t", name: "sample", version: "1", protocol: "1" });

  it("keeps a second instance from starting while the first lives", async () => {
    const { file: first } = await component.serve();
    const second = await component.command("run");
    assert.equal(second.code, 4);
    assert.match(second.err, new RegExp(`runs already, as process ${first.pid}`));
    assert.deepEqual(component.read(), first);
  });

  const gone = spawnSync("true").pid;
  for (const before of ["nothing", "a stale file"]) {
    it(`is one, whoever of many that start at once is first, where there was ${before}`, async () => {
      if (before !== "nothing") writeFileSync(component.portFile, file(gone));
      const many = Array.from({ length: 4 }, () => component.command("run"));
      const left = new Set(many.map((one) => one.then(({ code }) => code)));
      const codes: (number | null)[] = [];
      while (codes.length < 3) {
        const done = await Promise.race([...left].map(async (one) => ({ one, code: await one })));
        left.delete(done.one);
        codes.push(done.code);
      }
      assert.deepEqual(codes, [4, 4, 4]);
      assert.deepEqual(readdirSync(join(component.home, "run")), ["sample.port"]);
      process.kill(component.read().pid, "SIGTERM");
      assert.deepEqual(await Promise.all(left), [0]);
    });
  }

  const stale = {
    "of a process that is gone": file(gone),
    "of a process that is somebody else's by now": file(process.pid),
    "of an older kind": "4711\n",
    "that was cut off": file(gone).slice(0, 20),
    "that is empty": "",
  };
  for (const [what, text] of Object.entries(stale)) {
    it(`takes the place of one ${what}`, async () => {
      writeFileSync(component.portFile, text);
      const { file: own, child, ended } = await component.serve();
      assert.equal(own.pid, child.pid);
      child.kill("SIGTERM");
      assert.equal((await ended).code, 0);
      assert.deepEqual(readdirSync(join(component.home, "run")), []);
    });
  }

  it("is left alone at the end when it is another's by then", async () => {
    const { child, ended } = await component.serve();
    writeFileSync(component.portFile, file(1));
    child.kill("SIGTERM");
    await ended;
    assert.equal(readFileSync(component.portFile, "utf8"), file(1));
  });

  it("goes even when an error ends the process, and not when a kill does", async () => {
    const crashing = createComponentProcess(
      "sample",
      join(import.meta.dirname, "testing/crashing-sample.ts"),
    );
    try {
      const { file: own, ended } = await crashing.serve();
      await fetch(`http://127.0.0.1:${own.port}/mcp`, { method: "POST" }); // it is up
      const client = await crashing.connect();
      await assert.rejects(client.callTool({ name: "crash" }));
      const { code, err } = await ended;
      assert.equal(code, 1);
      assert.match(err, /crashed on purpose/);
      assert.deepEqual(readdirSync(join(crashing.home, "run")), []);
    } finally {
      await crashing.remove();
    }
    const { child, ended, file: own } = await component.serve();
    child.kill("SIGKILL");
    await ended;
    assert.deepEqual(component.read(), own);
    const again = await component.serve();
    assert.notEqual(again.file.token, own.token);
  });
});
