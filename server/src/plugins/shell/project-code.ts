import { posix } from "node:path";
import type { Argument } from "./argument.ts";
import { textOf } from "./argument.ts";
import type { Judging } from "./judging.ts";

const versioned = new Set(
  "node npm npx pnpm yarn deno bun python python3 pip pip3 go cargo rustc rustup java javac ruby perl php make cmake gcc g++ clang tsc docker".split(
    " ",
  ),
);

type Verdict = "plain" | "project" | "fixed" | "unknown";

/** Runners of a project's own code, and what they can say without running it. */
export function judgeRunner(name: string, words: readonly Argument[], judging: Judging): boolean {
  const texts = words.slice(1).map(textOf);
  const judge = runners[name];
  if (judge === undefined && !versioned.has(name)) return false;
  if (isVersion(name, texts)) {
    judging.run("plain", "it tells its version", words);
    return true;
  }
  if (texts.includes(null)) {
    judging.run("unknown", "a word is only known when it runs", words);
    return true;
  }
  const known = texts.map((text) => text ?? "");
  const verdict = judge?.(known, judging) ?? "unknown";
  judging.run(verdict, reasons[verdict], words);
  // What a runner starts by name is told too, for the rules that deny it.
  const inner = startedBy(name, words.slice(1));
  if (inner[0]?.text === "daphnia") judging.command(inner);
  return true;
}

function isVersion(name: string, [flag, ...more]: readonly (string | null)[]): boolean {
  if (!versioned.has(name) || more.length > 0) return false;
  if (name === "perl") return flag === "--version";
  return /^(--version|-v|-V)$/.test(flag ?? "") && !(name === "bun" && flag === "-v");
}

/** The words of the program that a runner of packages starts; none where it starts none. */
function startedBy(name: string, words: readonly Argument[]): readonly Argument[] {
  const isRunner = /^(npx|bunx)$/.test(name);
  if (!isRunner && !/^(exec|dlx|x)$/.test(words[0]?.text ?? "")) return [];
  const started = isRunner ? words : words.slice(1);
  return started.slice(started.findIndex(({ text }) => !text?.startsWith("-")));
}

const reasons: Readonly<Record<Verdict, string>> = {
  plain: "it only tells what is there",
  project: "it runs code of the project",
  fixed: "it runs code that stands in its words",
  unknown: "what it does with these words is not known",
};

type Runner = (words: readonly string[], judging: Judging) => Verdict;

const script = /^(test|t|tst|start|build|lint|check|typecheck|format|fmt|bench|coverage|dev)$/;

const packageManager: Runner = ([first = "", second = "", ...rest]) => {
  if (first === "ls" || first === "list") {
    const isPlain = [second, ...rest].every((word) =>
      /^(|--depth=\d+|--all|--json|-a|--prod)$/.test(word),
    );
    return isPlain ? "plain" : "unknown";
  }
  if (script.test(first)) return "project";
  return /^run(-script)?$/.test(first) && /^[\w:.-]+$/.test(second) && !second.startsWith("-")
    ? "project"
    : "unknown";
};

const npx: Runner = ([first = ""]) =>
  /^[a-z][\w.-]*$/.test(first) && first !== "daphnia" ? "project" : "unknown";

const python: Runner = ([first = "", second = ""], judging) => {
  if (first === "-c") return "fixed";
  if (first === "-m")
    return /^(pytest|unittest|mypy|ruff|black|flake8|pyright)$/.test(second)
      ? "project"
      : "unknown";
  return isProjectFile(first, judging) ? "project" : "unknown";
};

const node: Runner = ([first = "", second = "", ...rest], judging) => {
  if (/^(-e|-p|-pe|--eval|--print)(=|$)/.test(first)) return "fixed";
  if (/^(--check|-c)$/.test(first) && rest.length === 0 && isProjectFile(second, judging)) {
    judging.read({ text: second });
    return "plain";
  }
  if (first === "--test")
    return [second, ...rest].every((word) => !word.startsWith("-")) ? "project" : "unknown";
  return isProjectFile(first, judging) ? "project" : "unknown";
};

const inline: Runner = ([first = ""]) => (/^-\w*[erE]/.test(first) ? "fixed" : "unknown");

const make: Runner = (words, judging) => {
  let isInside = true;
  const rest = words.filter((word, index) => {
    if (words[index - 1] !== "-C") return word !== "-C";
    judging.read({ text: word });
    isInside &&= isProjectFile(word, judging);
    return false;
  });
  const isKnown = rest.every(
    (word) => /^(-j\d*|-[sknB]+|[\w.%/-]+)$/.test(word) && !/^-(?!j|[sknB]+$)/.test(word),
  );
  return isKnown && isInside ? "project" : "unknown";
};

const subcommand =
  (names: RegExp, plain = /^$/): Runner =>
  ([first = "", ...rest]) => {
    if (plain.test(first) && rest.every((word) => !word.startsWith("-") || word === "--json"))
      return "plain";
    return names.test(first) && !rest.some((word) => /^-(exec|toolexec|-config)\b/.test(word))
      ? "project"
      : "unknown";
  };

const runners: Readonly<Record<string, Runner>> = {
  __proto__: null as never, // no name of Object's prototype is a program's
  npm: packageManager,
  pnpm: packageManager,
  yarn: packageManager,
  npx,
  pytest: (words) =>
    words.some((word) => /^(-p|-c|--rootdir|--pastebin)/.test(word)) ? "unknown" : "project",
  python,
  python3: python,
  node,
  perl: inline,
  ruby: inline,
  php: inline,
  make,
  cargo: subcommand(/^(build|b|test|t|check|c|run|r|clippy|fmt|bench|doc)$/),
  go: subcommand(/^(build|test|vet|run|generate|fmt)$/, /^(env|version|list)$/),
  pip: subcommand(/^$/, /^(list|show|freeze)$/),
  pip3: subcommand(/^$/, /^(list|show|freeze)$/),
  gradle: subcommand(/^(test|build|check|assemble)$/),
  mvn: subcommand(/^(test|compile|package|verify)$/),
};

/** A path inside the roots that is no flag. */
function isProjectFile(text: string, { cwds, scene }: Judging): boolean {
  if (text === "" || text.startsWith("-")) return false;
  return cwds.every((cwd) => {
    const path = scene.disk.real(posix.resolve(cwd, text));
    return scene.roots.some(
      (root) => path === root || path.startsWith(root === "/" ? root : `${root}/`),
    );
  });
}
