import { setTimeout as pause } from "node:timers/promises";
import { defineComponent, tool, z } from "@daphnia/component";

/** A component for tests, by the name that is given first; `run` and the like follow. */
const [name = "sample", ...rest] = process.argv.slice(2);

/** What a test may want to be another than before. */
const description = process.env["SAMPLE_DESCRIPTION"] ?? "Says the same again.";

await defineComponent({
  name,
  version: "1.2.3",
  tools: [
    tool({
      name: "echo",
      description,
      input: z.object({ text: z.string() }),
      annotations: { readOnlyHint: true },
      handler: ({ text }) => text,
    }),
    tool({
      name: "pid",
      description: "Answers its process.",
      handler: () => String(process.pid),
    }),
    tool({
      name: "hang",
      description: "Tells that it begins, and never answers.",
      async handler(_, call) {
        await call.progress(1, 10, "it hangs");
        await new Promise((_resolve, reject) =>
          call.signal.addEventListener("abort", () => reject(new Error("it was canceled"))),
        );
      },
    }),
    tool({
      name: "work",
      description: "Counts, and tells how far it is.",
      input: z.object({ steps: z.number(), pause: z.number() }),
      async handler({ steps, pause: ms }, call) {
        for (let done = 1; done <= steps; done++) {
          await pause(ms);
          await call.progress(done, steps);
        }
        return `${steps} steps`;
      },
    }),
  ],
}).run(rest);
