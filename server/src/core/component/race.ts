import type { RemoteAnswer } from "./link.ts";

const unknown =
  "The call was under way: what it did is not known. It was not repeated; look before you do.";

/** The answer, or that the component is gone: whoever asked is told at once. */
export function unlessBroken(
  answer: Promise<RemoteAnswer>,
  broken: AbortSignal,
): Promise<RemoteAnswer> {
  return new Promise((resolve, reject) => {
    const fall = () => resolve({ kind: "down", why: `${broken.reason}. ${unknown}` });
    broken.addEventListener("abort", fall, { once: true });
    answer.then(resolve, reject).finally(() => broken.removeEventListener("abort", fall));
  });
}

/** What comes of some work; rejects with the signal's reason where that is aborted before. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
