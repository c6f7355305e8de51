import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { connect } from "../clients/sdk/src/node.ts";
import { infoOf } from "../clients/sdk/src/reasons.ts";
import { DaemonService } from "../gen/src/daphnia/v1/daemon_service_pb.js";
import { EventService } from "../gen/src/daphnia/v1/event_service_pb.js";
import {
  bufCurl,
  bufCurlStream,
  curlCall,
  urlOf,
  withoutCurl,
} from "../server/test/plain-tools.ts";
import { readWithCurl } from "../server/test/readers/readers.ts";

const run = promisify(execFile);
const repository = join(import.meta.dirname, "..");
const cli = join(repository, "clients/cli");

const looking = `
repeat = "from_start"
[[turn]]
  [[turn.step]]
    [[turn.step.call]]
    tool = "read"
    arguments = { path = "note.txt" }
    [[turn.step.call]]
    tool = "glob"
    arguments = { pattern = "*.txt" }
    [[turn.step.call]]
    tool = "grep"
    arguments = { pattern = "needle" }
  [[turn.step]]
  say = "{{result.0}} | {{result.1}} | {{result.2}}"
`;

/** What was built, as an installed package lies: beside what it declares and nothing else. */
interface Installed {
  readonly root: string;
  readonly dist: string;
  readonly bin: string;
  readonly declared: readonly string[];
}

async function install(): Promise<Installed> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "dph-")));
  const packages = join(root, "node_modules");
  const own = join(packages, "daphnia");
  const dist = join(own, "dist");
  await mkdir(own, { recursive: true });
  await run(process.execPath, [join(import.meta.dirname, "bundle.ts"), dist], { cwd: repository });
  for (const name of ["package.json", "bin"]) {
    await cp(join(cli, name), join(own, name), { recursive: true });
  }
  const { dependencies = {} }: { dependencies?: Record<string, string> } = JSON.parse(
    await readFile(join(own, "package.json"), "utf8"),
  );
  const declared = Object.keys(dependencies).sort();
  for (const name of declared) {
    await mkdir(dirname(join(packages, name)), { recursive: true });
    await symlink(join(repository, "node_modules", name), join(packages, name));
  }
  return { root, dist, bin: join(own, "bin", "daphnia.js"), declared };
}

/** Packages that the built files ask for when they run. */
async function importedBy(dist: string): Promise<readonly string[]> {
  // The banner makes a `require` of its own; without it a bundler knows what is asked of it.
  const bannerless: Plugin = {
    name: "bannerless",
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/ }, async ({ path }) => ({
        contents: (await readFile(path, "utf8")).replace(/^import \{ createRequire .*\n/m, ""),
      }));
    },
  };
  const { metafile } = await build({
    entryPoints: globSync(join(dist, "*.js")),
    outdir: dist,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
    plugins: [bannerless],
    logLevel: "error",
  });
  const names = Object.values(metafile.inputs)
    .flatMap(({ imports }) => imports)
    // What esbuild adds of its own is in angle brackets.
    .filter(({ external, path }) => external && !isBuiltin(path) && !path.startsWith("<"))
    .map(({ path }) => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path);
  return [...new Set(names)].sort();
}

