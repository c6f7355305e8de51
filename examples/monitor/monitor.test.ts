import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import {
  type ComponentProcess,
  createComponentProcess,
  type Serving,
} from "../../clients/component-kit/src/testing/component-process.ts";
import { until } from "../../clients/component-kit/src/testing/until.ts";
import { summarize } from "./summarize.ts";

interface Told {
  readonly last: number;
  readonly changes: readonly {
    readonly id: number;
    readonly time: string;
    readonly target: string;
    readonly summary: string;
  }[];
  readonly watched: readonly { readonly target: string; readonly problem?: string }[];
}

describe("monitor", () => {
  let component: ComponentProcess;
  let serving: Serving;
  let file: string;
  let server: Server;
  let page: string;
  let body: string;
  let asked: (string | undefined)[];

  beforeEach(async () => {
    component = createComponentProcess("monitor", join(import.meta.dirname, "main.ts"));
    serving = await component.serve();
    file = join(component.home, "../watched.txt");
    writeFileSync(file, "one\ntwo\nthree\n");
    [body, asked] = ["red\n", []];
    server = createServer((request, response) => {
      const known = request.headers["if-none-match"];
      asked.push(known);
      const etag = `"${body.length}"`;
      if (known === etag) response.writeHead(304, { etag }).end();
      else response.writeHead(body === "" ? 500 : 200, { etag }).end(body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`; // it listens on TCP
  });
  afterEach(async () => {
    await component.remove();
    server.close();
    server.closeAllConnections();
  });

  async function call(name: string, args: Record<string, unknown> = {}) {
    const client = await component.connect();
    const { content, isError = false } = await client.callTool({ name, arguments: args });
    await client.close();
    const [first] = content;
    return { text: first?.type === "text" ? first.text : "", isError };
  }
  const changes = async (since = 0): Promise<Told> =>
    JSON.parse((await call("changes", { since })).text); // what the tool promises
  const toldOf = async (since = 0) =>
    (await changes(since)).changes.map(({ target, summary }) => `${target} ${summary}`);

  it("tells what changed in a file, from a place on", async () => {
    assert.equal((await call("watch", { target: file, every: 1 })).isError, false);
    assert.deepEqual((await changes()).changes, []);
    writeFileSync(file, "one\n2\nthree\n");
    await until(async () => (await changes()).last === 1);
    writeFileSync(file, "one\n2\nthree\nfour\n");
    await until(async () => (await changes()).last === 2);
    assert.deepEqual(await toldOf(), [
      `${file} @@ -2,1 +2,1 @@\n-two\n+2`,
      `${file} @@ -4,0 +4,1 @@\n+four`,
    ]);
    assert.deepEqual(
      (await changes(1)).changes.map(({ id }) => id),
      [2],
    );
  });

  it("tells once that a file is gone, and what it says when it is back", async () => {
    await call("watch", { target: file, every: 1 });
    rmSync(file);
    await until(async () => (await changes()).last === 1);
    const gone = await changes();
    assert.match(gone.changes[0]?.summary ?? "", /^cannot be read: ENOENT/);
    assert.match(gone.watched[0]?.problem ?? "", /^ENOENT/);
    writeFileSync(file, "new\n");
    await until(async () => (await changes()).last === 2);
    const [, back] = await toldOf();
    assert.equal(back, `${file} @@ -1,3 +1,1 @@\n-one\n-two\n-three\n+new`);
    assert.equal((await changes()).watched[0]?.problem, undefined);
  });

  it("asks a page for what is new, and no more than that", async () => {
    await call("watch", { target: page, every: 1 });
    await until(() => asked.length >= 2);
    assert.deepEqual(asked.slice(0, 2), [undefined, '"4"']);
    body = "green\n";
    await until(async () => (await changes()).last === 1);
    body = "";
    await until(async () => (await changes()).last === 2);
    assert.deepEqual(await toldOf(), [
      `${page} @@ -1,1 +1,1 @@\n-red\n+green`,
      `${page} cannot be read: answered 500`,
    ]);
  });

  it("goes on where it was when it is started again", async () => {
    await call("watch", { target: file, every: 1 });
    serving.child.kill("SIGKILL");
    await serving.ended;
    writeFileSync(file, "one\ntwo\n");
    await component.serve();
    await until(async () => (await changes()).last === 1);
    assert.deepEqual(await toldOf(), [`${file} @@ -3,1 +3,0 @@\n-three`]);
    const state = JSON.parse(
      readFileSync(join(component.home, "components/monitor/state.json"), "utf8"),
    );
    assert.equal(state.last, 1);
  });

  it("looks no more at what is left", async () => {
    await call("watch", { target: page, every: 1 });
    assert.equal((await call("unwatch", { target: page })).text, `${page} is not watched`);
    assert.equal((await call("unwatch", { target: page })).text, `${page} was not watched`);
    const before = asked.length;
    await call("watch", { target: file, every: 1 });
    writeFileSync(file, "x");
    await until(async () => (await changes()).last === 1); // a second has gone by
    assert.equal(asked.length, before);
    assert.deepEqual(
      (await changes()).watched.map(({ target }) => target),
      [file],
    );
  });

  it("watches nothing that it cannot or must not look at", async () => {
    const link = join(component.home, "../link");
    symlinkSync(component.portFile, link);
    for (const [target, why] of [
      ["relative.txt", /absolute path/],
      ["file:///etc/hosts", /absolute path/],
      ["/no/such/file", /ENOENT/],
      ["/dev/zero", /no file/],
      [component.home, /no file/],
      [component.portFile, /daemon's own/],
      [link, /daemon's own/],
      [`${page.slice(0, -1)}0/`, /./],
    ] as const) {
      const { text, isError } = await call("watch", { target });
      assert.equal(isError, true, target);
      assert.match(text, why);
    }
    assert.equal((await call("watch", { target: file, every: 0 })).isError, true);
    assert.deepEqual((await changes()).watched, []);
  });
});

describe("a summary of monitor", () => {
  const cases: readonly [string, string, string, string][] = [
    ["a line in the middle", "a\nb\nc", "a\nx\nc", "@@ -2,1 +2,1 @@\n-b\n+x"],
    ["a line twice", "a\na", "a\na\na", "@@ -3,0 +3,1 @@\n+a"],
    ["everything gone", "a", "", "@@ -1,1 +1,1 @@\n-a\n+"],
    ["the first line", "a\nb", "b", "@@ -1,1 +1,0 @@\n-a"],
  ];
  for (const [what, before, after, summary] of cases) {
    it(`shows ${what}`, () => {
      assert.equal(summarize(before, after), summary);
    });
  }

  it("is short, however much changed", () => {
    const many = Array.from({ length: 1000 }, (_, at) => `${at}${"x".repeat(500)}`).join("\n");
    const summary = summarize("", many);
    assert.ok(summary.length < 5000);
    assert.match(summary, /\+ and 980 more lines$/);
  });
});
