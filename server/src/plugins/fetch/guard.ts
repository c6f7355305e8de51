import { isIP } from "node:net";
import { whyClosed } from "./closed-address.ts";
import type { Target } from "./target.ts";

/** All addresses of a name. */
export type Resolve = (name: string) => Promise<readonly { readonly address: string }[]>;

/**
 * Why a target is refused by its name, port or literal address, before anything
 * is sent or looked up; undefined where it is not.
 */
export function whyRefused(target: Target, allow: readonly string[]): string | undefined {
  if (isAllowed(target, allow)) return undefined;
  const { name, port, literal } = target;
  if (literal !== undefined) {
    const why = whyClosed(literal);
    if (why !== undefined) return `${name} is ${why}; ${wayOut(target)}`;
  } else {
    const why = whyLocal(name);
    if (why !== undefined) return `${name} is ${why}; ${wayOut(target)}`;
  }
  if (port === 80 || port === 443) return undefined;
  return `port ${port} is not one of the web's, 80 and 443; ${wayOut(target)}`;
}

/**
 * The addresses that may be connected to, all of them checked; or why there is
 * none. One closed address refuses them all: which of them is met is not ours to say.
 */
export async function openAddresses(
  target: Target,
  allow: readonly string[],
  resolve: Resolve,
): Promise<readonly string[] | string> {
  const refused = whyRefused(target, allow);
  if (refused !== undefined) return refused;
  if (target.literal !== undefined) return [target.literal];
  const addresses = (await resolve(target.name)).map(({ address }) => address);
  if (addresses.length === 0) return `${target.name} has no address`;
  if (isAllowed(target, allow)) {
    const odd = addresses.find((address) => isIP(address) === 0);
    return odd === undefined ? addresses : `${target.name} leads to ${odd}, which is no address`;
  }
  for (const address of addresses) {
    const why = whyClosed(address);
    if (why !== undefined) {
      return `${target.name} leads to ${address}, which is ${why}; ${wayOut(target)}`;
    }
  }
  return addresses;
}

function wayOut({ name, port }: Target): string {
  const entry = JSON.stringify(`${name}:${port}`);
  return `fetch reaches only the public web. Only a person can open it, in daphnia.toml: fetch.allow = [${entry}]`;
}

/** Names that never leave this machine or its network, whatever a resolver says of them. */
function whyLocal(name: string): string | undefined {
  if (/^(.*\.)?(localhost|localdomain)$|^ip6-(localhost|loopback)$/.test(name)) {
    return "this machine (loopback)";
  }
  if (/\.(local|internal|intranet|lan|home|corp|home\.arpa)$/.test(name)) {
    return "a name of a private network";
  }
  return undefined;
}

/** An entry without a port opens all of its host's. */
function isAllowed({ name, port }: Target, allow: readonly string[]): boolean {
  return allow.some((entry) => {
    const read = readEntry(entry);
    return read?.name === name && (read.port === undefined || read.port === port);
  });
}

/** An entry in the spelling that targets have; undefined for what names no host. */
function readEntry(entry: string) {
  // An IPv6 address without brackets has no port: its last part would read as one.
  const [, host = "", port] =
    isIP(entry) === 6 ? ["", `[${entry}]`] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []);
  const url = /[/?#@\\]/.test(host) ? null : URL.parse(`http://${host}/`);
  if (url === null || url.port !== "") return undefined;
  const name = url.hostname.replace(/\.$/, "");
  return { name, port: port === undefined ? undefined : Number(port) };
}
