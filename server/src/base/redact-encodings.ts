/** Below this a text is too common to be looked for. */
export const shortestSecret = 8;

/**
 * The ways a secret may be written: as it is, as JSON and URLs escape it, in hex
 * and in base64. Of the last only the part that does not depend on what stands
 * around it. Shorter ones than a secret may be are left out.
 */
export function encodingsOf(secret: string): ReadonlySet<string> {
  const utf8 = toBinary(new TextEncoder().encode(secret));
  const json = escapeJson(secret);
  const ascii = escapeAscii(json);
  const url = escapeUrl(utf8);
  const hex = Array.from(utf8, (byte) => hexOf(byte)).join("");
  const base64 = [0, 1, 2].map((before) => innerBase64(utf8, before));
  const all = [
    ...[secret, json, escapeJson(json), json.replaceAll("/", "\\/"), ascii, escapeJson(ascii)],
    ...[url, url.replaceAll("%20", "+"), url.replace(/%../g, (code) => code.toLowerCase())],
    ...[hex, hex.toUpperCase()],
    ...base64.flatMap((text) => [text, text.replaceAll("+", "-").replaceAll("/", "_")]),
    ...longLines(secret),
  ];
  return new Set(all.filter((text) => text.length >= shortestSecret));
}

/** Bytes as a text with one character for each. */
export function toBinary(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += piece) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(i, i + piece));
  }
  return text;
}

/** The bytes of such a text. */
export function fromBinary(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** How many bytes become arguments of one call. */
const piece = 8192;

/** Lines of a secret that are one word: what shows them may put numbers before each. */
function longLines(secret: string): readonly string[] {
  const lines = secret.split(/[\r\n]+/);
  return lines.length === 1 ? [] : lines.filter((line) => /^[^\s"'<>]{24,}$/.test(line));
}

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function escapeAscii(text: string): string {
  return text.replace(
    /[^\0-\x7f]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function escapeUrl(utf8: string): string {
  return utf8.replace(/[^\w.~!*'()-]/g, (byte) => `%${hexOf(byte).toUpperCase()}`);
}

function hexOf(byte: string): string {
  return byte.charCodeAt(0).toString(16).padStart(2, "0");
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 of bytes that so many others stand before, without the digits that tell of others too. */
function innerBase64(bytes: string, before: number): string {
  const all = "\0".repeat(before) + bytes;
  let text = "";
  for (let i = 0; i < all.length; i += 3) {
    const [a = 0, b = 0, c = 0] = [0, 1, 2].map((k) => all.charCodeAt(i + k) || 0);
    const bits = (a << 16) | (b << 8) | c;
    for (const shift of [18, 12, 6, 0]) text += digits[(bits >> shift) & 63];
  }
  const whole = Math.floor((all.length * 8) / 6);
  return text.slice(Math.ceil((before * 8) / 6), whole);
}
