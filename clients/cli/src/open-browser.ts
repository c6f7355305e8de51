import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Opens a URL in the person's browser; false where there is none to be seen. That it fails is
 * no failure: whoever calls says the URL as well.
 *
 * The URL is a secret, and every user of a machine can read the arguments of every process. So
 * the browser is given a file that only its owner can read, and that leads to the URL.
 */
export function openBrowser(url: string, folder: string | undefined): boolean {
  const program = programFor(process.platform, process.env);
  if (program === undefined) return false;
  const file = join(folder ?? mkdtempSync(join(tmpdir(), "daphnia-")), "open-dashboard.html");
  rmSync(file, { force: true }); // one of another owner or mode is not written into
  writeFileSync(file, pageTo(url), { mode: 0o600, flag: "wx" });
  const child = spawn(program, [file], { detached: true, stdio: "ignore" });
  child.on("error", () => {}); // it is not installed; the URL stands on the screen
  child.unref();
  return true;
}

/** What opens a file where the person sees it; undefined where nobody would. */
function programFor(platform: NodeJS.Platform, environment: Environment): string | undefined {
  if (platform === "darwin") return "open";
  const isSeen = Boolean(environment["DISPLAY"] || environment["WAYLAND_DISPLAY"]);
  return isSeen ? "xdg-open" : undefined;
}

function pageTo(url: string): string {
  const safe = url.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${safe}">
<title>Daphnia</title>
<p><a href="${safe}">Open the dashboard</a></p>
`;
}
