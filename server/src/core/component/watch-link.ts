import type { Clock } from "../../base/clock.ts";
import type { Link } from "./link.ts";

export interface LinkLimits {
  /** Milliseconds between two looks at a component that was used since. */
  readonly ping: number;
  /** Milliseconds without a call after which what was started here is stopped. */
  readonly idleStop: number;
}

/** Looks without an answer after which a component is taken for dead. */
const mostMisses = 2;

export interface LinkWatchDeps {
  readonly clock: Clock;
  readonly limits: () => LinkLimits;
  /** Whether one that nobody uses is stopped. */
  readonly canRest: boolean;
  /** Milliseconds since it was used last; 0 while it is. */
  readonly quiet: () => number;
  readonly onAnswer: () => void;
  readonly onSilence: (why: string) => void;
  readonly onRest: () => void;
}

/**
 * Looks whether a component that was used still answers, and tells of one that may
 * rest, until what it returns is called. While a call is open it may be busy: then
 * the call's own limits count.
 */
export function watchLink(link: Link, deps: LinkWatchDeps): () => void {
  const { clock, limits, canRest, quiet } = deps;
  let misses = 0;
  let isOver = false;
  let cancel = () => {};

  function plan(): void {
    const { ping, idleStop } = limits();
    cancel = clock.after(canRest ? Math.min(ping, idleStop) : ping, () => void look());
  }

  async function look(): Promise<void> {
    if (canRest && quiet() >= limits().idleStop) return deps.onRest();
    if (isRecent()) await ask();
    else misses = 0;
    if (isOver) return;
    if (misses < mostMisses) plan();
    else deps.onSilence(`it did not answer ${misses} times in a row`);
  }

  /** Who did not answer the last time is asked again, used or not. */
  const isRecent = () => quiet() > 0 && (misses > 0 || quiet() < 2 * limits().ping);

  async function ask(): Promise<void> {
    const isAnswered = await answers(link, limits().ping);
    if (isOver) return;
    if (isAnswered) deps.onAnswer();
    misses = isAnswered || quiet() === 0 ? 0 : misses + 1;
  }

  plan();
  return () => {
    isOver = true;
    cancel();
  };
}

/** Silence is an answer, too. */
function answers(link: Link, milliseconds: number): Promise<boolean> {
  return link.ping(milliseconds).then(
    () => true,
    () => false,
  );
}
