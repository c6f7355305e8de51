import type { Argument } from "./argument.ts";
import { isLiteral, textOf } from "./argument.ts";
import { harmlessName } from "./assignments.ts";
import type { Judging } from "./judging.ts";

/** A program that runs the program behind its own flags. */
interface Wrapper {
  /** Flags without a value, as whole words. */
  readonly flags: RegExp;
  /** Flags whose value is the next word. */
  readonly values?: RegExp;
  /** Words that stand before the program. */
  readonly operands?: number;
  /** Set where it changes who runs, or how: it asks, whatever it runs. */
  readonly asks?: boolean;
}

const wrappers: Readonly<Record<string, Wrapper>> = {
  nice: { flags: /^-n?-?\d+$|^--adjustment=-?\d+$/, values: /^-n$/ },
  ionice: { flags: /^-[cnt]\d*$/, values: /^-[cn]$/ },
  nohup: { flags: /^$/ },
  setsid: { flags: /^-[fw]+$/ },
  timeout: {
    flags: /^(--preserve-status|--foreground|-[ks].+|--(signal|kill-after)=\w+)$/,
    values: /^-[ks]$/,
    operands: 1,
  },
  stdbuf: { flags: /^-[ioe].+$/, values: /^-[ioe]$/ },
  time: { flags: /^-p$/ },
  command: { flags: /^-p$/ },
  builtin: { flags: /^$/ },
  sudo: { flags: /^-/, values: /^-[ughpCrtDRTU]$/, asks: true },
  doas: { flags: /^-/, values: /^-[uC]$/, asks: true },
  pkexec: { flags: /^-/, values: /^--user$/, asks: true },
  exec: { flags: /^-/, values: /^-a$/, asks: true },
  watch: { flags: /^-/, values: /^-n$/, asks: true },
  strace: { flags: /^-/, values: /^-[aeEIoOPpsSuUX]$/, asks: true },
  flock: { flags: /^-/, values: /^-[wE]$/, operands: 1, asks: true },
  chroot: { flags: /^-/, operands: 1, asks: true },
  parallel: { flags: /^-/, values: /^-j$/, asks: true },
  busybox: { flags: /^-/, asks: true },
  unshare: { flags: /^-/, asks: true },
  "systemd-run": { flags: /^-/, values: /^-[pEu]$/, asks: true },
};

const shells = new Set(["sh", "bash", "zsh", "dash", "ksh", "fish", "su", "script"]);

/** Takes a wrapper off and judges what it wraps; whether it was one. */
export function judgeWrapper(name: string, words: readonly Argument[], judging: Judging): boolean {
  if (name === "env") return judgeEnvironment(words, judging);
  if (shells.has(name)) return judgeShell(name, words, judging);
  if (!Object.hasOwn(wrappers, name)) return false;
  const wrapper = wrappers[name];
  if (wrapper === undefined) return false;
  if (name === "command" && /^-[vV]+$/.test(words[1]?.text ?? "")) {
    judging.run(words.every(isLiteral) ? "plain" : "unknown", "command -v only looks", words);
    return true;
  }
  const { at, isKnown } = innerStart(words, wrapper);
  const inner = words.slice(at);
  if (wrapper.asks) judging.run("fixed", `${name} changes who runs a program, or how`, words);
  else if (!isKnown || inner.length === 0)
    judging.run("fixed", `what ${name} runs is not known`, words);
  if (inner.length > 0) judging.command(inner);
  return true;
}

/** Where the wrapped program stands, and whether all before it is understood. */
function innerStart(words: readonly Argument[], wrapper: Wrapper) {
  let isKnown = true;
  let left = wrapper.operands ?? 0;
  let at = 1;
  for (; at < words.length; at++) {
    const text = textOf(words[at]);
    const kind = kindOf(text, wrapper);
    if (kind === "valued" && textOf(words[++at]) === null) isKnown = false;
    if (kind === "strange" || text === null) isKnown = false;
    if (kind !== "operand") continue;
    if (left-- <= 0) break;
    if (text !== null && !wrapper.asks && !/^[\d.]+[smhd]?$/.test(text)) isKnown = false;
  }
  return { at, isKnown };
}

/** What a word before the wrapped program is to the wrapper; an operand may be that program. */
function kindOf(
  text: string | null,
  { flags, values, asks }: Wrapper,
): "plain" | "valued" | "strange" | "operand" {
  if (text === null) return "operand";
  if (text === "--") return "plain";
  if (!text.startsWith("-")) return asks && /^[A-Za-z_]\w*=/.test(text) ? "plain" : "operand";
  if (values?.test(text)) return "valued";
  return flags.test(text) ? "plain" : "strange";
}

function judgeEnvironment(words: readonly Argument[], judging: Judging): boolean {
  const { at, isKnown, script } = environmentStart(words, judging);
  if (script !== undefined) {
    judging.run("fixed", "env splits a text into a command", words);
    if (script) judging.script(script);
    return true;
  }
  const inner = words.slice(at);
  if (inner.length === 0 || !isKnown) {
    judging.run(isKnown ? "unknown" : "fixed", "env prints what the environment holds", words);
  }
  if (inner.length > 0) judging.command(inner);
  return true;
}

/** Where the program behind `env` stands; `script` is the text that it would split instead. */
function environmentStart(words: readonly Argument[], judging: Judging) {
  let isKnown = true;
  let at = 1;
  for (; at < words.length; at++) {
    const text = textOf(words[at]);
    const split = /^(?:-i?S|--split-string=?)(.*)$/s.exec(text ?? "");
    if (split) return { at, isKnown, script: split[1] || (words[at + 1]?.text ?? "") };
    const kind = environmentKind(text, judging);
    if (kind === "program") break;
    if (kind === "valued" && textOf(words[++at]) === null) isKnown = false;
    if (kind === "strange") isKnown = false;
  }
  return { at, isKnown, script: undefined };
}

/** What a word is to `env`. Of names that may change what runs it is told. */
function environmentKind(
  text: string | null,
  judging: Judging,
): "plain" | "valued" | "strange" | "program" {
  if (text === null) return "strange";
  if (text === "-u") return "valued";
  if (text.startsWith("-")) {
    return /^(--?|-i|--ignore-environment|-u.+)$/.test(text) ? "plain" : "strange";
  }
  const name = /^([^=]+)=/.exec(text)?.[1];
  if (name === undefined) return "program";
  if (!harmlessName.test(name)) judging.doubt(`${name} may change what runs`);
  return "plain";
}

/** A shell asks, whatever it runs; a script in its words is judged too. */
function judgeShell(name: string, words: readonly Argument[], judging: Judging): boolean {
  judging.run("fixed", `${name} runs commands of its own`, words);
  const at = words.findIndex(
    ({ text }) => /^-[a-zA-Z]*c$/.test(text ?? "") || text === "--command",
  );
  const script = at < 0 ? undefined : words[at + 1];
  if (script !== undefined && isLiteral(script)) judging.script(script.text);
  return true;
}
