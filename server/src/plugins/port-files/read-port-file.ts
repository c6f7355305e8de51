import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { messageOf } from "../../base/errors.ts";

/** What a component says of itself: docs/components.md. */
export interface PortFile {
  readonly port: number;
  /** 0 where the file does not say. */
  readonly pid: number;
  /** Empty where the file does not say: then no request carries one. */
  readonly token: string;
  readonly version: string;
}

/** A port file that can be used, perhaps with a word about what it lacks; or why it cannot. */
export type PortFileReading =
  | { readonly file: PortFile; readonly warning: string }
  | { readonly problem: string };

/** The version of the contract that is spoken here. */
export const contract = "1";
const largest = 16 * 1024;

/**
 * Reads a port file of its owner, and looks whether its process lives. Undefined where
 * there is none. A link, a file of somebody else, or one that others may read or write,
 * is not believed.
 */
export async function readPortFile(
  path: string,
  name: string,
): Promise<PortFileReading | undefined> {
  try {
    await using file = await open(
      path,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const stats = await file.stat();
    if (name === "daemon") return { problem: "it has the name of the daemon, and of its log" };
    if (!stats.isFile()) return { problem: "its port file is no plain file" };
    if (stats.uid !== process.getuid?.())
      return { problem: "its port file belongs to somebody else" };
    if (stats.size > largest) return { problem: `its port file has more than ${largest} bytes` };
    const isOpen = (stats.mode & 0o077) !== 0;
    return judge(await file.readFile("utf8"), name, isOpen);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") return { problem: "its port file is a link" };
    return { problem: `its port file cannot be read: ${messageOf(error)}` };
  }
}

function judge(text: string, name: string, isOpen: boolean): PortFileReading {
  if (/^\s*\d{1,5}\s*$/.test(text)) {
    const port = Number(text);
    if (!isPort(port)) return { problem: `its port file names the port ${port}` };
    const warning = "its port file holds a port alone: nothing proves who listens there";
    return { file: { port, pid: 0, token: "", version: "" }, warning };
  }
  // What holds a token is a secret, and is not believed where others can read or change it.
  if (isOpen) return { problem: "its port file may be read by others; its mode must be 0600" };
  const value = parse(text);
  if (value === undefined) return { problem: "its port file holds no JSON object" };
  const { port, pid, token, version } = value;
  if (typeof port !== "number" || !isPort(port)) return { problem: "its port file names no port" };
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1) {
    return { problem: "its port file names no pid" };
  }
  if (typeof token !== "string" || !/^[\x21-\x7e]{16,512}$/.test(token)) {
    return { problem: "its port file has no token of 16 to 512 printable characters" };
  }
  if (value["name"] !== name) {
    return { problem: `its port file is for "${String(value["name"])}"` };
  }
  if (value["protocol"] !== contract) {
    const spoken = String(value["protocol"]);
    return { problem: `it speaks version ${spoken} of the contract, this daemon ${contract}` };
  }
  if (!isAlive(pid)) return { problem: `its process ${pid} is gone` };
  return { file: { port, pid, token, version: String(version ?? "") }, warning: "" };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // it is no JSON, which the caller says
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isPort = (port: number) => Number.isInteger(port) && port > 0 && port < 65536;

/** A process of this user: one of somebody else's may not be asked. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
