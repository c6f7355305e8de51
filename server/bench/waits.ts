import { setTimeout as sleep } from "node:timers/promises";
import type { RawClient } from "./raw-client.ts";

/** Calls again and again until something is over; milliseconds that each call took. */
export async function waits(client: RawClient, over: Promise<unknown>): Promise<readonly number[]> {
  const found: number[] = [];
  let isOver = false;
  const ending = over.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const began = performance.now();
    await client.getInfo();
    found.push(performance.now() - began);
    await sleep(5);
  }
  await ending;
  return found;
}
