import { create } from "@bufbuild/protobuf";
import { type Blob, BlobSchema } from "@daphnia/protocol/blob";
import {
  type FileChange,
  ScopeViolatedSchema,
  ToolCallFinishedSchema,
  ToolCallStartedSchema,
} from "@daphnia/protocol/event";
import { type Part, PartSchema } from "@daphnia/protocol/message";
import { ToolCallStatus } from "@daphnia/protocol/tool";
import type { PreparedBlob } from "../log/blob-store.ts";
import type { Fact } from "../log/session-writer.ts";
import type { CallProcess } from "../tool/tool.ts";
import type { Refused } from "./admit.ts";
import { takenBack } from "./approval.ts";
import { body, duration } from "./facts.ts";
import type { OpenCall } from "./open-calls.ts";
import type { TurnDeps } from "./turn-deps.ts";

/** What became of a call. */
export interface CallEnd {
  readonly status: ToolCallStatus;
  readonly parts: readonly Part[];
  /** From its start on; absent where it did not start. */
  readonly milliseconds?: number;
  /** All that it printed, and when. */
  readonly output?: Blob;
  readonly cadence?: Uint8Array;
  readonly changes?: readonly FileChange[];
}

type Told = Pick<TurnDeps, "state">;

export function started(
  { call, step, starts }: OpenCall,
  process: CallProcess | undefined,
  deps: Pick<TurnDeps, "state" | "toolOf">,
): Fact {
  const { callId, tool } = call;
  const component = deps.toolOf(tool)?.spec.component ?? "";
  return {
    turnId: deps.state().turnId,
    step,
    body: body("toolCallStarted", ToolCallStartedSchema, {
      ...{ callId, tool, component, attempt: starts + 1 },
      ...(process && { process }),
    }),
  };
}

export function finished({ call, step }: OpenCall, end: CallEnd, deps: Told): Fact {
  const { status, parts, milliseconds, output, cadence, changes = [] } = end;
  return {
    turnId: deps.state().turnId,
    step,
    body: body("toolCallFinished", ToolCallFinishedSchema, {
      callId: call.callId,
      status,
      parts: [...parts],
      changes: [...changes],
      ...(milliseconds !== undefined && { duration: duration(milliseconds) }),
      ...(output && { output }),
      ...(cadence && { cadence }),
    }),
  };
}

/** The answer to a call that does not run; a question that waits about it is taken back. */
export function refused({ open, status, why }: Refused, deps: Told): readonly Fact[] {
  const { turnId } = deps.state();
  const { call, step } = open;
  const what = { callId: call.callId, what: call.tool };
  const violation = { turnId, step, body: body("scopeViolated", ScopeViolatedSchema, what) };
  return [
    ...takenBack(open, turnId, why),
    ...(status === ToolCallStatus.OUT_OF_SCOPE ? [violation] : []),
    finished(open, { status, parts: [text(why)] }, deps),
  ];
}

/** How an event names bytes that are kept beside it. */
export function blobOf({ digest, size }: PreparedBlob): Blob {
  return create(BlobSchema, { digest, size: BigInt(size), mediaType: "application/octet-stream" });
}

export function text(value: string): Part {
  return create(PartSchema, { kind: { case: "text", value } });
}
