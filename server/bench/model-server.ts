import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Says one answer, piece by piece, in the wire format of Anthropic's models. */
export interface Speaker {
  /** A piece of text; it is on its way when this returns. */
  say(piece: string): void;
  /** Resolves when the socket has taken what was said. */
  room(): Promise<void>;
  /** Ends the answer, or asks for a tool. */
  end(call?: { readonly id: string; readonly tool: string; readonly input: object }): void;
}

/** A model server on loopback: bytes on a socket, as a provider sends them. */
export interface ModelServer {
  /** What a daemon needs to speak to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The model's name for the daemon. */
  readonly model: string;
  close(): void;
}

/** `answer` is called for each request, and may take its time. */
export async function startModelServer(
  answer: (speaker: Speaker) => void | Promise<void>,
): Promise<ModelServer> {
  const server = createServer(async (request, response) => {
    await drain(request);
    await answer(createSpeaker(response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    environment: {
      ANTHROPIC_API_KEY: "sk-bench",
      ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}`,
    },
    model: "anthropic/claude-sonnet-5",
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function createSpeaker(response: ServerResponse): Speaker {
  response.socket?.setNoDelay(true);
  response.writeHead(200, { "content-type": "text/event-stream" });
  const write = (type: string, rest: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  const start = (index: number, block: object) =>
    write("content_block_start", { index, content_block: block });
  const delta = (index: number, piece: object) =>
    write("content_block_delta", { index, delta: piece });
  const usage = { input_tokens: 3, output_tokens: 1 };
  const message = {
    ...{ id: "msg_1", type: "message", role: "assistant", model: "claude-sonnet-5" },
    ...{ content: [], stop_reason: null, stop_sequence: null, usage },
  };
  write("message_start", { message });
  start(0, { type: "text", text: "" });
  return {
    say: (text) => void delta(0, { type: "text_delta", text }),
    async room() {
      if (response.writableNeedDrain) await once(response, "drain");
    },
    end(call) {
      write("content_block_stop", { index: 0 });
      if (call !== undefined) {
        const { id, tool, input } = call;
        start(1, { type: "tool_use", id, name: tool, input: {} });
        delta(1, { type: "input_json_delta", partial_json: JSON.stringify(input) });
        write("content_block_stop", { index: 1 });
      }
      const stop_reason = call === undefined ? "end_turn" : "tool_use";
      write("message_delta", { delta: { stop_reason, stop_sequence: null }, usage });
      write("message_stop", {});
      response.end();
    },
  };
}

async function drain(request: IncomingMessage): Promise<void> {
  for await (const _ of request); // a model reads all before it speaks
}
