import type { Place } from "../../core/tool/tool.ts";

/** What encloses a command. */
export interface Sandbox {
  /** As events name it. */
  readonly name: string;
  /** Makes the enclosure of one call ready. */
  enclose(place: Place): Promise<Enclosure>;
}

/** The enclosure of one call. */
export interface Enclosure {
  /** Words to put before the command's own. */
  readonly words: readonly string[];
  /** Puts away what was made for it, once nothing runs in it. */
  release(): void;
}

/** Whether commands can be enclosed here. */
export type SandboxState =
  | { readonly works: true; readonly sandbox: Sandbox }
  | { readonly works: false; readonly why: string };

/** Looks once, when first asked. */
export interface SandboxFinder {
  find(): Promise<SandboxState>;
}

/** `auto` uses it where it works, `required` runs no command without it, `off` never uses it. */
export type SandboxMode = "auto" | "required" | "off";

/** For a person: whether commands are enclosed on this machine, and why not. */
export async function describeSandbox(
  finder: SandboxFinder,
): Promise<{ readonly works: boolean; readonly why: string }> {
  const state = await finder.find();
  if (state.works) return { works: true, why: `${state.sandbox.name} encloses commands` };
  return { works: false, why: state.why };
}
