import type { Redirection } from "unbash";
import type { Judging } from "./judging.ts";
import { readParts, readText, type WordContext } from "./words.ts";

/** What a redirection reads, writes or reaches. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one pass over words, each step of which depends on the last
export function judgeRedirect(redirect: Redirection, judging: Judging, context: WordContext): void {
  if (redirect.descriptor?.type === "FileDescriptorVariable") {
    judging.doubt("a descriptor in a variable");
  }
  if (redirect.type === "HereDoc") {
    const { delimiter, body, closing } = redirect;
    if (delimiter === undefined || closing === undefined)
      judging.doubt("a heredoc that is not closed");
    if (!delimiter?.quoted) readParts(body.parts ?? [], context);
    return;
  }
  if (redirect.target === undefined) {
    judging.doubt("a redirection to nowhere");
    return;
  }
  const target = readText(redirect.target, context);
  if (redirect.type === "HereString") return;
  const { operator } = redirect;
  if (
    target.text === null ||
    /(^|[^\\])[*?[]/.test(redirect.target.text.replace(/'[^']*'|"[^"]*"/g, ""))
  ) {
    judging.doubt("where it is redirected to is not known");
    return;
  }
  if (operator.endsWith("&") && /^(\d+-?|-)$/.test(target.text)) return;
  if (operator === "<&") {
    judging.doubt("a descriptor is copied in an unusual way");
    return;
  }
  const network = /^\/dev\/(?:tcp|udp)\/([^/]*)/.exec(target.text);
  if (network) {
    judging.reach(network[1] ?? "");
    judging.doubt("a network connection");
    return;
  }
  if (operator === "<") judging.read(target, false);
  else judging.write(target);
}
