import { fstatSync } from "node:fs";

/** Milliseconds after which a silent pipe is worth a word. */
const patience = 2000;

/** True when something may be piped in; a terminal and /dev/null are not. */
export function hasInput(): boolean {
  try {
    const kind = fstatSync(0);
    return kind.isFIFO() || kind.isFile() || kind.isSocket();
  } catch {
    return false; // it is closed
  }
}

/** All of stdin. */
export async function readInput(say: (line: string) => void): Promise<string> {
  const decoder = new TextDecoder();
  const timer = setTimeout(() => say("waiting for the end of stdin …"), patience);
  let text = "";
  try {
    for await (const chunk of process.stdin) {
      // Without an encoding, stdin gives buffers.
      text += decoder.decode(chunk as Buffer, { stream: true });
    }
  } finally {
    clearTimeout(timer);
  }
  return text + decoder.decode();
}
