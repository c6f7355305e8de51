import { Code, ConnectError } from "@connectrpc/connect";
import type { Rest, TakeRest } from "../../services/hand-on.ts";
import type { Response } from "./exchange.ts";
import { createFrameWriter, inPieces } from "./frame-writer.ts";
import type { Progress } from "./progress-watch.ts";
import type { Answer } from "./stream-end.ts";

/**
 * A response that may go on past connect.
 *
 * R1: connect opens a stream and says its end, in whatever protocol its client speaks.
 * R2: between the two nothing of the opening call is held: an idle stream is small.
 */
export interface HandedOn {
  /** Goes on with the stream once connect has nothing more to say. */
  readonly take: TakeRest;
  /** The opening call's answer, with the whole response's body. */
  whole(opening: Answer): Answer;
}

export interface HandedOnDeps {
  readonly response: Response;
  readonly progress: Progress;
  /** Has connect say why the stream failed: a body of envelopes, and trailers. */
  readonly fail: (error: unknown) => Promise<Answer>;
  /** Streams that go on, for whoever stops them all. */
  readonly open: Set<AbortController>;
  readonly shutdown: AbortSignal;
}

export function createHandedOn(deps: HandedOnDeps): HandedOn {
  let rest: (() => Promise<Failure | undefined>) | undefined;

  /** Goes on, then says how it ended: with the end that connect said, or with why it failed. */
  async function goOn(end: readonly Uint8Array[], trailer: Headers | undefined) {
    const failure = await rest?.();
    if (deps.progress.isClosed) return; // nobody is there to hear it
    if (failure === undefined) return end;
    const failed = await deps.fail(failure.error);
    for (const [name, value] of failed.trailer ?? []) trailer?.set(name, value);
    return failed.body;
  }

  return {
    take(handed, timeLeft) {
      rest = () => runRest(handed, timeLeft, deps);
    },
    whole({ body, ...head }) {
      if (body === undefined) return head;
      const { trailer } = head;
      const opening = inPieces(body, deps.progress);
      const isOver = () => rest !== undefined;
      return { ...head, body: chain(opening, isOver, (end) => goOn(end, trailer)) };
    },
  };
}

interface Failure {
  readonly error: unknown;
}

/** Runs the rest until it ends, its time is over, or its client left. */
async function runRest(
  rest: Rest,
  timeLeft: number | undefined,
  { response, progress, open, shutdown }: HandedOnDeps,
): Promise<Failure | undefined> {
  const controller = new AbortController();
  const leave = () => controller.abort(new ConnectError("the client left", Code.Canceled));
  const late = () => controller.abort(new ConnectError("the time is over", Code.DeadlineExceeded));
  const timer = timeLeft === undefined ? undefined : setTimeout(late, timeLeft);
  progress.leave = leave;
  open.add(controller);
  try {
    if (progress.isClosed) leave();
    if (shutdown.aborted) controller.abort(shutdown.reason); // it came while the stream was opened
    await rest(createFrameWriter(response, progress), controller.signal);
    return undefined;
  } catch (error) {
    return { error };
  } finally {
    clearTimeout(timer);
    progress.leave = undefined;
    open.delete(controller);
  }
}

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * What the opening says until it is over; what it says after that is its end, and
 * is handed to what goes on. Written out: a generator that waits would hold the opening.
 */
function chain(
  opening: AsyncIterator<Uint8Array>,
  isOver: () => boolean,
  goOn: (end: readonly Uint8Array[]) => Promise<Pieces | undefined>,
): AsyncIterableIterator<Uint8Array> {
  let now: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | undefined = opening;
  let isOpening = true;

  async function nextOf(pieces: Promise<Pieces | undefined>): Promise<IteratorResult<Uint8Array>> {
    now = iteratorOf((await pieces) ?? []);
    return now.next();
  }

  async function next(): Promise<IteratorResult<Uint8Array>> {
    const end: Uint8Array[] = [];
    for (;;) {
      const result = (await now?.next()) ?? { done: true, value: undefined };
      if (!isOpening || !isOver()) return result;
      if (result.done === true) break;
      end.push(result.value);
    }
    now = undefined;
    isOpening = false;
    return nextOf(goOn(end));
  }

  return {
    next,
    async return() {
      await now?.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function iteratorOf(pieces: Pieces): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  return Symbol.asyncIterator in pieces
    ? pieces[Symbol.asyncIterator]()
    : pieces[Symbol.iterator]();
}
