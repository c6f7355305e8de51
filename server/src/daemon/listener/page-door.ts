import { type FileHandle, open } from "node:fs/promises";
import { answerText, type Request, type Response } from "./exchange.ts";
import { createFrameWriter } from "./frame-writer.ts";
import { createLoginDoor } from "./login-door.ts";
import type { Logins } from "./logins.ts";
import { createPageFolder, encodings, isMissing, type PageFile } from "./page-folder.ts";
import { pageHeaders } from "./page-headers.ts";
import {
  answerMethod,
  type PlainExchange,
  type PlainHandler,
  pathOf,
  setHeaders,
} from "./plain-exchange.ts";
import type { Progress } from "./progress-watch.ts";

/** Files that may be on their way at once: anybody may ask for them, and each is a descriptor. */
const mostFiles = 64;

/**
 * What a TCP listener answers besides RPCs: the dashboard's files, which hold no secret and
 * are anybody's who names our host, and the login that lets a browser in.
 */
export function createPageDoor(folder: string, logins: Logins): PlainHandler {
  const files = createPageFolder(folder);
  const login = createLoginDoor(logins);
  let sending = 0;

  /** Sends a file, unless as many are on their way already. */
  async function send(page: PageFile, { request, response, progress }: PlainExchange) {
    if (sending >= mostFiles) {
      setHeaders(response, { "retry-after": "1" });
      answerText(response, 503, "too many files are being sent");
      return;
    }
    sending++;
    try {
      await sendFile(page, request, response, progress);
    } finally {
      sending--;
    }
  }

  async function serve(exchange: PlainExchange): Promise<void> {
    const { request, response } = exchange;
    const path = pathOf(request);
    const found = isPlain(path) ? await files.find(path) : undefined;
    if (found !== undefined && path !== "/index.html") {
      await send(found, exchange);
      return;
    }
    if (!isPage(path)) {
      answerText(response, 404, "not found");
      return;
    }
    const index = await files.index();
    if (index !== undefined) await send(index, exchange);
    else answerText(response, 404, "the dashboard is not built: run `npm run build`");
  }

  return (exchange) => {
    const { request, response } = exchange;
    setHeaders(response, pageHeaders);
    const isRead = request.method === "GET" || request.method === "HEAD";
    const handler = isRead ? undefined : login[pathOf(request)];
    if (handler !== undefined) return handler(exchange);
    if (isRead) return serve(exchange);
    // A call of an RPC that we do not have is answered as one.
    if (request.method === "POST") answerText(response, 404, "not found");
    else answerMethod(response, "GET, HEAD, POST");
  };
}

/** False for what no page of ours asks for: ways up, other separators, twice encoded. */
function isPlain(path: string): boolean {
  try {
    const decoded = decodeURIComponent(path);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    return decoded.startsWith("/") && !/\.\.|\/\/|[\\%\u0000-\u001f]/.test(decoded);
  } catch {
    return false;
  }
}

/** True for a path that the page itself makes sense of: it names no file and no RPC. */
function isPage(path: string): boolean {
  const parts = path.split("/");
  const isIndex = path === "/index.html";
  return isIndex || (isPlain(path) && !parts[1]?.includes(".") && !parts.at(-1)?.includes("."));
}

async function sendFile(
  page: PageFile,
  request: Request,
  response: Response,
  progress: Progress,
): Promise<void> {
  const encoding = encodings.find(
    ([name]) => page.packed.has(name) && accepts(request.headers["accept-encoding"], name),
  )?.[0];
  await using handle = await openIfThere(page.packed.get(encoding ?? "") ?? page.file);
  if (handle === undefined) {
    answerText(response, 404, "not found"); // the page was built anew since it was looked at
    return;
  }
  setHeaders(response, {
    "cache-control": page.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
    etag: page.tag,
    ...(page.packed.size > 0 && { vary: "accept-encoding" }),
  });
  if (matches(request.headers["if-none-match"], page.tag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  const { size } = await handle.stat();
  setHeaders(response, {
    "content-type": page.type,
    "content-length": String(size),
    ...(encoding !== undefined && { "content-encoding": encoding }),
  });
  if (request.method === "HEAD" || size === 0) {
    response.end();
    return;
  }
  // No pipeline: it never ends where an HTTP/2 client leaves in the middle.
  const write = createFrameWriter(response, progress);
  for await (const chunk of handle.createReadStream({ end: size - 1, autoClose: false })) {
    if (progress.isClosed) return;
    await write(chunk);
  }
  response.end();
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function accepts(header: string | string[] | undefined, encoding: string): boolean {
  const offers = String(header ?? "")
    .toLowerCase()
    .split(",");
  return offers.some((offer) => {
    const [name = "", ...parameters] = offer.split(";").map((part) => part.trim());
    return name === encoding && !parameters.some((one) => /^q=0(\.0*)?$/.test(one));
  });
}

function matches(header: string | undefined, tag: string): boolean {
  const bare = (text: string) => text.trim().replace(/^W\//, "");
  return (header ?? "").split(",").some((one) => one.trim() === "*" || bare(one) === bare(tag));
}
