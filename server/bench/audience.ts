import { watchPath, watchRequest } from "./conversation.ts";
import { type FrameClient, openFrameClient } from "./frame-client.ts";
import { createEnvelopeReader, dial, envelope } from "./raw-client.ts";
import type { ServerProcess } from "./server-process.ts";

/** What it took to tell an audience all of something. */
export interface Show {
  readonly milliseconds: number;
  /** Milliseconds of processor time that the server took for it. */
  readonly processor: number;
  /** Messages that the viewers were told, all together. */
  readonly messages: number;
}

/** Viewers in this process who count events and decode none. */
export interface Audience {
  /** Has events appended and waits until every viewer was told them all. */
  show(path: string, events: number): Promise<Show>;
  leave(): void;
}

export interface Seats {
  readonly viewers: number;
  /** The viewers' streams are spread over these, alike. */
  readonly connections: number;
}

/** Streams that are opened at a time: a thousand at once overrun a server's settings. */
const slice = 50;

/** Resolves when the first message has come to everybody. */
export async function seat(
  server: ServerProcess,
  { viewers, connections }: Seats,
): Promise<Audience> {
  const clients = Array.from({ length: connections }, () => openFrameClient(server.socket));
  const request = envelope(watchRequest({ noDeltas: true }));
  let messages = 0;
  let left = 0;
  let done = () => {};
  const open = (client: FrameClient) =>
    new Promise<void>((resolve) => {
      const read = createEnvelopeReader((bytes) => {
        resolve();
        messages++;
        left -= countEvents(bytes);
        if (left === 0) done();
      });
      client.open(watchPath, request, read);
    });
  for (let seated = 0; seated < viewers; seated += slice) {
    const places = Array.from({ length: Math.min(slice, viewers - seated) }, (_, i) => seated + i);
    await Promise.all(places.map((place) => open(clients[place % connections]!)));
  }
  const stage = dial(server.socket);
  return {
    async show(path, events) {
      messages = 0;
      left = events * viewers;
      const seen = new Promise<void>((resolve) => {
        done = resolve;
      });
      const processor = server.processor();
      const began = performance.now();
      await stage.visit(path);
      await seen;
      const milliseconds = performance.now() - began;
      return { milliseconds, processor: server.processor() - processor, messages };
    },
    leave() {
      for (const client of [...clients, stage]) client.close();
    },
  };
}

const eventsTag = 0x12;
const lengthDelimited = 2;

/** Field 2 of a WatchResponse, counted by skipping from field to field. */
export function countEvents(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at++] ?? 0;
    let value = 0;
    for (let shift = 1, byte = 128; byte >= 128; shift *= 128) {
      byte = bytes[at++] ?? 0;
      value += (byte & 127) * shift;
    }
    if ((tag & 7) === lengthDelimited) at += value;
    if (tag === eventsTag) count++;
  }
  return count;
}
