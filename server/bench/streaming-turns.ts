import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newSession, type Viewer } from "./conversation.ts";
import type { RawClient } from "./raw-client.ts";

export const streamingTurns = 20;
/** Milliseconds between two pieces of a turn. */
export const streamingPace = 10;
const chunk = 12;

/** Lays a script into a home, by which a turn streams for so long. */
export function layScript(home: string, seconds: number): void {
  mkdirSync(join(home, "scripts"), { recursive: true, mode: 0o700 });
  const length = Math.ceil((seconds * 1000) / streamingPace) * chunk;
  const text = "a word and ".repeat(Math.ceil(length / 11));
  const head = `chunk = ${chunk}\npace_ms = ${streamingPace}\nrepeat = "last"\n`;
  writeFileSync(
    join(home, "scripts/long.toml"),
    `${head}[[turn]]\n[[turn.step]]\nsay = "${text}"\n`,
  );
}

/** Sessions whose turns stream by that script; what it returns has all of them stream once. */
export async function openStreaming(
  client: RawClient,
  viewer: Viewer,
  root: string,
): Promise<() => Promise<void>> {
  const sessions: string[] = [];
  for (let i = 0; i < streamingTurns; i++) {
    sessions.push(await newSession(client, "scripted/long", root));
  }
  return async () => {
    await Promise.all(sessions.map((session) => viewer.turn(session, "speak")));
  };
}
