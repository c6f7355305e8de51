import type {
  AndOr,
  Case,
  Command,
  CompoundList,
  Coproc,
  For,
  Function as FunctionNode,
  If,
  ParsedScript,
  Pipeline,
  PipelineNode,
  Statement,
  While,
} from "unbash";
import { type Argument, opaque } from "./argument.ts";
import { assign, isForkBomb } from "./assignments.ts";
import { wordsIn } from "./command-words.ts";
import { both, type Ends, same, union } from "./ends.ts";
import { judgeCommand } from "./judge-command.ts";
import { createJudging, type Judging } from "./judging.ts";
import { judgeRedirect } from "./redirects.ts";
import { judgeTests } from "./test-expression.ts";
import { at, doubt, type State, type Walk } from "./walk-state.ts";
import { readArithmetic, readText, readWord, type WordContext } from "./words.ts";

const mostCommands = 60;
const mostSteps = 600;
const mostFolders = 16;
const deepest = 12;

export function walkScript(
  script: ParsedScript,
  walk: Walk,
  cwds: readonly string[],
  depth = 0,
): void {
  const { home } = walk.scene;
  const variables = new Map<string, Argument>([["HOME", { text: home }]]);
  walkNested(script, { cwds, variables, upstream: undefined, depth }, walk);
}

function walkNested(script: ParsedScript, state: State, walk: Walk): Ends {
  for (const { message } of script.errors ?? []) doubt(walk, `it cannot be parsed: ${message}`);
  if (state.depth > deepest) {
    doubt(walk, `it is nested more than ${deepest} deep`);
    return same(state.cwds);
  }
  return walkList(script.commands, state, walk);
}

function walkList(list: readonly Statement[], state: State, walk: Walk): Ends {
  let ends = same(state.cwds);
  for (const { command, background } of list) {
    const after = walkNode(command, at(state, union(ends)), walk);
    if (!background) ends = after;
  }
  return ends;
}

function walkNode(node: PipelineNode | AndOr, state: State, walk: Walk): Ends {
  switch (node.type) {
    case "Command":
      return walkCommand(node, state, walk);
    case "AndOr":
      return walkAndOr(node, state, walk);
    case "Pipeline":
      return walkPipeline(node, state, walk);
    case "Subshell":
      return walkApart(node.body, state, walk);
    case "BraceGroup":
      return walkList(node.body.commands, state, walk);
    case "If":
      return walkIf(node, state, walk);
    case "While":
      return walkWhile(node, state, walk);
    case "For":
      return walkFor(node, state, walk);
    case "Case":
      return walkCase(node, state, walk);
    case "TestCommand": {
      const judging = judgingOf(state, walk, node.pos, node.end);
      judgeTests(node.expression, judging, wordContext(state, walk));
      return same(state.cwds);
    }
    case "Redirected": {
      const judging = judgingOf(state, walk, node.pos, node.end);
      for (const redirect of node.redirects) {
        judgeRedirect(redirect, judging, wordContext(state, walk));
      }
      return walkNode(node.command, state, walk);
    }
    case "ArithmeticCommand":
      return walkArithmetic([node.expression], state, walk);
    case "ArithmeticFor":
      walkArithmetic([node.initialize, node.test, node.update], state, walk);
      return walkList(node.body.commands, state, walk);
    case "Select":
      doubt(walk, "a menu");
      for (const word of node.wordlist ?? []) readWord(word, wordContext(state, walk));
      return walkList(node.body.commands, state, walk);
    case "Function":
      return walkFunction(node, state, walk);
    case "Coproc":
      doubt(walk, "a coprocess");
      return walkBody(node.body, state, walk);
  }
}

/** What a shell of its own does: it leaves nothing behind in this one. */
function walkApart(list: CompoundList, state: State, walk: Walk): Ends {
  walkList(list.commands, { ...state, variables: new Map(state.variables) }, walk);
  return same(state.cwds);
}

function walkBody(body: (FunctionNode | Coproc)["body"], state: State, walk: Walk): Ends {
  return body.type === "CompoundList" ? walkApart(body, state, walk) : walkNode(body, state, walk);
}

function walkPipeline({ commands, prefixes }: Pipeline, state: State, walk: Walk): Ends {
  const [only, ...more] = commands;
  if (only === undefined) return same(state.cwds);
  if (more.length === 0) {
    const ends = walkNode(only, state, walk);
    const isNegated = prefixes.filter(({ type }) => type === "Negation").length % 2 === 1;
    return isNegated ? { good: ends.bad, bad: ends.good } : ends;
  }
  let upstream: readonly Argument[] | undefined;
  for (const command of commands) {
    walkNode(command, { ...state, upstream, variables: new Map(state.variables) }, walk);
    upstream = command.type === "Command" ? silentWords(command, state, walk) : [opaque];
  }
  return same(state.cwds);
}

/** Each test begins where the one before it failed. */
function walkIf(node: If, state: State, walk: Walk): Ends {
  let start: readonly string[] = state.cwds;
  const found: string[] = [];
  for (const { clause, then } of [node, ...node.elif]) {
    const ends = walkList(clause.commands, at(state, start), walk);
    found.push(...union(walkList(then.commands, at(state, ends.good), walk)));
    start = ends.bad;
  }
  const last = node.else ? union(walkList(node.else.commands, at(state, start), walk)) : start;
  return same(both(found, last));
}

