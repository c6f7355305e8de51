import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Recording } from "./recordings.ts";
import { frameEvents } from "./sse-framing.ts";
import { type Wire, wires } from "./wires.ts";

/** Where the recordings lie: beside the checkout. */
export const folder = join(import.meta.dirname, "../../../../../../shared/fixtures/model-streams");
export const isThere = existsSync(folder);
export const ending = ".chunks.txt";

/** What decides where streams are cut; give it again to cut them as before. */
export const seed = Number(process.env["DAPHNIA_TEST_SEED"] ?? Date.now() % 1e9);

/** A recorded stream in its provider's framing, and the provider that it is served as. */
export async function readRecording({
  file,
  provider,
}: Pick<Recording, "file" | "provider">): Promise<{ wire: Wire; bytes: Uint8Array }> {
  const wire = wires.find((known) => known.provider === provider);
  if (wire === undefined) throw new Error(`${provider} is no wire format`);
  const lines = (await readFile(join(folder, file + ending), "utf8")).split("\n");
  const events = lines.filter((line) => line.trim() !== "");
  return { wire, bytes: frameEvents(events, wire.dialect) };
}
