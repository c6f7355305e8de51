import { spawn, spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import type { Disk } from "../../src/plugins/shell/scene.ts";

/** What a line did inside the cage. */
export interface Caged {
  /** Programs that it would have started, with their folder. */
  readonly started: readonly { readonly cwd: string; readonly argv: readonly string[] }[];
  /** Files that it made outside the root and the temp directory. */
  readonly made: readonly string[];
  /** It was killed because it would not end. */
  readonly timedOut: boolean;
}

/** How the programs of a line behave that are not there. */
export interface Behaviour {
  readonly status: 0 | 1;
  /** What each of them prints. */
  readonly prints: string;
}

const bwrap = "bwrap";
/** Milliseconds after which a line is killed. */
const longest = 1500;

const folders = ["/w/app", "/w/app/src", "/w/app/docs", "/w/app/.git", "/tmp", "/home/u", "/etc"];
const files = ["/w/app/a.txt", "/w/app/README.md", "/w/app/src/a.ts", "/w/app/.env", "/etc/hosts"];

/** Why no line can be run here; false when one can, or must. */
export const withoutCage = (() => {
  const tried = spawnSync(bwrap, [...cage(), "/cage/bash", "-c", "exit 7"]);
  if (tried.status === 7) return false;
  const why = tried.error?.message ?? tried.stderr.toString();
  if (process.env["CI"]) return false; // there it must: running a line says what is missing
  return `needs bubblewrap, and a system that lets it work: ${why}`;
})();

/** What stands in the cage before a line runs, as the judge sees it. */
export const cagedDisk: Disk = {
  real: (path) => path,
  names: (folder) =>
    [...folders, ...files]
      .filter((path) => path.slice(0, path.lastIndexOf("/")) === folder)
      .map((path) => path.slice(path.lastIndexOf("/") + 1)),
  text: (path) => (files.includes(path) ? "" : undefined),
};

/**
 * Nothing but bash and its libraries, all of it to be read only; no network, no other
 * process, no capability. What a line writes is memory, and ends with it.
 */
function cage(): readonly string[] {
  const libraries = ["/lib", "/lib64", "/usr/lib"]
    .filter((path) => existsSync(path))
    .flatMap((path) => ["--ro-bind", path, path]);
  return [
    ...["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"],
    ...["--uid", "65534", "--gid", "65534", "--size", "4194304", "--tmpfs", "/"],
    ...libraries,
    ...["--dir", "/cage", "--ro-bind", realpathSync("/bin/bash"), "/cage/bash", "--dev", "/dev"],
    ...folders.flatMap((folder) => ["--dir", folder]),
    ...["--chdir", "/w/app", "--setenv", "PATH", "/nowhere", "--setenv", "HOME", "/home/u"],
  ];
}

/**
 * What a line could do inside the shell itself is told like a program, so that it is judged
 * alone too. What is left on moves only the shell.
 */
const told =
  "eval . source exec trap alias unalias unset declare typeset readonly export let mapfile readarray test [ printf kill umask ulimit history fc hash bind complete compgen compopt disown dirs pushd popd shopt caller getopts local logout suspend";

/** Read by the shell that runs the line, before it. Its answers go to a descriptor that no line knows. */
const inside = `unset BASH_ENV
command_not_found_handle() {
  enable printf
  printf '%s\\0' start "$#" "$PWD" "$@" >&197
  printf '%s\\n' "$CAGED_PRINTS"
  exit "$CAGED_STATUS"
}
enable -n ${told}
`;

/** Runs the line as the daemon would, and then looks what was made. */
const around = `ulimit -t 2 -f 1024 -v 1000000 -u 256 -c 0
shopt -s dotglob nullglob
${files.map((file) => `: > ${file}`).join("\n")}
printf '%s' "$2" > /cage/inside
exec 197>&3 3>&-
before=(/* /w/* /home/* /home/u/* /etc/*)
BASH_ENV=/cage/inside CAGED_PRINTS="$3" CAGED_STATUS="$4" /cage/bash --norc --noprofile -c "$1" </dev/null >/dev/null 2>&1
wait
for path in /* /w/* /home/* /home/u/* /etc/*; do
  for known in "\${before[@]}"; do [ "$known" = "$path" ] && continue 2; done
  printf '%s\\0' made 1 / "$path" >&197
done
`;

/** Runs one line where it can harm nothing. */
export async function runCaged(line: string, { status, prints }: Behaviour): Promise<Caged> {
  const words = ["/cage/bash", "--norc", "--noprofile", "-c", around, "around", line, inside];
  const child = spawn(bwrap, [...cage(), ...words, prints, String(status)], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  let said = "";
  child.stdio[3]?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL"); // all inside dies with it
  }, longest);
  const ended = Promise.withResolvers<void>();
  child.once("error", ended.reject);
  child.once("close", () => ended.resolve());
  await ended.promise.finally(() => clearTimeout(timer));
  if (said.startsWith("bwrap:")) throw new Error(said);
  return { ...read(Buffer.concat(chunks).toString().split("\0")), timedOut };
}

/** Records of `kind, count, folder, words…`; the last may be cut off where it was killed. */
function read(fields: readonly string[]): Omit<Caged, "timedOut"> {
  const started: { cwd: string; argv: string[] }[] = [];
  const made: string[] = [];
  for (let at = 0; at + 3 < fields.length; ) {
    const [kind, count, cwd = ""] = fields.slice(at, at + 3);
    const end = at + 3 + Number(count);
    const argv = fields.slice(at + 3, end);
    if (end >= fields.length || (kind !== "start" && kind !== "made")) break;
    if (kind === "start") started.push({ cwd, argv });
    else made.push(...argv);
    at = end;
  }
  return { started, made };
}
