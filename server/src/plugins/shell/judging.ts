import type { Risk } from "../../core/tool/tool.ts";
import type { Argument } from "./argument.ts";
import { isLiteral, wordsOf } from "./argument.ts";
import { pathsOf } from "./paths.ts";
import { type Finding, isWithin, type Scene } from "./scene.ts";

/** Where one command of a line stands, and how it tells what it would touch. */
export interface Judging {
  readonly scene: Scene;
  readonly cwds: readonly string[];
  /** The words of the command whose output this one reads. */
  readonly upstream: readonly Argument[] | undefined;
  readonly depth: number;
  /** A program and its words, without those that only wrap it. */
  command(words: readonly Argument[], cwds?: readonly string[]): void;
  /** The text of a script in a word. */
  script(text: string): void;
  run(
    risk: Risk,
    why: string,
    words: readonly Argument[],
    forms?: readonly (readonly Argument[])[],
  ): void;
  read(word: Argument, isWhole?: boolean): void;
  write(word: Argument, isWhole?: boolean): void;
  reach(host: string): void;
  doubt(why: string, text?: string): void;
}

const descriptors = /^\/dev\/(null|zero|random|urandom|tty|stdin|stdout|stderr|fd\/\d+)$/;

/** Makes the claims of one command. */
export function createJudging(options: {
  readonly scene: Scene;
  readonly cwds: readonly string[];
  readonly upstream: readonly Argument[] | undefined;
  readonly depth: number;
  readonly text: string;
  readonly findings: Finding[];
  readonly command: (words: readonly Argument[], judging: Judging) => void;
  readonly script: (text: string, cwds: readonly string[]) => void;
}): Judging {
  const { scene, text, findings } = options;
  const at = (cwds: readonly string[], depth: number): Judging => {
    function touch(kind: "read" | "write", word: Argument, isWhole: boolean): void {
      if (word.isFound) return; // what found it has claimed the folder
      if (isLiteral(word) && descriptors.test(word.text)) return;
      const paths = pathsOf(word, cwds, scene.disk);
      if (paths === undefined) {
        judging.doubt(`what it would ${kind} is not known`);
        return;
      }
      for (const path of paths) {
        findings.push({ claim: { kind, path, ...(isWhole && { isWhole }) }, text });
      }
    }
    const judging: Judging = {
      scene,
      cwds,
      upstream: options.upstream,
      depth,
      command: (words, inside = cwds) => options.command(words, at(inside, depth + 1)),
      script: (source) => options.script(source, cwds),
      run(risk, why, words, forms = []) {
        const claim = {
          kind: "run",
          argv: wordsOf(words),
          forms: forms.map(wordsOf),
          risk,
          why,
        } as const;
        findings.push({ claim, text });
        if (risk !== "plain") claimClosed(words, judging);
      },
      read: (word, isWhole = false) => touch("read", word, isWhole),
      write: (word, isWhole = false) => touch("write", word, isWhole),
      reach: (host) => void findings.push({ claim: { kind: "reach", host }, text }),
      doubt: (why, piece = text) =>
        void findings.push({ claim: { kind: "opaque", why }, text: piece }),
    };
    return judging;
  };
  return at(options.cwds, options.depth);
}

/** A word of any program that leads into a closed folder is a touch of it. */
function claimClosed(words: readonly Argument[], judging: Judging): void {
  const { scene } = judging;
  for (const word of words) {
    if (!isLiteral(word)) continue;
    for (const piece of [word.text, ...word.text.split(/[=@:]/).slice(1)]) {
      const paths = pathsOf({ text: piece }, judging.cwds, scene.disk) ?? [];
      const isClosed = paths.some((path) => scene.closed.some((folder) => isWithin(path, folder)));
      if (isClosed) judging.read({ text: piece });
    }
  }
}
