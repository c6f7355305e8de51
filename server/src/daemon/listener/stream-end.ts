import {
  type ConnectRouter,
  type ContextValues,
  createContextKey,
  createContextValues,
  type Interceptor,
} from "@connectrpc/connect";
import { envelope } from "../../services/hand-on.ts";

export type Handler = ConnectRouter["handlers"][number];
export type Answer = Awaited<ReturnType<Handler>>;

interface Failure {
  readonly error: unknown;
}

const failureKey = createContextKey<Failure | undefined>(undefined, {
  description: "why a stream that went past connect failed",
});

/** True for the call that only says why a stream failed. */
export function isEnd(values: ContextValues): boolean {
  return values.get(failureKey) !== undefined;
}

/** Takes the method's place in a call that only says why a stream failed. */
export const endInterceptor: Interceptor = (next) => (request) => {
  const failure = request.contextValues.get(failureKey);
  if (failure !== undefined) throw failure.error;
  return next(request);
};

/**
 * Has connect say why a stream failed, in the protocol of its client: the handler is
 * called once more, and fails.
 */
export function sayFailure(handler: Handler, contentType: string, error: unknown): Promise<Answer> {
  return handler({
    httpVersion: "2.0",
    method: "POST",
    url: `http://localhost${handler.requestPath}`,
    header: new Headers({ "content-type": contentType }),
    body: emptyRequest(/json/i.test(contentType)),
    signal: new AbortController().signal,
    contextValues: createContextValues().set(failureKey, { error }),
  });
}

async function* emptyRequest(isJson: boolean): AsyncGenerator<Uint8Array> {
  yield envelope(isJson ? [new TextEncoder().encode("{}")] : []);
}
