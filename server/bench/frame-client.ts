import { connect } from "node:net";

/**
 * Streams of one HTTP/2 connection, read without `node:http2`: a thousand viewers in one
 * process would otherwise be slower than any server that tells them something.
 */
export interface FrameClient {
  /** Opens a stream with one request; `onBytes` is told what comes, without frames' heads. */
  open(path: string, body: Uint8Array, onBytes: (bytes: Buffer) => void): void;
  close(): void;
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const headBytes = 9;
const mostWindow = 2 ** 31 - 1;
const usualWindow = 65_535;

/** Frames of RFC 9113, section 6. */
const type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, window: 8 };
const flag = { ack: 1, endStream: 1, endHeaders: 4 };

/**
 * Takes all that is sent: windows are as large as they can be. A stream's window is
 * never opened again, so one stream may be sent 2 GiB.
 */
export function openFrameClient(path: string): FrameClient {
  const socket = connect(path);
  const readers = new Map<number, (bytes: Buffer) => void>();
  let lastStream = -1;
  let taken = 0;
  socket.write(preface);
  socket.write(frame(type.settings, 0, 0, settings()));
  socket.write(frame(type.window, 0, 0, uint32(mostWindow - usualWindow)));
  socket.on("error", () => {}); // it was left
  socket.on("data", createFrameReader(onFrame));

  function onFrame(kind: number, flags: number, stream: number, payload: Buffer): void {
    switch (kind) {
      case type.data:
        readers.get(stream)?.(payload);
        take(payload.length);
        return;
      case type.settings:
      case type.ping:
        if ((flags & flag.ack) === 0) socket.write(answerOf(kind, payload));
        return;
      case type.reset:
      case type.goaway:
        throw new Error(`the server gave a stream up: frame ${kind}, ${payload.toString("hex")}`);
    }
  }

  /** Opens the connection's window again, long before it is closed. */
  function take(bytes: number): void {
    taken += bytes;
    if (taken < mostWindow / 4) return;
    socket.write(frame(type.window, 0, 0, uint32(taken)));
    taken = 0;
  }

  return {
    open(path, body, onBytes) {
      lastStream += 2;
      readers.set(lastStream, onBytes);
      socket.write(frame(type.headers, flag.endHeaders, lastStream, headersOf(path)));
      socket.write(frame(type.data, flag.endStream, lastStream, body));
    },
    close: () => socket.destroy(),
  };
}

function answerOf(kind: number, payload: Buffer): Buffer {
  return frame(kind, flag.ack, 0, kind === type.ping ? payload : new Uint8Array());
}

/** Cuts what comes into frames. */
function createFrameReader(
  onFrame: (kind: number, flags: number, stream: number, payload: Buffer) => void,
): (chunk: Buffer) => void {
  let held: Buffer | undefined;
  return (chunk) => {
    const bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const end = at + headBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const [kind = 0, flags = 0] = [bytes[at + 3], bytes[at + 4]];
      onFrame(kind, flags, bytes.readUInt32BE(at + 5), bytes.subarray(at + headBytes, end));
      at = end;
    }
    held = at < bytes.length ? bytes.subarray(at) : undefined;
  };
}

function frame(kind: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const framed = Buffer.alloc(headBytes + payload.length);
  framed.writeUIntBE(payload.length, 0, 3);
  framed[3] = kind;
  framed[4] = flags;
  framed.writeUInt32BE(stream, 5);
  framed.set(payload, headBytes);
  return framed;
}

/** No pushes, no table of headers, and a window that never fills. */
function settings(): Buffer {
  const pairs = [
    [1, 0],
    [2, 0],
    [4, mostWindow],
  ] as const;
  const bytes = Buffer.alloc(pairs.length * 6);
  for (const [i, [id, value]] of pairs.entries()) {
    bytes.writeUInt16BE(id, i * 6);
    bytes.writeUInt32BE(value, i * 6 + 2);
  }
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Headers of RFC 7541 that no table has to remember: POST, http, a host, a path, a content type. */
function headersOf(path: string): Buffer {
  const text = (value: string) => Buffer.from([value.length, ...Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from([0x83, 0x86, 0x01]),
    text("localhost"),
    Buffer.from([0x04]),
    text(path),
    Buffer.from([0x0f, 0x10]),
    text("application/connect+proto"),
  ]);
}
