import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { eventually, megabyte, residentBytes, watchResidence } from "../watching/residence.ts";
import { startTalk, turn } from "../watching/talk.ts";
import { openUnreadWatch } from "../watching/unread-watch.ts";

const streams = 1000;
const hang = 20_000;
/** The second thousand may cost this much at most: what nobody holds is not yet collected. */
const slack = 16 * megabyte;
const talkers = 2;

const path = "/daphnia.v1.EventService/Watch";
const emptyJson = Buffer.from([0, 0, 0, 0, 2, 123, 125]);
const headers = {
  ":method": "POST",
  ":path": path,
  "content-type": "application/connect+json",
};

const script = `
repeat = "last"
chunk = 4
pace_ms = 1
[[turn]]
  [[turn.step]]
  say = "Something is always going on while people come and go."
`;

describe("streams that are opened and left", () => {
  let daemon: DaemonProcess;
  before(async () => {
    const config = '[limits]\nheader_timeout = "300ms"\n';
    daemon = await startDaemonProcess({ config });
    await daemon.script("talk", script);
  });
  after(() => daemon.remove());

  const openWatches = async () => (await daemon.client.daemon.getInfo({})).openWatches;
  const noneOpen = () => eventually(openWatches, (open) => open === 0, hang);

  it("S4: leave nothing behind, thousands of them, and others are served", async (t) => {
    await using residence = watchResidence(daemon.client);
    await using talk = startTalk(daemon, "talk", talkers);
    const sizes: number[] = [];
    for (let thousand = 0; thousand < 3; thousand++) {
      await leaveByReset(daemon.socket, streams / 2);
      await leaveByDestroy(daemon.socket, streams / 2);
      await eventually(openWatches, (open) => open <= talkers, hang);
      sizes.push(await residentBytes(daemon.client));
    }
    await talk.stop();
    await residence.stop();
    await noneOpen();
    const { median, longest } = residence.answers();
    const [, second = 0, third = 0] = sizes;
    t.diagnostic(
      `${sizes.map((size) => (size / megabyte).toFixed(1)).join(", ")} MB after each thousand; ` +
        `GetInfo ${median.toFixed(1)} ms in the middle, ${longest.toFixed(0)} ms at most`,
    );
    assert.ok(third - second < slack, `the last thousand cost ${third - second} bytes`);
    assert.ok(longest < hang);
  });

  it("S4: half-open connections are closed, and their like does not keep others out", async () => {
    const starts = [
      "",
      "P",
      "PRI * HTT",
      "POST / HTTP/1.1\r\n",
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/connect+json\r\n`,
    ];
    const sockets = Array.from({ length: 100 }, (_, i) => {
      const socket = dial(daemon.socket);
      socket.write(starts[i % starts.length] ?? "");
      return socket;
    });
    const closed = sockets.map(async (socket) => {
      socket.resume();
      await once(socket, "close");
    });
    await turn(daemon, "talk");
    await Promise.all(closed);
    assert.equal(await openWatches(), 0);
  });

  it("S4: a slow sender is served once it has said everything", async () => {
    const socket = dial(daemon.socket);
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/connect+json\r\n`;
    socket.write(
      `${head}Connect-Protocol-Version: 1\r\nContent-Length: ${emptyJson.length}\r\n\r\n`,
    );
    for (const byte of emptyJson) {
      await turn(daemon, "talk"); // time enough for an answer to what was not said
      assert.equal(socket.bytesRead, 0);
      socket.write(Buffer.from([byte]));
    }
    await once(socket, "readable");
    await eventually(openWatches, (open) => open === 1, hang);
    await turn(daemon, "talk");
    socket.destroy();
    await noneOpen();
  });

  it("S4: readers that stop reading do not hold up those who read", async () => {
    const unread = await Promise.all(
      Array.from({ length: 20 }, () => openUnreadWatch(daemon.socket, "http/1.1")),
    );
    for (let i = 0; i < 5; i++) await turn(daemon, "talk");
    for (const viewer of unread) viewer.destroy();
    await noneOpen();
  });
});

/** Many streams of one connection, each reset as soon as it began, or even before. */
async function leaveByReset(socket: string, count: number): Promise<void> {
  const session = connectHttp2("http://x", { createConnection: () => dial(socket) });
  const abreast = 50;
  for (let left = count; left > 0; left -= abreast) {
    await Promise.all(
      Array.from({ length: Math.min(left, abreast) }, async (_, i) => {
        const stream = session.request(headers).on("error", () => {}); // it was left
        stream.end(emptyJson);
        const closed = new Promise((resolve) => stream.once("close", resolve));
        if (i % 2 === 0) await once(stream, "response");
        stream.close(constants.NGHTTP2_CANCEL);
        await closed;
      }),
    );
  }
  session.destroy();
}

/** Many connections, each gone as soon as its watch is open, or even before. */
async function leaveByDestroy(socket: string, count: number): Promise<void> {
  const abreast = 50;
  for (let left = count; left > 0; left -= abreast) {
    await Promise.all(
      Array.from({ length: Math.min(left, abreast) }, async (_, i) => {
        if (i % 2 === 0) {
          const viewer = await openUnreadWatch(socket, i % 4 === 0 ? "http/1.1" : "http/2 stream");
          viewer.destroy();
          return;
        }
        const leaving = dial(socket);
        leaving.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n`);
        await new Promise<void>((resolve) => leaving.write(emptyJson, () => resolve()));
        leaving.destroy();
      }),
    );
  }
}

function dial(path: string): Socket {
  return connect(path).on("error", () => {}); // its closing says it
}
