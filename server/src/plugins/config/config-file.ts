import { readFile, stat } from "node:fs/promises";
import { messageOf } from "../../base/errors.ts";
import { type ConfigReading, readConfig } from "./read-config.ts";
import type { Environment } from "./substitute.ts";

const mostBytes = 1024 * 1024;

/** Reads the config file of a home. One that is not there states nothing. */
export async function readConfigFile(
  path: string,
  shown: string,
  environment: Environment,
): Promise<ConfigReading> {
  const broken = (problem: string): ConfigReading => ({
    statements: [],
    mistakes: [{ file: shown, line: 0, problem }],
  });
  try {
    const found = await stat(path);
    if (!found.isFile()) return broken("is no file");
    if (found.size > mostBytes)
      return broken(`is ${found.size} bytes, at most ${mostBytes} are read`);
    return readConfig(await readFile(path, "utf8"), shown, environment);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return { statements: [], mistakes: [] };
    }
    return broken(`cannot be read: ${messageOf(error)}`);
  }
}
