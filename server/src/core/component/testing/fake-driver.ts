import { setImmediate as soon } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import type {
  ComponentDriver,
  Endpoint,
  Link,
  RemoteAnswer,
  RemoteCall,
  RemoteTool,
} from "../link.ts";

/** A connection whose other end is played by a test. */
export interface FakeLink {
  readonly endpoint: Endpoint;
  readonly pings: number;
  readonly isClosed: boolean;
  /** Calls without an answer, the oldest first. */
  readonly open: readonly { readonly call: RemoteCall; answer(text: string): void }[];
  /** Whether it answers when it is asked. */
  isSilent: boolean;
  fall(why: string): void;
  change(tools: readonly RemoteTool[]): void;
}

/** A try to connect that waits for what the test makes of it. */
export interface FakeTry {
  readonly signal: AbortSignal;
  readonly endpoint: Endpoint;
  accept(tools?: readonly RemoteTool[]): FakeLink;
  refuse(error: Error): void;
}

export interface FakeDriver extends ComponentDriver {
  readonly tries: readonly FakeTry[];
  /** Accepts what comes from now on with these tools; undefined: each try waits. */
  accepts: readonly RemoteTool[] | undefined;
  readonly links: readonly FakeLink[];
}

export const remoteTool = (name: string, more: Partial<RemoteTool> = {}): RemoteTool => ({
  ...{ name, description: `Does ${name}.`, parameters: '{"type":"object"}' },
  ...{ isReadOnly: false, isIdempotent: false },
  ...more,
});

export const textAnswer = (value: string): Extract<RemoteAnswer, { kind: "answer" }> => ({
  kind: "answer",
  parts: [create(PartSchema, { kind: { case: "text", value } })],
  attachments: [],
  isError: false,
});

export const remoteCall = (tool: string, signal = new AbortController().signal): RemoteCall => ({
  ...{ tool, arguments: {}, signal, idleTimeout: 1000, callTimeout: 1000, roots: [] },
  progress() {},
  ask: async () => undefined,
  sample: async () => undefined,
});

export function createFakeDriver(accepts?: readonly RemoteTool[]): FakeDriver {
  const tries: FakeTry[] = [];
  const links: FakeLink[] = [];
  const driver: FakeDriver = {
    tries,
    links,
    accepts,
    connect(_name, endpoint, onTools, signal) {
      return new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        const one: FakeTry = {
          signal,
          endpoint,
          accept(tools = []) {
            const { link, fake } = createFakeLink(endpoint, tools, onTools);
            links.push(fake);
            resolve(link);
            return fake;
          },
          refuse: reject,
        };
        tries.push(one);
        if (driver.accepts !== undefined) one.accept(driver.accepts);
      });
    },
  };
  return driver;
}

function createFakeLink(endpoint: Endpoint, first: readonly RemoteTool[], onTools: () => void) {
  let tools = first;
  let isClosed = false;
  let pings = 0;
  const open: { call: RemoteCall; answer(text: string): void }[] = [];
  const { promise: down, resolve: fall } = Promise.withResolvers<string>();
  const fake: FakeLink = {
    ...{ endpoint, open, fall, isSilent: false },
    get pings() {
      return pings;
    },
    get isClosed() {
      return isClosed;
    },
    change(next) {
      tools = next;
      onTools();
    },
  };
  const link: Link = {
    ...{ serverName: "fake", version: "1", protocol: "p", pid: 7, down },
    tools: () => tools,
    call: (call) =>
      new Promise((resolve, reject) => {
        const one = {
          call,
          answer(text: string) {
            open.splice(open.indexOf(one), 1);
            resolve(textAnswer(text));
          },
        };
        open.push(one);
        call.signal.addEventListener("abort", () => reject(call.signal.reason), { once: true });
      }),
    async ping() {
      pings++;
      if (fake.isSilent) throw new Error("nobody answers");
    },
    async close() {
      isClosed = true;
      fall("it was closed");
      await soon(); // a program takes a while to end
    },
  };
  return { link, fake };
}
