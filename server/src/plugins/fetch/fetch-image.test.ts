import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { largestImage } from "../../core/tool/image.ts";
import { pngImage as png } from "../../core/tool/testing/png-image.ts";
import { createRunContext } from "../../core/tool/testing/run-context.ts";
import type { Attachment } from "../../core/tool/tool.ts";
import { createFetchTool } from "./fetch-tool.ts";
import { place, startServer } from "./testing/web-stage.ts";

interface Fetched {
  readonly end: string;
  readonly isError: boolean;
  readonly attachments: readonly Attachment[];
}

/** Fetches what a server sends; of what is told, what comes after the head. */
async function fetched(type: string, body: Buffer, status = 200): Promise<Fetched> {
  await using server = await startServer((_, response) => {
    response.writeHead(status, { "content-type": type }).end(body);
  });
  const settings = { allow: ["127.0.0.1"], maxBytes: 10_000_000, timeout: 20_000 };
  const tool = createFetchTool({ settings: () => settings });
  const url = `http://127.0.0.1:${server.port}/a/pic.png?x=1`;
  const claimed = await tool.claim({ url }, place);
  const { parts, isError, attachments = [] } = await claimed.run(createRunContext());
  const text = parts.map(({ kind }) => (kind.case === "text" ? kind.value : "")).join("");
  return { end: text.split("\n").slice(5).join("\n"), isError, attachments };
}

describe("fetch of an image", () => {
  it("brings it along as it is, by what its bytes are, whatever the header calls it", async () => {
    const body = png(3, 2);
    for (const type of ["image/png", "image/jpeg", "application/octet-stream", ""]) {
      assert.deepEqual(await fetched(type, body), {
        end: `[the image follows: 3 × 2 pixels, ${body.length} bytes]`,
        isError: false,
        attachments: [{ bytes: body, mediaType: "image/png", name: "pic.png" }],
      });
    }
  });

  it("tells only the size of one that a provider would refuse, and of what is none", async () => {
    const wide = png(8001, 1);
    const large = png(2, 2, largestImage);
    const none = Buffer.from("<html>not an image");
    const refused = [await fetched("image/png", wide), await fetched("image/png", large)];
    const odd = [await fetched("image/webp", none), await fetched("image/png", png(1, 1), 404)];
    assert.deepEqual(
      [...refused, ...odd].map(({ end }) => end),
      [
        `[an image of 8001 × 1 pixels, of which at most 8000 are shown: ${wide.length} bytes]`,
        `[not text: ${largestImage} bytes]\n[there is more: the limit is ${largestImage} bytes]`,
        "[not text: 18 bytes]",
        `[not text: ${png(1, 1).length} bytes]`,
      ],
    );
    for (const { attachments } of [...refused, ...odd]) assert.deepEqual(attachments, []);
  });
});
