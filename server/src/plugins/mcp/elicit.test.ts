import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type Answer, AnswerSchema, type Question } from "@daphnia/protocol/approval";
import type { ElicitRequest } from "@modelcontextprotocol/client";
import { elicit } from "./elicit.ts";

type Form = Extract<ElicitRequest["params"], { requestedSchema: unknown }>["requestedSchema"];

const form = (properties: Form["properties"]): ElicitRequest => ({
  method: "elicitation/create",
  params: { mode: "form", message: "Who?", requestedSchema: { type: "object", properties } },
});
const labels = (...given: string[]): Answer => create(AnswerSchema, { labels: given });
const text = (given: string): Answer => create(AnswerSchema, { text: given });

/** What comes of answers, and what was asked. */
async function answered(request: ElicitRequest, ...answers: readonly Answer[]) {
  const asked: Question[] = [];
  const result = await elicit(request, async (questions) => {
    asked.push(...questions);
    return answers;
  });
  return { asked, result };
}

describe("elicit", () => {
  it("reads each field as its type says", async () => {
    const { asked, result } = await answered(
      form({
        name: { type: "string" },
        age: { type: "integer" },
        member: { type: "boolean" },
        color: { type: "string", enum: ["red", "blue"] },
        pets: { type: "array", items: { type: "string", enum: ["cat", "dog", "cow"] } },
      }),
      ...[text("Ada"), text("36"), labels("false"), labels("blue"), labels("cat", "cow")],
    );
    assert.deepEqual(result, {
      action: "accept",
      content: { name: "Ada", age: 36, member: false, color: "blue", pets: ["cat", "cow"] },
    });
    assert.deepEqual(
      asked.map(({ options, multiple }) => [options.map(({ label }) => label), multiple]),
      [
        [[], false],
        [[], false],
        [["true", "false"], false],
        [["red", "blue"], false],
        [["cat", "dog", "cow"], true],
      ],
    );
  });

  it("says nothing for a field of which nothing is said, but what the server proposes", async () => {
    const { result } = await answered(
      form({
        name: { type: "string" },
        age: { type: "number" },
        size: { type: "number", default: 3 },
      }),
      ...[text(""), text(""), text("")],
    );
    assert.deepEqual(result, { action: "accept", content: { size: 3 } });
  });

  it("makes no number of what is none", async () => {
    const { result } = await answered(form({ age: { type: "number" } }), text("old"));
    assert.deepEqual(result, { action: "accept", content: { age: "old" } });
  });

  it("asks whether somebody agrees where there is no field", async () => {
    const { asked, result } = await answered(form({}), labels("yes"));
    assert.deepEqual(
      [asked.map((one) => one.text), result],
      [["Who?"], { action: "accept", content: {} }],
    );
    assert.deepEqual((await answered(form({}), labels("no"))).result, { action: "decline" });
  });

  it("declines where nobody answers, where the turn ended, and where a page is to be opened", async () => {
    const declined = { action: "decline" };
    assert.deepEqual(await elicit(form({}), async () => undefined), declined);
    const canceled = async () => {
      throw new Error("the turn was canceled");
    };
    assert.deepEqual(await elicit(form({}), canceled), declined);
    const params = { mode: "url", message: "", url: "https://a.b", elicitationId: "1" } as const;
    assert.deepEqual(
      await elicit({ method: "elicitation/create", params }, async () => []),
      declined,
    );
  });
});
