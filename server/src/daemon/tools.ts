import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Config } from "@daphnia/protocol/config";
import { askUserTool } from "../core/tool/ask-user-tool.ts";
import { planTool } from "../core/tool/plan-tool.ts";
import type { Claim, Place, Tool } from "../core/tool/tool.ts";
import { createBashTool } from "../plugins/bash/bash-tool.ts";
import { createBubblewrap } from "../plugins/bash/bubblewrap.ts";
import { describeSandbox, type SandboxMode } from "../plugins/bash/sandbox.ts";
import { createFetchTool, type FetchSettings } from "../plugins/fetch/fetch-tool.ts";
import { createFileTools } from "../plugins/files/file-tools.ts";
import type { ReadBlob } from "../plugins/files/read-tool.ts";
import { type Found, ok, warn } from "./finding.ts";

/** The tools that come with the daemon. */
export interface BuiltInTools {
  readonly tools: readonly Tool[];
  /** Whether commands run in a sandbox, as far as that was tried. */
  isSandboxed(): boolean;
  /** The same, once that was tried. */
  trySandbox(): Promise<boolean>;
  /** Says whether it works, and what it means where it does not. */
  checkSandbox(): Promise<Found>;
}

export function createTools(deps: {
  readonly config: () => Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Files that no tool opens, and folders that none enters. */
  readonly sealed: readonly string[];
  readonly closed: readonly string[];
  readonly readBlob: ReadBlob;
  readonly claimsOf: (command: string, place: Place) => Promise<readonly Claim[]>;
}): BuiltInTools {
  const { config, environment, sealed, closed } = deps;
  const sandbox = createBubblewrap({ environment });
  const mode = (): SandboxMode => modeOf(config().sandbox?.mode);
  let works = false;
  const isSandboxed = () => mode() !== "off" && works;

  async function trySandbox(): Promise<boolean> {
    if (mode() !== "off") works = (await sandbox.find()).works;
    return isSandboxed();
  }

  /** Rules may ask whether a command is enclosed: that is known before they are asked. */
  async function claimsOf(command: string, place: Place): Promise<readonly Claim[]> {
    await trySandbox();
    return deps.claimsOf(command, place);
  }

  return {
    tools: [
      ...createFileTools({ sealed, closed, readBlob: deps.readBlob }),
      createBashTool({ claimsOf, sandbox, mode, environment }),
      createFetchTool({ settings: () => fetchSettings(config()) }),
      askUserTool,
      planTool,
    ],
    isSandboxed,
    trySandbox,
    async checkSandbox() {
      if (mode() === "off") {
        return warn("sandbox", `is off; ${alone}`, 'set sandbox.mode = "auto" in daphnia.toml');
      }
      const found = await describeSandbox(sandbox);
      if (found.works) return ok("sandbox", found.why);
      const meaning = mode() === "required" ? "no command runs" : alone;
      return warn("sandbox", `${found.why}; ${meaning}`, "apt-get install bubblewrap");
    },
  };
}

/** The defaults are in config.proto. */
function fetchSettings({ fetch }: Config): FetchSettings {
  if (fetch?.timeout === undefined) throw new Error("fetch.timeout has no value and no default");
  return {
    allow: fetch.allow,
    maxBytes: Number(fetch.maxBytes),
    timeout: durationMs(fetch.timeout),
  };
}

const alone = "a command that is let through is as powerful as you";

function modeOf(name: string | undefined): SandboxMode {
  return name === "off" || name === "required" ? name : "auto";
}