function walkCase(node: Case, state: State, walk: Walk): Ends {
  const context = wordContext(state, walk);
  readText(node.word, context);
  const ends = node.items.flatMap(({ pattern, body }) => {
    for (const word of pattern) readWord(word, context);
    return union(walkList(body.commands, state, walk));
  });
  return same(both(state.cwds, ends));
}

function walkArithmetic(
  parts: readonly Parameters<typeof readArithmetic>[0][],
  state: State,
  walk: Walk,
): Ends {
  doubt(walk, "arithmetic may run what names hold");
  for (const part of parts) readArithmetic(part, wordContext(state, walk));
  return same(state.cwds);
}

function walkFunction(node: FunctionNode, state: State, walk: Walk): Ends {
  doubt(walk, `it defines ${node.name.text}, which may stand for another program`);
  if (isForkBomb(node)) {
    const judging = judgingOf(state, walk, node.pos, node.end);
    judging.run("destructive", "a fork bomb", [{ text: node.name.text }]);
  }
  return walkBody(node.body, state, walk);
}

function walkAndOr({ commands, operators }: AndOr, state: State, walk: Walk): Ends {
  let ends: Ends = same(state.cwds);
  commands.forEach((command, index) => {
    const operator = operators[index - 1];
    const start = operator === undefined ? state.cwds : operator === "&&" ? ends.good : ends.bad;
    const after = walkNode(command, at(state, start), walk);
    if (operator === "&&") ends = { good: after.good, bad: both(ends.bad, after.bad) };
    else if (operator === "||") ends = { good: both(ends.good, after.good), bad: after.bad };
    else ends = after;
  });
  return ends;
}

function walkWhile(node: While, state: State, walk: Walk): Ends {
  const test = walkList(node.clause.commands, state, walk);
  const body = walkList(node.body.commands, at(state, union(test)), walk);
  const after = both(union(test), union(body));
  if (after.some((cwd) => !state.cwds.includes(cwd))) doubt(walk, "a loop changes its folder");
  return same(after);
}

/** The body once for each value that the list states. */
function walkFor(node: For, state: State, walk: Walk): Ends {
  const context = wordContext(state, walk);
  const values = node.wordlist?.flatMap((word) => readWord(word, context)) ?? [opaque];
  const name = node.name.text;
  const isKnown = walk.isSetOnce(name) && /^[a-z_][a-z0-9_]*$/.test(name);
  if (!isKnown && !/^[a-z_]\w*$/i.test(name)) doubt(walk, "an unusual name");
  if (/^[A-Z]/.test(name)) doubt(walk, `${name} may mean something to the shell or to a program`);
  let folders: readonly string[] = state.cwds;
  for (const value of isKnown ? values : [opaque]) {
    state.variables.set(name, value);
    folders = both(folders, union(walkList(node.body.commands, state, walk)));
    if (walk.count.commands > mostSteps) break;
  }
  if (folders.some((cwd) => !state.cwds.includes(cwd))) doubt(walk, "a loop changes its folder");
  state.variables.set(name, opaque);
  return same(folders);
}

function walkCommand(node: Command, state: State, walk: Walk): Ends {
  walk.count.commands++;
  if (walk.count.commands === mostCommands + 1)
    doubt(walk, `it holds more than ${mostCommands} commands`);
  const context = wordContext(state, walk);
  const judging = judgingOf(state, walk, node.pos, node.end);
  for (const redirect of node.redirects) judgeRedirect(redirect, judging, context);
  const words = wordsIn(node, context);
  for (const part of node.prefix) {
    if (part.type !== "Assignment") continue;
    assign(part, {
      judging,
      context,
      variables: state.variables,
      ...walk,
      isBefore: words.length > 0,
    });
  }
  if (words.length === 0) return same(state.cwds);
  const moved = judgeCommand(words, judging, state.variables);
  if (moved === undefined) return same(state.cwds);
  if (moved.length > mostFolders) {
    doubt(walk, "it may be in too many folders");
    return same(moved.slice(0, mostFolders));
  }
  return { good: moved, bad: state.cwds };
}

/** The words again, for the command that reads this one's output; they are judged already. */
function silentWords(node: Command, state: State, walk: Walk): readonly Argument[] {
  const context = { ...wordContext(state, walk), script: () => {}, doubt: () => {} };
  return wordsIn(node, context);
}

function judgingOf(state: State, walk: Walk, pos: number, end: number): Judging {
  const { scene, findings } = walk;
  return createJudging({
    scene,
    findings,
    cwds: state.cwds,
    upstream: state.upstream,
    depth: state.depth,
    text: walk.source.slice(pos, end),
    command: (words, judging) => {
      if (judging.depth > deepest) judging.doubt(`it is nested more than ${deepest} deep`);
      else judgeCommand(words, judging, state.variables);
    },
    script: (text, cwds) => {
      const inner = { ...walk, source: text };
      const variables = new Map(state.variables);
      walkNested(walk.parse(text), { ...state, cwds, variables, depth: state.depth + 1 }, inner);
    },
  });
}

function wordContext(state: State, walk: Walk): WordContext {
  return {
    home: walk.scene.home,
    variable(name) {
      const isOne = state.cwds.length === 1;
      if (name === "PWD") return isOne ? { text: state.cwds[0] ?? null } : opaque;
      if (/^[?#$!]$/.test(name)) return undefined;
      return state.variables.get(name);
    },
    script(script) {
      const { source = walk.source } = script;
      const inside = { ...state, upstream: undefined, depth: state.depth + 1 };
      walkNested(script, { ...inside, variables: new Map(state.variables) }, { ...walk, source });
    },
    doubt: (why, text) => doubt(walk, why, text),
  };
}
