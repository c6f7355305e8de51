/** An answer, or one message of a stream, that nobody could want to read. */
export class TooLongError extends Error {
  override readonly name = "TooLongError";
}

/** Bytes of the longest message. */
const longestMessage = 16 * 1024 * 1024;
const lineFeed = 10;

/**
 * Fetches as usual, but breaks off what is too long to be held in memory: an answer
 * as a whole, of a stream of events each line.
 */
export const cappedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  const isStream = /^text\/event-stream/i.test(headers.get("content-type") ?? "");
  return new Response(body.pipeThrough(cap(isStream)), { status, statusText, headers });
};

function cap(isStream: boolean): TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  let length = 0;
  return new TransformStream({
    transform(chunk: Uint8Array<ArrayBuffer>, controller) {
      const end = isStream ? chunk.lastIndexOf(lineFeed) : -1;
      length = end === -1 ? length + chunk.length : chunk.length - end;
      if (length <= longestMessage) controller.enqueue(chunk);
      else controller.error(new TooLongError(`it sent more than ${longestMessage} bytes at once`));
    },
  });
}
