import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { DaemonService } from "@daphnia/protocol/daemon_service";

/**
 * A client with nothing between it and `node:http2`, so that what it costs is
 * small and the same for every server that is measured.
 */
export interface RawClient {
  /** Asks who it is, and throws the answer away. */
  getInfo(): Promise<void>;
  /** Asks for something that is no RPC, and waits until it is done. */
  visit(path: string): Promise<void>;
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
  ): Promise<MessageShape<O>>;
  /** Tells every message of a stream, as bytes, until it is left. */
  stream(path: string, request: Uint8Array, onMessage: (bytes: Buffer) => void): () => void;
  close(): void;
}

export function dial(path: string): RawClient {
  return openRawClient(connectSocket(path));
}

export function openRawClient(socket: Socket): RawClient {
  const session = connect("http://localhost", { createConnection: () => socket });
  session.on("error", () => {}); // its streams tell it too
  return {
    async getInfo() {
      const { getInfo } = DaemonService.method;
      await post(session, pathOf(getInfo), "application/proto", new Uint8Array());
    },
    async visit(path) {
      await post(session, path, "text/plain", new Uint8Array());
    },
    async call(method, input) {
      const body = toBinary(method.input, create(method.input, input));
      const { status, bytes } = await post(session, pathOf(method), "application/proto", body);
      if (status !== 200) throw new Error(`${method.name} answered ${status}: ${bytes.toString()}`);
      return fromBinary(method.output, bytes);
    },
    stream(path, request, onMessage) {
      const stream = open(session, path, "application/connect+proto");
      stream.on("data", createEnvelopeReader(onMessage));
      stream.on("error", () => {}); // it was left
      stream.end(envelope(request));
      return () => stream.close();
    },
    close: () => session.destroy(),
  };
}

function pathOf({ parent, name }: { parent: { typeName: string }; name: string }): string {
  return `/${parent.typeName}/${name}`;
}

function open(session: ClientHttp2Session, path: string, type: string): ClientHttp2Stream {
  return session.request({ ":method": "POST", ":path": path, "content-type": type });
}

function post(
  session: ClientHttp2Session,
  path: string,
  type: string,
  body: Uint8Array,
): Promise<{ status: number; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const stream = open(session, path, type);
    const chunks: Buffer[] = [];
    let status = 0;
    stream.on("response", (headers) => {
      status = headers[":status"] ?? 0;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve({ status, bytes: Buffer.concat(chunks) }));
    stream.on("error", reject);
    stream.end(body);
  });
}

const headBytes = 5;

/** A message as a stream carries it: a byte of flags, four of length, the message. */
export function envelope(bytes: Uint8Array): Buffer {
  const framed = Buffer.alloc(headBytes + bytes.length);
  framed.writeUInt32BE(bytes.length, 1);
  framed.set(bytes, headBytes);
  return framed;
}

const endOfStream = 2;

/** Cuts chunks into messages. */
export function createEnvelopeReader(onMessage: (bytes: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer[] = [];
  let size = 0;
  let wanted = headBytes;
  return (chunk) => {
    held.push(chunk);
    size += chunk.length;
    if (size < wanted) return;
    let rest = held.length === 1 ? chunk : Buffer.concat(held, size);
    for (wanted = sizeOf(rest); rest.length >= wanted; wanted = sizeOf(rest)) {
      const message = rest.subarray(headBytes, wanted);
      if (rest[0] === endOfStream) throw new Error(`a stream ended: ${message.toString()}`);
      onMessage(message);
      rest = rest.subarray(wanted);
    }
    held = [rest];
    size = rest.length;
  };
}

/** Bytes of the first message with its head, or of the head alone while that is not whole. */
function sizeOf(bytes: Buffer): number {
  return bytes.length < headBytes ? headBytes : headBytes + bytes.readUInt32BE(1);
}
