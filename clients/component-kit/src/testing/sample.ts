import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { defineComponent, tool, z } from "../component.ts";

/** A component with a tool for each thing that can happen, for tests. */
await defineComponent({
  name: "sample",
  version: "1.2.3",
  description: "A sample.",
  grace: Number(process.env["SAMPLE_GRACE"] ?? 5000),
  start({ folder, signal }) {
    if (process.env["SAMPLE_BROKEN"]) throw new Error(process.env["SAMPLE_BROKEN"]);
    writeFileSync(join(folder, "started"), "");
    signal.addEventListener("abort", () => writeFileSync(join(folder, "told"), ""));
  },
  tools: [
    tool({
      name: "greet",
      description: "Greets.",
      input: z.object({ name: z.string().describe("who"), loud: z.boolean().default(false) }),
      annotations: { readOnlyHint: true },
      handler: ({ name, loud }) => (loud ? `HELLO, ${name.toUpperCase()}!` : `Hello, ${name}!`),
    }),
    tool({
      name: "sum",
      description: "Adds.",
      input: {
        type: "object",
        properties: { numbers: { type: "array", items: { type: "number" } } },
        required: ["numbers"],
        additionalProperties: false,
      },
      handler: ({ numbers }) => ({
        sum: Array.isArray(numbers) ? numbers.reduce((total, number) => total + number, 0) : 0,
      }),
    }),
    tool({
      name: "picture",
      description: "Shows.",
      handler: () => ({ content: [{ type: "image", data: "aGk=", mimeType: "image/png" }] }),
    }),
    tool({
      name: "fail",
      description: "Fails.",
      handler() {
        throw new Error("no luck");
      },
    }),
    tool({
      name: "count",
      description: "Counts, and tells each.",
      input: z.object({ to: z.number(), every: z.number() }),
      async handler({ to, every }, { progress, signal, log }) {
        for (let done = 1; done <= to; done++) {
          await progress(done, to, `at ${done}`);
          await pause(every, undefined, { signal });
        }
        log.info("counted", { to });
        return `counted to ${to}`;
      },
    }),
    tool({
      name: "deaf",
      description: "Never ends, whatever it is told.",
      handler: () => new Promise(() => {}),
    }),
  ],
}).run();
