/** What a body is, by its header and its bytes. */
export interface MediaType {
  readonly kind: "html" | "text" | "image" | "binary" | "unknown";
  /** In lower case, without parameters; empty where the header says nothing. */
  readonly name: string;
  /** Empty where the header says nothing. */
  readonly charset: string;
}

export function readMediaType(header: string): MediaType {
  const name = (header.split(";")[0] ?? "").trim().toLowerCase();
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(header)?.[1] ?? "";
  return { kind: kindOf(name), name, charset };
}

function kindOf(name: string): MediaType["kind"] {
  if (name === "text/html" || name === "application/xhtml+xml") return "html";
  if (name.startsWith("text/") || /[+/](json|xml|yaml|toml)$/.test(name)) return "text";
  if (/^application\/.*(javascript|ecmascript|jsonl|ndjson|x-sh|sql|graphql)$/.test(name)) {
    return "text";
  }
  if (/^image\/(x-)?(png|p?jpe?g|gif|webp)$/.test(name)) return "image";
  // What servers call everything that they do not know.
  if (name === "" || name === "application/octet-stream") return "unknown";
  return "binary";
}

/** A text, in the kind that it turned out to be; undefined where it is none. */
export interface Decoded {
  readonly text: string;
  readonly isHtml: boolean;
  /** What was wrong with it; empty for nothing. */
  readonly note: string;
}

export function decodeBody(bytes: Buffer, type: MediaType): Decoded | undefined {
  const start = bytes.subarray(0, 1024).toString("latin1");
  const looksHtml = type.kind === "unknown" && /^\s*<(!doctype html|html)\b/i.test(start);
  const isHtml = type.kind === "html" || looksHtml;
  const declared = type.charset || (isHtml ? metaCharset(start) : "");
  const decoder = decoderOf(byteOrderMark(bytes) || declared || "utf-8");
  const text = (decoder ?? new TextDecoder()).decode(bytes);
  if (text.includes("\0")) return undefined;
  if (decoder === undefined) {
    const note = `the charset ${JSON.stringify(declared)} is unknown; read as UTF-8`;
    return { text, isHtml, note };
  }
  const isBroken = text.includes("\uFFFD");
  const note = isBroken ? `some bytes are not ${decoder.encoding}; \uFFFD stands for them` : "";
  return { text, isHtml, note };
}

function metaCharset(start: string): string {
  return /<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]+)/i.exec(start)?.[1] ?? "";
}

/** A mark at the start is right, whatever is declared. */
function byteOrderMark([first, second, third]: Uint8Array): string {
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return "";
}

function decoderOf(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined; // it throws for a label that nobody knows, and for nothing else
  }
}
