import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** A request of either HTTP version. */
export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;
export type RequestHandler = (request: Request, response: Response) => void;

/** What a request came by: its HTTP/2 session or its socket. */
export function connectionOf(request: Request): object {
  return ("stream" in request ? request.stream.session : undefined) ?? request.socket;
}

/** Bytes of a request's headers. Node caps those of HTTP/1.1 only. */
export function headerBytes(request: Request): number {
  return request.rawHeaders.reduce((sum, text) => sum + text.length, 0);
}

/** Ends a response and leaves its peer no doubt that it is not complete. */
export function reset(response: Response): void {
  // 8 is CANCEL in RFC 9113, section 7.
  if ("stream" in response) response.stream?.close(8);
  response.destroy();
}

/** Answers what is not an RPC, in words. */
export function answerText(response: Response, status: number, text: string): void {
  if (response.headersSent || response.writableEnded) return;
  const headers = { "content-type": "text/plain; charset=utf-8" };
  if ("stream" in response) response.writeHead(status, headers);
  else response.writeHead(status, headers);
  response.end(`${text}\n`);
}
