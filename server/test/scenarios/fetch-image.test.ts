import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { TurnOutcome } from "@daphnia/protocol/session";
import { logOf } from "../conversation.ts";
import { type DaemonProcess, startDaemonProcess } from "../daemon-process.ts";
import { type ModelServer, startModelServer } from "../model-server.ts";

/** One pixel. */
const image = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/q842iQAAAABJRU5ErkJggg==",
  "base64",
);

describe("an image that an agent fetches", () => {
  let web: Server;
  let model: ModelServer;
  let daemon: DaemonProcess;
  let url: string;

  before(async () => {
    web = createServer((_, response) => {
      response.writeHead(200, { "content-type": "image/png" }).end(image);
    });
    web.listen(0, "127.0.0.1");
    await once(web, "listening");
    // A server that listens on TCP has an address with a port.
    const { port } = web.address() as AddressInfo;
    url = `http://127.0.0.1:${port}/pixel.png`;
    model = await startModelServer();
    daemon = await startDaemonProcess({
      environment: { ANTHROPIC_API_KEY: "sk-test", ANTHROPIC_BASE_URL: model.url },
      config: `
[fetch]
allow = ["127.0.0.1:${port}"]
[[permissions.rules]]
tool = "fetch"
action = "allow"
host = "127.0.0.1:${port}"
`,
    });
  });
  after(async () => {
    await daemon?.remove();
    await model?.close();
    web?.close();
  });

  it("is kept as a blob, and the model is sent it with the result of its call", async () => {
    const call = { id: "call_a", name: "fetch", arguments: JSON.stringify({ url }) };
    model.mock.on({ hasToolResult: true }, { content: "It is one pixel." });
    model.mock.onMessage("look", { toolCalls: [call] });
    const { session } = await daemon.client.sessions.createSession({
      ...{ roots: [daemon.folder], model: "anthropic/claude-sonnet-5" },
    });
    const sessionId = session?.id ?? "";
    const { outcome, text } = await daemon.client.sessions.ask({ sessionId, text: "look" });
    assert.deepEqual([outcome, text], [TurnOutcome.COMPLETED, "It is one pixel."]);

    const log = await logOf(daemon.client, sessionId);
    const parts = log.flatMap(({ body }) =>
      body.case === "toolCallFinished" ? body.value.parts : [],
    );
    const [told, blob] = parts.map(({ kind }) => kind);
    assert.match(String(told?.value), /\[the image follows: 1 × 1 pixels, \d+ bytes\]$/);
    assert.ok(blob?.case === "blob");
    const { mediaType, name, size } = blob.value;
    assert.deepEqual([mediaType, name, size], ["image/png", "pixel.png", BigInt(image.length)]);

    const last = String(model.requests.at(-1)?.body);
    const sent = { type: "base64", media_type: "image/png", data: image.toString("base64") };
    assert.ok(last.includes(JSON.stringify(sent)), last.slice(-1500));
  });
});
