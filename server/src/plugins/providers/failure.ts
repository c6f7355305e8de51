/** What can be said of anything that a package threw or told. */
export interface Failure {
  /** The error's name; `told` for what the provider told in mid-stream. */
  readonly name: string;
  readonly status: number | undefined;
  /** For people. */
  readonly message: string;
  /** Everything in which to look for signs: message, type, code, body. */
  readonly words: string;
  /** Whether the way to the provider failed. */
  readonly isNetwork: boolean;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly cause: unknown;
}

export function describeFailure(thrown: unknown): Failure {
  const error = record(thrown);
  const data = record(error["data"]);
  const told = record(data["error"] ?? data["data"] ?? error["error"]);
  const code = error["code"] ?? told["code"] ?? data["code"];
  const body = text(error["responseBody"]);
  const root = rootOf(thrown);
  const cause = root === thrown ? undefined : root;
  const isNetwork = isNetworkError(root) || isNetworkError(thrown);
  return {
    name: thrown instanceof Error ? thrown.name : "told",
    status: statusOf(error["statusCode"]) ?? statusOf(code),
    message: messageOf(thrown, root, isNetwork, text(told["message"]) || messageIn(body)),
    words: [
      error["message"],
      error["type"],
      code,
      told["type"],
      told["message"],
      body,
      text(thrown),
    ]
      .map(text)
      .join(" "),
    isNetwork,
    headers: record(error["responseHeaders"]),
    cause,
  };
}

function messageOf(thrown: unknown, root: unknown, isNetwork: boolean, told: string): string {
  const { name, message } = record(thrown);
  const deepest = text(record(root)["message"]) || text(record(root)["code"]);
  // These two quote the whole event.
  if (name === "AI_JSONParseError") return `an event is not JSON: ${deepest}`;
  if (name === "AI_TypeValidationError") return "an event has an unknown shape";
  if (isNetwork) return deepest;
  return told || text(message) || text(thrown) || deepest;
}

/** What a provider says in an error's body, whatever else is in it. */
function messageIn(body: string): string {
  const quoted = /"message":\s*("(?:[^"\\]|\\.)*")/.exec(body)?.[1];
  try {
    return quoted === undefined ? "" : text(JSON.parse(quoted));
  } catch {
    return "";
  }
}

const networkCodes =
  /^(E(CONN|PIPE|TIMEDOUT|AI_AGAIN|NOTFOUND|HOSTUNREACH|NETUNREACH|ADDR)\w*|UND_ERR_\w+|ERR_STREAM_PREMATURE_CLOSE|\w*CERT\w*|ERR_(TLS|SSL)\w*)$/;

/** A closed or unreachable connection, by its code or by the words that fetch and its like use. */
function isNetworkError(thrown: unknown): boolean {
  const { code, message, name } = record(thrown);
  if (networkCodes.test(text(code))) return true;
  if (name === "AI_EmptyResponseBodyError") return true;
  return /^(terminated|fetch failed|other side closed|aborted|Cannot connect to API.*|Response stream ended without a finish reason\.)$/.test(
    text(message),
  );
}

function rootOf(thrown: unknown): unknown {
  let root = thrown;
  for (let depth = 0; depth < 8; depth++) {
    const { cause } = record(root);
    if (!(cause instanceof Error)) break;
    root = cause;
  }
  return root;
}

function statusOf(value: unknown): number | undefined {
  const status = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === "number" && status >= 200 && status < 600 ? status : undefined;
}

function record(value: unknown): Record<string, unknown> {
  // Any object may be looked into by name; what is not there is undefined.
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : "";
}
