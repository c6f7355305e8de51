import { oneLine } from "./escape-text.ts";
import type { Screen } from "./screen.ts";

/** Tells a person once that the connection broke, and once that it is back. */
export interface ResumeNotice {
  lost(why: string): void;
  back(): void;
}

export function createResumeNotice(screen: Screen): ResumeNotice {
  let isLost = false;
  return {
    lost(why) {
      if (!isLost) screen.say(screen.tint("dim", `connection lost (${oneLine(why)}); resuming …`));
      isLost = true;
    },
    back() {
      if (isLost) screen.say(screen.tint("dim", "connected again"));
      isLost = false;
    },
  };
}
