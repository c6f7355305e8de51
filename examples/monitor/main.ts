#!/usr/bin/env node
import { isAbsolute } from "node:path";
import { defineComponent, tool, z } from "@daphnia/component";
import { openWatches } from "./watches.ts";

const isPage = (text: string) => /^https?:$/.test(URL.parse(text)?.protocol ?? "");
const target = z
  .string()
  .max(2000)
  .refine((text) => isAbsolute(text) || isPage(text), "an http(s) address, or an absolute path");
let watches: ReturnType<typeof openWatches>; // opened before any tool can be called

await defineComponent({
  name: "monitor",
  version: "0.1.0",
  description: "Watches pages and files, and tells what changed.",
  start: (context) => {
    watches = openWatches(context);
  },
  tools: [
    tool({
      name: "watch",
      description: "Watches a page or a file from now on, every so many seconds.",
      input: z.object({ target, every: z.number().min(1).max(86_400).default(60) }),
      async handler({ target, every }, { signal }) {
        await watches.watch(target, every, signal);
        return `watching ${target} every ${every} s`;
      },
    }),
    tool({
      name: "unwatch",
      description: "Watches a page or a file no more.",
      input: z.object({ target }),
      annotations: { idempotentHint: true },
      handler: ({ target }) => `${target} ${watches.unwatch(target) ? "is" : "was"} not watched`,
    }),
    tool({
      name: "changes",
      description: "Tells what changed, oldest first. `since` is the `last` of an earlier answer.",
      input: z.object({ since: z.number().int().min(0).default(0) }),
      annotations: { readOnlyHint: true },
      handler: ({ since }) => watches.changes(since),
    }),
  ],
}).run();
