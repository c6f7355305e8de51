import { isIP } from "node:net";
import { invalidField } from "../../base/errors.ts";

/** What is asked for, and of whom. */
export interface Target {
  readonly url: URL;
  /** Lower-case, without a final dot; an IPv6 address has its brackets. */
  readonly name: string;
  readonly port: number;
  /** What rules judge: the name, and the port where it is not the usual one. */
  readonly host: string;
  /** Where the name is an address: that address. */
  readonly literal: string | undefined;
}

/** Longer than any page needs. */
const maxLength = 8192;

/** Reads an argument. Throws `invalid_argument` in words that a model can act on. */
export function readTarget(text: string): Target {
  if (text.length > maxLength) {
    throw invalidField("url", `must have at most ${maxLength} characters, got ${text.length}`);
  }
  // What a parser drops without a word could read otherwise to who approves it.
  if (/[\0-\x20\x7f]/.test(text)) {
    throw invalidField("url", "must not contain spaces or control characters; write them as %20");
  }
  const url = URL.parse(text);
  if (url === null) {
    throw invalidField("url", "must be a whole URL, such as https://example.com/page");
  }
  const target = targetOf(url);
  if (typeof target === "string") throw invalidField("url", target);
  return target;
}

/** A target, or what a URL must be to be one. */
export function targetOf(url: URL): Target | string {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return `must begin with http:// or https://, got ${url.protocol.slice(0, 40)}`;
  }
  if (url.username !== "" || url.password !== "") {
    return "must not contain a user name or password: only public pages are read";
  }
  const name = url.hostname.replace(/\.$/, "");
  if (name === "" || name.split(".").includes("")) return "must have a host without empty parts";
  const usual = url.protocol === "http:" ? 80 : 443;
  const port = url.port === "" ? usual : Number(url.port);
  const bare = name.replace(/^\[(.*)\]$/, "$1");
  return {
    ...{ url, name, port },
    host: port === usual ? name : `${name}:${port}`,
    literal: isIP(bare) === 0 ? undefined : bare,
  };
}
