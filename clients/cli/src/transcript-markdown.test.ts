import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type PartSchema, Role } from "@daphnia/protocol/message";
import { TranscriptEntrySchema } from "@daphnia/protocol/session_service";
import { transcriptMarkdown } from "./transcript-markdown.ts";

type Told = MessageInitShape<typeof PartSchema>;
const text = (value: string) => ({ kind: { case: "text" as const, value } });

function entry(
  role: Role,
  parts: Told[],
  more: { interrupted?: boolean; superseded?: boolean } = {},
) {
  return create(TranscriptEntrySchema, { message: { role, parts }, ...more });
}

async function markdownOf(...entries: ReturnType<typeof entry>[]): Promise<string> {
  const blobs: Record<string, string> = { whole: "all of it" };
  const readText = async (digest: string) => blobs[digest] ?? assert.fail(digest);
  const blocks: string[] = [];
  for await (const block of transcriptMarkdown("A talk", entries, readText)) blocks.push(block);
  return blocks.join("\n");
}

describe("transcriptMarkdown", () => {
  it("tells who says what, folds thinking, and fences calls and answers", async () => {
    const call = { callId: "c", tool: "glob", arguments: '{"pattern":"*"}' };
    const answer = { callId: "c", parts: [text("a\nb\n")], isError: false };
    const markdown = await markdownOf(
      entry(Role.USER, [text("Look.")]),
      entry(Role.ASSISTANT, [
        { kind: { case: "thinking", value: "Hm." } },
        text("I look."),
        { kind: { case: "toolCall", value: call } },
      ]),
      entry(Role.TOOL, [{ kind: { case: "toolResult", value: answer } }]),
      entry(Role.ASSISTANT, [text("Done.")]),
    );
    const expected = `# A talk

## User

Look.

## Assistant

<details>
<summary>Thinking</summary>

Hm.

</details>

I look.

Calls \`glob\`:

\`\`\`json
{
  "pattern": "*"
}
\`\`\`

\`glob\` answered:

\`\`\`
a
b
\`\`\`

Done.`;
    assert.equal(markdown, expected);
  });

  it("fences what holds fences with a longer one", async () => {
    const answer = { callId: "c", parts: [text("````md\n```\n````")], isError: true };
    const markdown = await markdownOf(
      entry(Role.TOOL, [{ kind: { case: "toolResult", value: answer } }]),
    );
    assert.match(markdown, /`c` failed:\n\n`````\n````md\n```\n````\n`````$/);
  });

  it("closes a code block that was left open, and lets nobody close our folds", async () => {
    const markdown = await markdownOf(
      entry(Role.ASSISTANT, [
        { kind: { case: "thinking", value: "</details> out" } },
        text("~~~js\n```\nx"),
        text("```\nwhole\n```"),
      ]),
    );
    assert.match(
      markdown,
      /&lt;\/details> out\n\n<\/details>\n\n~~~js\n```\nx\n~~~\n\n```\nwhole\n```$/,
    );
  });

  it("strikes out what was replaced, and says what was cut off", async () => {
    const markdown = await markdownOf(
      entry(Role.ASSISTANT, [text("Fir")], { interrupted: true, superseded: true }),
      entry(Role.ASSISTANT, [text("Seco")], { interrupted: true }),
    );
    const struck = "<del>\n\nFir\n\n</del>\n\n*(replaced by the next attempt)*";
    assert.equal(markdown, `# A talk\n\n## Assistant\n\n${struck}\n\nSeco\n\n*(cut off here)*`);
  });

  it("reads the whole of a part that the event holds only the ends of", async () => {
    const long = { ...text("a…t"), full: { digest: "whole" }, elided: 6n };
    assert.match(await markdownOf(entry(Role.ASSISTANT, [long])), /\n\nall of it$/);
  });

  it("shows control characters instead of obeying them", async () => {
    assert.match(await markdownOf(entry(Role.USER, [text("a\u001b[2Jb")])), /a\\x1b\[2Jb$/);
  });
});
