import { messageOf } from "../../base/errors.ts";
import { type Endpoint, ForeignEndpointError } from "../../core/component/link.ts";

type HttpEndpoint = Extract<Endpoint, { kind: "http" }>;

/** Who refuses the token, or answers as no MCP server does, is not whom the file means. */
export function connectError(error: unknown, endpoint: HttpEndpoint): unknown {
  if (error instanceof ForeignEndpointError) return error;
  const status = statusOf(error);
  if (status === 401 || status === 403) {
    return new ForeignEndpointError(`it refuses the token (HTTP ${status})`);
  }
  // Who is in trouble may be out of it later.
  if (typeof status === "number" && status >= 500) return error;
  const code = codeOf(error);
  if (code === "ECONNREFUSED") return new Error("nobody listens there");
  if (endpoint.serverName !== undefined && code === undefined) {
    return new ForeignEndpointError(`what listens there is no MCP server: ${messageOf(error)}`);
  }
  return error;
}

function statusOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  if ("status" in error) return error.status;
  return error.cause === undefined ? undefined : statusOf(error.cause);
}

/** The system's own word for what went wrong, however deep it is. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (
    "code" in error &&
    typeof error.code === "string" &&
    /^(E[A-Z]+|UND_ERR_[A-Z_]+)$/.test(error.code)
  ) {
    return error.code;
  }
  return codeOf(error.cause);
}
