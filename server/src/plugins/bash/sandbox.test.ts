import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createRunContext } from "../../core/tool/testing/run-context.ts";
import type { Place, Tool } from "../../core/tool/tool.ts";
import { createBashTool } from "./bash-tool.ts";
import { createBubblewrap } from "./bubblewrap.ts";
import { describeSandbox } from "./sandbox.ts";
import { processesOf, untilGone } from "./testing/until-gone.ts";

const { works, why } = await describeSandbox(createBubblewrap({ environment: process.env }));
const problem = works ? undefined : why;
if (problem !== undefined && process.env["CI"]) throw new Error(`CI needs a sandbox: ${problem}`);
if (problem !== undefined) process.stderr.write(`SKIPPED: nothing tries the sandbox: ${problem}\n`);

/** Connects to a unix socket, or a port, and says so. */
const connectTo = (address: string) =>
  `python3 -c '
import socket, sys
address = "${address}"
try:
    if address.startswith("tcp:"):
        socket.create_connection((address.split(":")[1], int(address.split(":")[2])), 2)
    else:
        s = socket.socket(socket.AF_UNIX); s.settimeout(2); s.connect(address.replace("@", chr(0)))
    print("ESC" + "APED")
except Exception as error:
    print(error)
'`;

describe("the sandbox", { skip: problem ?? false }, () => {
  let root: string;
  let top: string;
  let home: string;
  let closed: string;
  let outside: string;
  let place: Place;
  let port: number;
  const servers: Server[] = [];
  const reached: string[] = [];

  before(async () => {
    top = await realpath(await mkdtemp(join(tmpdir(), "dph-box-")));
    [root, home, outside] = ["root", "home", "outside"].map((name) => join(top, name)) as [
      string,
      string,
      string,
    ];
    closed = join(root, ".daphnia-home");
    for (const folder of [
      ...[join(root, ".git", "hooks"), join(root, ".daphnia"), join(home, ".ssh"), outside],
      ...[join(home, ".config", "gh"), join(closed, "run")],
      ...[join(root, ".git", "modules", "m"), join(root, ".git", "info")],
    ]) {
      await mkdir(folder, { recursive: true });
    }
    await writeFile(join(home, ".ssh", "id_ed25519"), "SECRET key");
    await writeFile(join(home, ".netrc"), "SECRET netrc");
    await writeFile(join(home, ".config", "gh", "hosts.yml"), "SECRET gh");
    await writeFile(join(closed, "run", "token"), "SECRET token");
    await writeFile(join(outside, "file"), "as it was");
    await writeFile(join(root, ".git", "config"), "[core]\n");
    await writeFile(join(root, ".git", "info", "attributes"), "");
    await symlink(outside, join(root, "link"));
    await symlink(join(home, ".ssh"), join(root, "keys"));
    const listen = async (where: string | number) => {
      const server = createServer((socket) => {
        reached.push(String(where));
        socket.destroy();
      });
      server.on("error", () => {});
      servers.push(server);
      if (typeof where === "number") server.listen(where, "127.0.0.1");
      else server.listen(where);
      await once(server, "listening");
      return server.address();
    };
    await listen(join(closed, "run", "daphnia.sock"));
    await listen(`\0daphnia-box-${process.pid}`);
    await listen(join(top, "agent.sock"));
    port = ((await listen(0)) as AddressInfo).port; // TCP has one
    place = {
      ...{ sessionId: "s", roots: [root], closed: [closed], cwd: root },
      ...{ envPass: [], hasNetwork: false },
    };
  });
  after(async () => {
    for (const server of servers) server.close();
    await rm(top, { recursive: true });
  });

  let tool: Tool | undefined;
  /** One for all calls, as a daemon has one. */
  function toolOf(): Tool {
    const environment = { ...process.env, HOME: home };
    const sandbox = createBubblewrap({ environment });
    const mode = () => "required" as const;
    tool ??= createBashTool({ claimsOf: async () => [], sandbox, mode, environment });
    return tool;
  }

  async function run(command: string, given: Partial<Place> = {}): Promise<string> {
    const bash = toolOf();
    const claimed = await bash.claim({ command, timeout: 20 }, { ...place, ...given });
    const process_ = await claimed.prepare?.();
    assert.equal(process_?.sandbox, "bubblewrap");
    const { parts } = await claimed.run(createRunContext());
    return parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
  }

  it("lets a command work in its roots, and use its own temporary folder", async () => {
    const said = await run("echo hello > made.txt; cat made.txt; echo t > /tmp/t; cat /tmp/t; pwd");
    assert.equal(said, `hello\nt\n${root}\n`);
    assert.equal(await readFile(join(root, "made.txt"), "utf8"), "hello\n");
  });

  /** Each prints what it must not get, or changes what it must not change. */
  const attempts = (): Record<string, string> => ({
    "the daemon's socket": connectTo(join(closed, "run", "daphnia.sock")),
    "the daemon's token": `cat '${closed}/run/token'`,
    "the daemon's home, listed": `ls '${closed}/run' && echo ESCAPED`,
    "the token through /proc/self/root": `cat /proc/self/root'${closed}/run/token'`,
    "the token through /proc/1/root": `cat /proc/1/root'${closed}/run/token'`,
    "the token through any root": `cat /proc/[0-9]*/root'${closed}/run/token'`,
    "the token through cwd": "cat /proc/self/cwd/.daphnia-home/run/token",
    "the token by another mount": `mount --bind '${closed}' /mnt && cat /mnt/run/token`,
    "the token once it is unmounted": `umount '${closed}'; cat '${closed}/run/token'`,
    "the token in a namespace of its own": `unshare -rm sh -c "umount '${closed}'; cat '${closed}/run/token'"`,
    "the token past a chroot": `chroot / cat '${closed}/run/token'`,
    "ssh keys": "cat ~/.ssh/id_ed25519",
    "ssh keys through a link": "cat keys/id_ed25519",
    "ssh keys by their path": `cat '${home}/.ssh/id_ed25519'`,
    "a password file": "cat ~/.netrc",
    "a cloud's token": "cat ~/.config/gh/hosts.yml",
    "a port of this machine": connectTo(`tcp:127.0.0.1:${port}`),
    "a port by bash": `echo x > /dev/tcp/127.0.0.1/${port} && echo ESCAPED`,
    "a port through localhost": connectTo(`tcp:localhost:${port}`),
    "an abstract socket": connectTo(`@daphnia-box-${process.pid}`),
    "docker's socket": "test -e /run/docker.sock -o -e /var/run/docker.sock && echo ESCAPED",
    "the user's runtime folder": "ls -A /run/user 2>/dev/null | grep . && echo ESCAPED",
    "a socket in the temporary folder": "ls /tmp/dph-box-*/agent.sock && echo ESCAPED",
    "a file outside": `echo changed > '${outside}/file'`,
    "a file outside through a link": "echo changed > link/file",
    "a file outside by ..": "echo changed > ../outside/file",
    "a file outside, removed": `rm -f '${outside}/file'`,
    "a file outside, moved over": `echo changed > x && mv -f x '${outside}/file'`,
    "a file outside by a hard link": `ln '${outside}/file' hard && echo changed > hard`,
    "a new file outside": `touch '${outside}/new'`,
    "a new file at home": `touch '${home}/new'`,
    "a start-up file": `echo evil >> '${home}/.bashrc'`,
    "a new key": `echo evil > '${home}/.ssh/authorized_keys'`,
    "a hook of git": "echo evil > .git/hooks/pre-commit",
    "git's config": "echo evil >> .git/config",
    "git's config by git": "git config core.fsmonitor evil",
    "git moved away": "mv .git old && mkdir -p .git/hooks && echo ESCAPED",
    "git's worktree config": "echo evil > .git/config.lock && mv -f .git/config.lock .git/config",
    "a folder above the daemon's home, moved":
      "mv .daphnia-home x && mkdir .daphnia-home && echo ESCAPED",
    "a trace of another process": `strace -p ${process.pid} -o /dev/stdout & sleep 0.2; kill $! && echo ESCAPED`,
    "a key ring of the session": "keyctl show @u 2>/dev/null | grep . && echo ESCAPED",
    "the shadow file": "grep -c : /etc/shadow && echo ESCAPED",
    "hooks moved away": "mv .git/hooks .git/old && mkdir .git/hooks && echo evil > .git/hooks/x",
    "rules of the project": "echo evil > .daphnia/rules.toml",
    "the attributes of git": "echo '* filter=evil' > .git/info/attributes && echo ESCAPED",
    "a module's config": "echo evil > .git/modules/m/config",
    "a module's hook": "mkdir -p .git/modules/m/hooks && echo ESCAPED",
    "git's modules moved away": "mv .git/modules .git/old && echo ESCAPED",
    "the system": "touch /usr/evil /etc/evil",
    "another process": `kill -0 ${process.pid} && echo ESCAPED`,
    "another process's memory": `head -c 1 /proc/${process.pid}/mem && echo ESCAPED`,
    "another process's environment": `cat /proc/${process.pid}/environ && echo ESCAPED`,
    "a disk": "ls /dev/sd* /dev/vd* /dev/nvme* /dev/mem 2>/dev/null | grep . && echo ESCAPED",
    "a new device": "mknod dev b 8 0 && echo ESCAPED",
    "the kernel's settings": "echo 1 > /proc/sys/kernel/sysrq && echo ESCAPED",
    "the name of the machine":
      'hostname evil && test "$(cat /proc/sys/kernel/hostname)" = evil; cat /etc/hostname > /dev/null',
    "a clock": "date -s 2000-01-01 && echo ESCAPED",
    "another user": "su nobody -s /bin/sh -c 'echo ESCAPED'",
  });

  it("keeps a command from everything else", async () => {
    const escaped: string[] = [];
    const all = Object.entries(attempts());
    assert.ok(all.length >= 45);
    for (const [what, command] of all) {
      const said = await run(command);
      if (/ESCAPED|SECRET/.test(said)) escaped.push(`${what}: ${said}`);
    }
    assert.deepEqual(escaped, []);
    assert.deepEqual(reached, []);
    assert.equal(await readFile(join(outside, "file"), "utf8"), "as it was");
    assert.deepEqual(await readdir(outside), ["file"]);
    assert.deepEqual((await readdir(home)).sort(), [".config", ".netrc", ".ssh"]);
    assert.deepEqual(await readdir(join(home, ".ssh")), ["id_ed25519"]);
    assert.deepEqual(await readdir(join(root, ".git", "hooks")), []);
    assert.deepEqual(await readdir(join(root, ".daphnia")), []);
    assert.equal(await readFile(join(root, ".git", "config"), "utf8"), "[core]\n");
  });

  it("opens the network only where it was granted", async () => {
    const said = await run(connectTo(`tcp:127.0.0.1:${port}`), { hasNetwork: true });
    assert.match(said, /ESCAPED/);
    assert.deepEqual(reached.splice(0), ["0"]);
  });

  it("leaves nothing running, not even what has left its session", async () => {
    const mark = `${process.pid}.5`;
    await run(`setsid -f sleep ${mark}; sleep ${mark} & disown`);
    for (const pid of await processesOf(`sleep\0${mark}`)) await untilGone(pid);
  });

  it("covers the system's doors and the daemon's home in the widest root, too", async () => {
    const given = { roots: ["/"], cwd: "/" };
    const command = `ls -A /run /tmp; cat '${closed}/run/token' '${home}/.netrc'; ls -d /proc/${process.pid} 2>&1`;
    const said = await run(command, given);
    assert.doesNotMatch(said, /SECRET|sock/);
    assert.match(said, /cannot access '\/proc/);
  });

  it("makes no trace of what it guards, and guards it while it is not there", async () => {
    const bare = join(top, "bare");
    await mkdir(join(bare, ".git"), { recursive: true });
    const given = { roots: [bare], cwd: bare };
    await run("mkfifo both", given);
    const one = "mkdir -p .daphnia/agents && echo ESCAPED; echo > both";
    const other = "echo evil > .git/hooks/x; read -r _ < both";
    // Each waits for the other: both are there at once.
    const said = await Promise.all([run(one, given), run(other, given)]);
    assert.doesNotMatch(said.join(""), /ESCAPED/);
    assert.deepEqual(await readdir(bare), [".git", "both"]);
    assert.deepEqual(await readdir(join(bare, ".git")), []);
  });

  it("takes away what a command made to lead git to a configuration of its own", async () => {
    const bare = join(top, "led");
    const given = { roots: [bare], cwd: bare };
    await mkdir(join(bare, ".git", "hooks"), { recursive: true });
    for (const command of [
      "echo ../evil > .git/commondir",
      "mkdir -p .git/commondir/x",
      "ln -s /etc/passwd .git/commondir",
    ]) {
      assert.equal(await run(`${command} && echo made`, given), "made\n");
      assert.deepEqual(await readdir(join(bare, ".git")), ["hooks"]);
    }
    // One that was there before stays, and stays what it was.
    await writeFile(join(bare, ".git", "commondir"), "../main/.git\n");
    assert.match(await run("echo ../evil > .git/commondir", given), /Read-only file system/);
    assert.equal(await readFile(join(bare, ".git", "commondir"), "utf8"), "../main/.git\n");
  });

  it("keeps agent files from being made beside a call that ends", async () => {
    const bare = join(top, "beside");
    await mkdir(bare);
    const given = { roots: [bare], cwd: bare };
    await run("mkfifo go", given);
    const long = run("read -r _ < go; echo evil > .daphnia/evil; mkdir .daphnia", given);
    await run("true", given);
    await writeFile(join(bare, "go"), "\n");
    assert.match(await long, /Read-only file system/);
    assert.deepEqual(await readdir(bare), ["go"]);
  });

  it("ends with the daemon, and all in it", async () => {
    const mark = `${process.pid}.7`;
    const script = `
      import { createBashTool } from ${JSON.stringify(new URL("./bash-tool.ts", import.meta.url))};
      import { createBubblewrap } from ${JSON.stringify(new URL("./bubblewrap.ts", import.meta.url))};
      const environment = process.env;
      const sandbox = createBubblewrap({ environment });
      const mode = () => "required";
      const bash = createBashTool({ claimsOf: async () => [], sandbox, mode, environment });
      const command = "setsid -f sleep ${mark}; echo up; sleep ${mark}";
      const claimed = await bash.claim({ command }, ${JSON.stringify(place)});
      await claimed.prepare();
      const signal = new AbortController().signal;
      const print = async (bytes) => (process.stdout.write(bytes), bytes);
      await claimed.run({ signal, print });
    `;
    const daemon = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(daemon.stdout, "data");
    const running = await processesOf(`sleep\0${mark}`);
    assert.notEqual(running.length, 0);
    daemon.kill("SIGKILL");
    for (const pid of running) await untilGone(pid);
  });
});
