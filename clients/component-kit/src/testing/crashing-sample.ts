import { defineComponent, tool } from "../component.ts";

/** A component that a handler brings down, for tests. */
await defineComponent({
  name: "sample",
  tools: [
    tool({
      name: "crash",
      description: "Brings everything down.",
      handler() {
        setImmediate(() => {
          throw new Error("crashed on purpose");
        });
        return new Promise(() => {});
      },
    }),
  ],
}).run();
