import type { Redirection } from "unbash";
import type { Judging } from "./judging.ts";
import { readParts, readText, type WordContext } from "./words.ts";

/** What a redirection reads, writes or reaches. */
export function judgeRedirect(redirect: Redirection, judging: Judging, context: WordContext): void {
  if (redirect.descriptor?.type === "FileDescriptorVariable") {
    judging.doubt("a descriptor in a variable");
  }
  if (redirect.type === "HereDoc") {
    judgeDocument(redirect, judging, context);
    return;
  }
  const { target } = redirect;
  if (target === undefined) {
    judging.doubt("a redirection to nowhere");
    return;
  }
  const { text } = readText(target, context);
  if (redirect.type === "HereString") return;
  // What is no pattern in quotes is one without them.
  const isOpen = /(^|[^\\])[*?[]/.test(target.text.replace(/'[^']*'|"[^"]*"/g, ""));
  if (text === null || isOpen) judging.doubt("where it is redirected to is not known");
  else judgeTarget(redirect.operator, text, judging);
}

function judgeDocument(
  { delimiter, body, closing }: Extract<Redirection, { type: "HereDoc" }>,
  judging: Judging,
  context: WordContext,
): void {
  if (delimiter === undefined || closing === undefined) {
    judging.doubt("a heredoc that is not closed");
  }
  if (!delimiter?.quoted) readParts(body.parts ?? [], context);
}

/** A file, unless it is a descriptor or a place in a network. */
function judgeTarget(operator: string, text: string, judging: Judging): void {
  if (operator.endsWith("&") && /^(\d+-?|-)$/.test(text)) return;
  const network = /^\/dev\/(?:tcp|udp)\/([^/]*)/.exec(text);
  if (operator === "<&") judging.doubt("a descriptor is copied in an unusual way");
  else if (network) {
    judging.reach(network[1] ?? "");
    judging.doubt("a network connection");
  } else if (operator === "<") judging.read({ text }, false);
  else judging.write({ text });
}
