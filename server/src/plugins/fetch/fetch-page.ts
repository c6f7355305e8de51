import { lookup } from "node:dns/promises";
import type { ToolAnswer } from "../../core/tool/tool.ts";
import { openAddresses, type Resolve } from "./guard.ts";
import { get } from "./request.ts";
import { type Target, targetOf } from "./target.ts";
import { type Telling, tellResponse } from "./tell-response.ts";
import { textAnswer } from "./text-answer.ts";

/** What goes for all of a call. */
export interface Asked extends Telling {
  readonly allow: readonly string[];
  readonly resolve: Resolve | undefined;
}

const maxRedirects = 5;

/** Asks for a page, and for where it leads to on the same host. Rejects by the signal or the network. */
export async function fetchPage(
  first: Target,
  asked: Asked,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  let target = first;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const next = await ask(target, asked, signal);
    if ("parts" in next) return next;
    target = next;
  }
  return textAnswer(`${first.url.href} redirects more than ${maxRedirects} times`, true);
}

/** An answer, or where it is to be asked for instead. */
async function ask(
  target: Target,
  asked: Asked,
  signal: AbortSignal,
): Promise<ToolAnswer | Target> {
  signal.throwIfAborted();
  const { allow, resolve = lookUp } = asked;
  const addresses = await unlessAborted(openAddresses(target, allow, resolve), signal);
  if (typeof addresses === "string") return textAnswer(addresses, true);
  const response = await get(target, addresses, signal);
  const location = isRedirect(response.statusCode) ? response.headers.location : undefined;
  if (location === undefined) return tellResponse(response, target.url, asked, signal);
  response.destroy();
  const next = nextTarget(target, location);
  if (typeof next === "string") return textAnswer(next, true);
  if (isJudged(target, next)) return next;
  // Who allowed the first host was not asked about this one.
  const told = `${target.url.href} redirects to ${next.url.href}`;
  return textAnswer(`${told}, which was not fetched; fetch it if you want it.`, false);
}

const lookUp: Resolve = (name) => lookup(name, { all: true });

const isRedirect = (status = 0) => [301, 302, 303, 307, 308].includes(status);

function nextTarget(from: Target, location: string): Target | string {
  const url = URL.parse(location, from.url.href);
  const shown = JSON.stringify(location.slice(0, 200));
  if (url === null) return `${from.url.href} redirects to ${shown}, which is no URL`;
  const next = targetOf(url);
  return typeof next === "string" ? `${from.url.href} redirects to ${shown}: a URL ${next}` : next;
}

/** Rules judged a host. What went there encrypted goes on so. */
function isJudged(from: Target, next: Target): boolean {
  const isWeaker = from.url.protocol === "https:" && next.url.protocol === "http:";
  return next.host === from.host && !isWeaker;
}

/** A look-up cannot be ended, but nobody has to wait for it. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