describe("the bundle", { skip: withoutCurl }, () => {
  let installed: Installed;
  let child: ChildProcess;
  let home: string;
  let folder: string;
  let socket: string;
  /** Where it listens besides its socket. */
  let url: string;
  let took: number;

  before(async () => {
    installed = await install();
    home = join(installed.root, "home");
    folder = join(installed.root, "folder");
    socket = join(home, "run", "daphnia.sock");
    await mkdir(join(home, "scripts"), { recursive: true, mode: 0o700 });
    await mkdir(folder);
    await writeFile(join(home, "scripts", "looking.toml"), looking);
    await writeFile(join(folder, "note.txt"), "hay\na needle\nhay\n");
    const began = performance.now();
    child = spawn(process.execPath, [installed.bin, "daemon", "run", "--json"], {
      cwd: installed.root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: installed.root,
        DAPHNIA_HOME: home,
        DAPHNIA_TCP_PORT: "0",
      },
    });
    url = await untilReady(child);
    took = performance.now() - began;
  });
  after(async () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
    if (installed) await rm(installed.root, { recursive: true, force: true });
  });

  it("declares what it imports, and nothing else", async () => {
    assert.deepEqual(await importedBy(installed.dist), installed.declared);
  });

  it("serves", (test) => test.diagnostic(`it served after ${took.toFixed(0)} ms`));

  it("plays a turn that reads, globs and greps", async () => {
    const client = connect({ home });
    const { session } = await client.sessions.createSession({
      roots: [folder],
      model: "scripted/looking",
    });
    const sessionId = session?.id ?? "";
    const { text } = await client.sessions.ask({ sessionId, text: "look" });
    const [read = "", glob = "", grep = ""] = text.split(" | ");
    assert.match(read, /a needle/);
    assert.match(glob, /note\.txt/);
    assert.match(grep, /note\.txt/);
    assert.match(grep, /a needle/);
  });

  it("is called by POST and by GET, in JSON", async () => {
    for (const verb of ["POST", "GET"] as const) {
      const { pid } = await curlCall(socket, verb)(DaemonService.method.getInfo, {});
      assert.equal(pid, child.pid);
    }
  });

  it("is watched in JSON and in binary, and both tell the same", async () => {
    const { events } = await readWithCurl(socket, "");
    const told = [];
    const options = { after: "beginning", untilCaughtUp: true } as const;
    for await (const response of connect({ home }).watch(options)) told.push(...response.events);
    assert.deepEqual(told, events);
    assert.ok(told.some(({ body }) => body.case === "turnFinished"));
  });

  for (const protocol of ["connect", "grpc", "grpcweb"]) {
    it(`is called and watched over ${protocol}`, async () => {
      const chosen = ["--protocol", protocol];
      const { getInfo } = DaemonService.method;
      const info = await bufCurl(socket, ...chosen, "-d", "{}", urlOf(getInfo));
      assert.equal(JSON.parse(info).pid, child.pid);
      const asked = { beginning: true, untilCaughtUp: true };
      const told = await bufCurlStream(socket, EventService.method.watch, asked, ...chosen);
      const { events } = await readWithCurl(socket, "");
      assert.deepEqual(
        told.flatMap((response) => response.events),
        events,
      );
    });
  }

  it("says what is wrong with an ErrorInfo", async () => {
    const asked = connect({ home }).sessions.getSession({
      sessionId: "00000000-0000-7000-8000-000000000000",
    });
    await assert.rejects(asked, (error) => {
      assert.equal(infoOf(error)?.reason, "NOT_FOUND");
      return true;
    });
  });

  it("reads and answers what is compressed, where a network may be between", async () => {
    const [body, answer] = [join(installed.root, "body.gz"), join(installed.root, "answer.gz")];
    await writeFile(body, gzipSync("{}"));
    const token = await readFile(join(home, "run", "token"), "utf8");
    const fields = [
      ...["content-type: application/json", `authorization: Bearer ${token.trim()}`],
      ...["content-encoding: gzip", "accept-encoding: gzip"],
    ];
    const headers = fields.flatMap((field) => ["-H", field]);
    const sent = ["--data-binary", `@${body}`, "-D", "-", "-o", answer];
    const { stdout } = await run("curl", [
      ...["-sS", "--fail-with-body", ...headers, ...sent],
      `${url}/daphnia.v1.AgentService/ListTools`,
    ]);
    assert.match(stdout, /^content-encoding: gzip\r$/im);
    const { tools } = JSON.parse(gunzipSync(await readFile(answer)).toString());
    const names = tools.map(({ name }: { name: string }) => name);
    for (const name of ["read", "glob", "grep"]) assert.ok(names.includes(name), name);
  });

  it("serves the dashboard that lies beside it, packed", async () => {
    const page = await fetch(url);
    assert.equal(page.status, 200);
    const [script = ""] = /\/assets\/[^"]+\.js/.exec(await page.text()) ?? [];
    const loaded = await fetch(`${url}${script}`, { headers: { "accept-encoding": "br" } });
    assert.deepEqual(
      [loaded.status, loaded.headers.get("content-encoding"), loaded.headers.get("content-type")],
      [200, "br", "text/javascript; charset=utf-8"],
    );
    assert.ok((await loaded.text()).length > 10_000);
  });

  it("ends with 0 when it is told to stop", async () => {
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    assert.deepEqual(await gone, [0, null]);
  });
});

/** The URL where it serves; rejects with what it said when it ends before. */
async function untilReady(child: ChildProcess): Promise<string> {
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  const ready = new Promise<string>((resolve) =>
    child.stdout?.once("data", (line) => resolve(String(line))),
  );
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`it ended with ${code} before it served: ${said}`);
  });
  const { addresses }: { addresses: string[] } = JSON.parse(await Promise.race([ready, ended]));
  const address = addresses.find((one) => !one.includes("/"));
  assert.ok(address, addresses.join());
  return `http://${address}`;
}
