import type { Principal } from "@daphnia/protocol/principal";
import type { AnsweredRequest } from "../log/event-store.ts";

/** The answer to keep for a retry of a cancel. */
export type KeptAnswer = () => AnsweredRequest;

/**
 * The cancel of a session's open turn: who was first, and who waits for its end.
 *
 * C1: who waits hears of the end only when it is committed, and his answer too.
 * C2: one answer is committed with the end; each further one right behind it.
 * C3: who waits is always answered: by the end, or by why there is none.
 */
export interface Cancellation {
  /** Who canceled the turn first; undefined while nobody did. */
  by(): Principal | undefined;
  begin(by: Principal): void;
  /** Resolves when the turn is over; rejects when that cannot be told. */
  over(answer: KeptAnswer | undefined): Promise<void>;
  /** The answer to commit with the end; undefined where nobody wants one kept. */
  first(): KeptAnswer | undefined;
  /** Tells everybody that the end is committed, with the answer that was handed out. */
  ended(kept: KeptAnswer | undefined): void;
  /** Tells everybody why the end is not committed now; the turn stays canceled. */
  fail(why: unknown): void;
}

interface Waiter {
  readonly answer: KeptAnswer | undefined;
  resolve(): void;
  reject(why: unknown): void;
}

/** `keep` commits an answer alone. */
export function createCancellation(keep: (answer: KeptAnswer) => Promise<unknown>): Cancellation {
  let by: Principal | undefined;
  let waiting: readonly Waiter[] = [];

  function takeAll(): readonly Waiter[] {
    const all = waiting;
    waiting = [];
    return all;
  }

  return {
    by: () => by,
    begin(who) {
      by ??= who;
    },
    over(answer) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting = [...waiting, { answer, resolve, reject }];
      return promise;
    },
    first: () => waiting.find(({ answer }) => answer !== undefined)?.answer,
    ended(kept) {
      by = undefined;
      for (const { answer, resolve, reject } of takeAll()) {
        if (answer === undefined || answer === kept) resolve();
        else keep(answer).then(resolve, reject);
      }
    },
    fail(why) {
      for (const { reject } of takeAll()) reject(why);
    },
  };
}
