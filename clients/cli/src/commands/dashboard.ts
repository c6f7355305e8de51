import { dirname } from "node:path";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { pathsOf } from "@daphnia/client/home";
import { infoOf } from "@daphnia/client/reasons";
import type { CreateLoginCodeResponse } from "@daphnia/protocol/daemon_service";
import { Complaint } from "../complaint.ts";
import { oneLine, plain, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { openBrowser } from "../open-browser.ts";
import { reachDaemon } from "../reach-daemon.ts";
import { createScreen } from "../screen.ts";
import { type Globals, type Target, targetOf } from "../target.ts";
import { commandFor } from "../typed-command.ts";

/** Makes a one-time way into the dashboard, says it, and opens it where there is a browser. */
export async function dashboard(options: Globals & { readonly open: boolean }): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  await reachDaemon(target, screen, true);
  const made = await makeCode(target);
  const [url = "", ...others] = urlsFor(target, made);
  if (options.json) {
    const expireTime = made.expireTime && timestampDate(made.expireTime).toISOString();
    screen.print(safeJson({ url, urls: [url, ...others], code: made.code, expireTime }, 2));
    return exitCodes.ok; // a program wants the code for itself
  }
  screen.print(oneLine(url));
  for (const other of others) screen.print(oneLine(other));
  const folder =
    target.kind === "home" ? dirname(pathsOf({ home: target.home }).socket) : undefined;
  const isOpening = options.open && openBrowser(url, folder);
  const what = isOpening ? "Opening it in your browser." : "Open it in a browser.";
  screen.say(screen.tint("dim", `${what} It lets in whoever opens it first, within a minute.`));
  return exitCodes.ok;
}

/** This machine reaches a daemon elsewhere by the url that it was given, and so does its browser. */
function urlsFor(target: Target, { code, urls }: CreateLoginCodeResponse): string[] {
  if (target.kind === "home") return urls;
  const own = `${new URL(target.url).origin}/login#code=${code}`;
  return [own, ...urls.filter((url) => url.startsWith("https:") && url !== own)];
}

async function makeCode(target: Target): Promise<CreateLoginCodeResponse> {
  try {
    return await target.client.daemon.createLoginCode({});
  } catch (error) {
    if (infoOf(error)?.reason !== "WRONG_STATE") throw error;
    const restart = commandFor(target, "daemon restart");
    throw new Complaint(
      exitCodes.failed,
      plain(ConnectError.from(error).rawMessage),
      `say \`tcp = true\` below \`[listen]\` in its daphnia.toml, or leave DAPHNIA_TCP_PORT unset, and restart it: ${restart}`,
      { cause: error },
    );
  }
}
