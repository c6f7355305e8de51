import type { WriteFrame } from "../../services/hand-on.ts";
import type { Response } from "./exchange.ts";
import type { Progress } from "./progress-watch.ts";

const pieceBytes = 64 * 1024;

/** Cuts large messages, so that a slow reader is seen to take some of one. */
export async function* inPieces(
  body: AsyncIterable<Uint8Array>,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      yield chunk.subarray(at, at + pieceBytes);
      progress.pieces++;
    }
  }
}

/** Writes frames into a response, waiting where its reader is slow. */
export function createFrameWriter(response: Response, progress: Progress): WriteFrame {
  const writePiece = (piece: Uint8Array): Promise<void> | undefined => {
    if (progress.isClosed) return undefined; // the signal tells it
    const isRoomy = "stream" in response ? response.write(piece) : response.write(piece);
    progress.pieces++;
    return isRoomy ? undefined : room(response);
  };
  const writePieces = async (frame: Uint8Array) => {
    for (let at = 0; at < frame.length; at += pieceBytes) {
      await writePiece(frame.subarray(at, at + pieceBytes));
    }
  };
  return (frame) => (frame.length <= pieceBytes ? writePiece(frame) : writePieces(frame));
}

/** Resolves when the transport took what it was given, or never will. */
function room(response: Response): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
