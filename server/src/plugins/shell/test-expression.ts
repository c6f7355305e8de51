import type { TestBinaryExpression, TestExpression, TestUnaryExpression } from "unbash";
import type { Argument } from "./argument.ts";
import { isLiteral } from "./argument.ts";
import type { Judging } from "./judging.ts";
import { readText, readWord, type WordContext } from "./words.ts";

const numeric = /^-(eq|ne|lt|le|gt|ge)$/;
const ofFiles = /^-[abcdefghkprsuwxGLNOS]$/;
const ofTwoFiles = /^-(nt|ot|ef)$/;

/** All tests of `[[ ]]`. */
export function judgeTests(node: TestExpression, judging: Judging, context: WordContext): void {
  switch (node.type) {
    case "TestUnary":
    case "TestBinary":
      judgeTest(node, judging, context);
      break;
    case "TestLogical":
      for (const operand of node.operands) judgeTests(operand, judging, context);
      break;
    case "TestNot":
      judgeTests(node.operand, judging, context);
      break;
    case "TestGroup":
      judgeTests(node.expression, judging, context);
      break;
  }
}

function judgeTest(
  node: TestUnaryExpression | TestBinaryExpression,
  judging: Judging,
  context: WordContext,
): void {
  if (node.type === "TestUnary") {
    readWord(node.operand, context);
    const operand = readText(node.operand, { ...context, script: () => {}, doubt: () => {} });
    if (/^-[vRo]$/.test(node.operator)) judging.doubt(`${node.operator} evaluates its operand`);
    else if (ofFiles.test(node.operator)) touch(operand, judging);
    return;
  }
  const sides = [node.left, node.right].map((word) => readWord(word, context)[0]);
  if (numeric.test(node.operator)) {
    const areNumbers = sides.every((side) => side && isLiteral(side) && /^-?\d+$/.test(side.text));
    if (!areNumbers) judging.doubt(`${node.operator} evaluates its operands`);
  }
  if (ofTwoFiles.test(node.operator)) for (const side of sides) if (side) touch(side, judging);
}

/** `test` and `[`: opaque words are text here, but where one may be an operator. */
export function judgeTestCommand(words: readonly Argument[], judging: Judging): void {
  const [name, ...rest] = words;
  const operands = name?.text === "[" ? rest.slice(0, -1) : rest;
  const isClosed = name?.text !== "[" || rest.at(-1)?.text === "]";
  const evaluates = operands.some(({ text }) => text === "-v" || text === "-R");
  const isUnclear =
    operands.some((word) => word.mayBeMany || word.pattern !== undefined) ||
    (operands.length === 2 && operands[0]?.text === null);
  const risk = evaluates || isUnclear || !isClosed ? "unknown" : "plain";
  judging.run(risk, risk === "plain" ? "a test" : "a test that may evaluate its operands", words);
  operands.forEach((word, index) => {
    const before = operands[index - 1]?.text ?? "";
    if (ofFiles.test(before) && operands.length > 1) touch(word, judging);
  });
}

/** Whether a file is there may be asked of any that is known; more than that is not read. */
function touch(word: Argument, judging: Judging): void {
  if (isLiteral(word)) judging.read(word, false);
}
