import type { Daphnia } from "@daphnia/client";
import { homeOf } from "@daphnia/client/home";
import { connect } from "@daphnia/client/node";

/** Options that every command has. */
export interface Globals {
  readonly home?: string;
  readonly url?: string;
  readonly json?: boolean;
}

/** The daemon that a command is about: the one of a home here, or one at a url. */
export type Target =
  | { readonly kind: "home"; readonly home: string; readonly client: Daphnia }
  | { readonly kind: "url"; readonly url: string; readonly client: Daphnia };

/** A flag beats the environment; a url in the environment beats a home there. */
export function targetOf({ home, url }: Globals): Target {
  const remote = url ?? (home === undefined ? process.env["DAPHNIA_URL"] : undefined);
  if (remote) return { kind: "url", url: remote, client: connect({ url: remote }) };
  const path = homeOf(home === undefined ? {} : { home });
  return { kind: "home", home: path, client: connect({ home: path }) };
}

/** The daemon in a few words. */
export function nameOf(target: Target): string {
  return target.kind === "home" ? target.home : target.url;
}
