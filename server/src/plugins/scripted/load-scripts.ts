import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { type DaemonError, invalidField } from "../../base/errors.ts";
import { nearHint } from "../../base/near-hint.ts";
import type { Model } from "../../core/model/model.ts";
import { createAttempts } from "./attempts.ts";
import { demoScript } from "./demo-script.ts";
import { parseScript } from "./script.ts";
import { createScriptedModel } from "./scripted-model.ts";

/** The models of the provider `scripted`: `demo`, and one for each script file. */
export interface ScriptedModels {
  /**
   * Reads the script anew, so that an edit counts from the next opening on.
   * Throws `invalid_argument` for a name that is not there, with those that are,
   * and for a mistake in the script, at `file:line`.
   */
  open(name: string): Promise<Model>;
  /** The names there are, sorted. */
  list(): Promise<string[]>;
}

/** `folder` holds `NAME.toml` files; it need not exist. `demo` is built in and cannot be replaced. */
export function createScriptedModels({
  folder,
  clock,
}: {
  readonly folder: string;
  readonly clock: Clock;
}): ScriptedModels {
  const attempts = createAttempts();
  const list = async (): Promise<string[]> => {
    const files = (await orAbsent(readdir(folder))) ?? [];
    const names = files
      .filter((file) => file.endsWith(ending))
      .map((file) => file.slice(0, -ending.length))
      .filter((name) => namePattern.test(name));
    return [...new Set(["demo", ...names])].sort();
  };
  const read = async (name: string): Promise<{ text: string; file: string }> => {
    if (name === "demo") return { text: demoScript, file: "scripted/demo" };
    const file = join(folder, name + ending);
    const text = namePattern.test(name) ? await orAbsent(readFile(file, "utf8")) : undefined;
    if (text === undefined) throw unknownScript(name, await list(), folder);
    return { text, file };
  };
  return {
    list,
    async open(name) {
      const { text, file } = await read(name);
      return createScriptedModel(name, parseScript(text, file), { clock, attempts });
    },
  };
}

const ending = ".toml";
/** Leaves no way out of the folder. */
const namePattern = /^[a-z0-9][a-z0-9._-]*$/;

function unknownScript(name: string, names: readonly string[], folder: string): DaemonError {
  if (!namePattern.test(name)) {
    const rule = "a-z 0-9 . _ - starting with a letter or digit";
    return invalidField("model", `a script's name is ${rule}, got "${name}"`);
  }
  const there = `there are ${names.map((known) => `scripted/${known}`).join(", ")}`;
  const hint = nearHint(name, names) || ";";
  return invalidField(
    "model",
    `no script "${name}"${hint} ${there}; others are read from ${join(folder, `NAME${ending}`)}`,
  );
}

/** What was asked of the disk, or undefined when there is no such file or folder. */
async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
