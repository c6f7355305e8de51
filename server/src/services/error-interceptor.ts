import { create, type DescMethod } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "@daphnia/protocol/google/rpc/error_details";
import { DaemonError, type ErrorDetail, type Refusal } from "../base/errors.ts";

/** Told of every error that nobody threw on purpose. `method` is `package.Service/Method`. */
export type OnBug = (method: string, error: unknown) => void;

/**
 * Gives every error that leaves a handler its wire form, also one that a stream
 * throws while it is read. A `DaemonError` keeps its message and its detail; a
 * `ConnectError` and the end of a canceled call pass as they are; anything else
 * is a bug: the caller is told `internal` and no more, `onBug` is told all.
 */
export function createErrorInterceptor(onBug: OnBug): Interceptor {
  return (next) => async (request) => {
    const translate = (thrown: unknown): ConnectError => {
      if (thrown instanceof DaemonError) return toConnectError(thrown);
      if (thrown instanceof ConnectError) return thrown;
      if (request.signal.aborted && isAbort(thrown))
        return ConnectError.from(request.signal.reason);
      onBug(nameOf(request.method), thrown);
      return new ConnectError("internal error", Code.Internal, undefined, undefined, thrown);
    };
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: translated(response.message, translate) };
    } catch (thrown) {
      throw translate(thrown);
    }
  };
}

/** The wire form of a refusal, for those that refuse where no interceptor sees it. */
export function toConnectError(error: DaemonError): ConnectError {
  return edgeError(codes[error.refusal], error.message, error.detail, error);
}

/**
 * An error that only the edge may give, such as `unauthenticated`. It carries
 * the same details as any other of ours.
 */
export function edgeError(
  code: Code,
  message: string,
  detail: ErrorDetail,
  cause?: unknown,
): ConnectError {
  const { reason, metadata = {}, fields, retryAfter } = detail;
  const info = { desc: ErrorInfoSchema, value: { reason, domain: "daphnia", metadata } };
  return new ConnectError(
    message,
    code,
    undefined,
    [
      info,
      ...(fields === undefined ? [] : [badRequest(fields)]),
      ...(retryAfter === undefined ? [] : [retryInfo(retryAfter)]),
    ],
    cause,
  );
}

/** What a call that the stopping daemon cuts off ends with. */
export function shuttingDown(): ConnectError {
  const detail = { reason: "SHUTTING_DOWN", retryAfter: 1000 };
  return edgeError(Code.Unavailable, "the daemon is stopping; connect again", detail);
}

const codes: Readonly<Record<Refusal, Code>> = {
  invalid_argument: Code.InvalidArgument,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  out_of_range: Code.OutOfRange,
  resource_exhausted: Code.ResourceExhausted,
  permission_denied: Code.PermissionDenied,
  unavailable: Code.Unavailable,
  internal: Code.Internal,
};

function badRequest(fields: NonNullable<ErrorDetail["fields"]>) {
  return {
    desc: BadRequestSchema,
    value: { fieldViolations: fields.map((field) => ({ ...field })) },
  };
}

function retryInfo(ms: number) {
  const retryDelay = create(DurationSchema, {
    seconds: BigInt(Math.floor(ms / 1000)),
    nanos: Math.round(ms % 1000) * 1_000_000,
  });
  return { desc: RetryInfoSchema, value: { retryDelay } };
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "AbortError";
}

function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** Only what the source throws is translated, not what its reader throws into it. */
async function* translated<T>(source: AsyncIterable<T>, translate: (thrown: unknown) => unknown) {
  let reading = true;
  try {
    for await (const item of source) {
      reading = false;
      yield item;
      reading = true;
    }
  } catch (thrown) {
    throw reading ? translate(thrown) : thrown;
  }
}
