import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "@daphnia/protocol/google/rpc/error_details";

/** What a program can read of an error. */
export interface Refusal {
  /** `InvalidArgument` and so on; `none` when the call succeeded. */
  readonly code: string;
  /** `INVALID_FIELD` and so on; empty when the error is not one of ours. */
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fields: readonly string[];
  /** Milliseconds after which to try again; undefined when waiting does not help. */
  readonly retryAfter: number | undefined;
}

/** How a call is refused. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const [info] = error.findDetails(ErrorInfoSchema);
    const [bad] = error.findDetails(BadRequestSchema);
    const [retry] = error.findDetails(RetryInfoSchema);
    return {
      code: Code[error.code],
      reason: info?.reason ?? "",
      message: error.rawMessage,
      metadata: info?.metadata ?? {},
      fields: bad?.fieldViolations.map(({ field }) => field) ?? [],
      retryAfter: retry?.retryDelay && durationMs(retry.retryDelay),
    };
  }
  const nothing = { reason: "", message: "", metadata: {}, fields: [], retryAfter: undefined };
  return { code: "none", ...nothing };
}

/** Reads a stream to its end; rejects as it does. */
export async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
