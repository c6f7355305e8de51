import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { buildWeb } from "../../../tools/web-build.ts";

/** What a page needs to show a conversation as it goes on. */
const watching = `
  import { createClient } from "@connectrpc/connect";
  import { EventService } from "@daphnia/protocol/event_service";
  export { createStorageCursor } from "./cursor-storage.ts";
  export { createTranscript } from "./transcript.ts";
  import { watch } from "./watch.ts";
  import { webTransport } from "./web.ts";
  export const open = (options, where) => watch(createClient(EventService, webTransport(where)), options);
`;
const everything = `
  export { createTranscript } from "./transcript.ts";
  export { connectWeb } from "./web.ts";
`;

describe("the web build", () => {
  it("watches and folds in less than 40 kB gzipped", async (t) => {
    const bytes = gzipSync((await buildWeb(watching, import.meta.dirname)).code).length;
    const whole = gzipSync((await buildWeb(everything, import.meta.dirname)).code).length;
    t.diagnostic(`watch, fold and transport: ${bytes} bytes; every service: ${whole} bytes`);
    assert.ok(bytes < 40_000, `${bytes} bytes`);
  });

  it("holds nothing that only Node has", async () => {
    const { files } = await buildWeb(everything, import.meta.dirname);
    const foreign = /node:|connect-node|\/src\/(node|home|cursor-file)\.ts/;
    assert.deepEqual(
      files.filter((file) => foreign.test(file)),
      [],
    );
    // Nothing of node can be resolved for a browser, so a build that succeeds holds none.
    await assert.rejects(buildWeb('import "./node.ts";', import.meta.dirname), /Could not resolve/);
  });
});
