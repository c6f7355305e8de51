import { create, toJson } from "@bufbuild/protobuf";
import { type Finding, FindingSchema, FindingStatus } from "@daphnia/protocol/daemon_service";
import { oneLine, safeJson } from "../escape-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { findDaemon, noDaemon } from "../find-daemon.ts";
import { createScreen, type Screen } from "../screen.ts";
import { type Globals, type Target, targetOf } from "../target.ts";
import { isNewer, version } from "../version.ts";

/** Says how everything is and what mends what is not. Fails when something does not work. */
export async function doctor(options: Globals & { readonly deep?: boolean }): Promise<number> {
  const screen = createScreen();
  const target = targetOf(options);
  const findings = await findingsOf(target, options.deep ?? false);
  if (options.json) {
    screen.print(safeJson({ findings: findings.map((one) => toJson(FindingSchema, one)) }, 2));
  } else for (const finding of findings) print(finding, screen);
  const isFine = findings.every(({ status }) => status !== FindingStatus.FAIL);
  return isFine ? exitCodes.ok : exitCodes.failed;
}

async function findingsOf(target: Target, deep: boolean): Promise<Finding[]> {
  const info = await findDaemon(target);
  if (info === undefined) {
    const { message, remedy } = noDaemon(target);
    const none = { name: "daemon", status: FindingStatus.FAIL, message, remedy };
    return [create(FindingSchema, none), ...(await localFindings(target))];
  }
  const isOld = isNewer(version, info.version);
  const daemon = create(FindingSchema, {
    name: "daemon",
    status: isOld ? FindingStatus.WARN : FindingStatus.OK,
    message: `pid ${info.pid}, version ${info.version}${isOld ? `, older than this command line, ${version}` : ""}`,
    remedy: isOld ? "daphnia daemon restart" : "",
  });
  const { findings } = await target.client.daemon.check({ deep });
  return [daemon, ...findings];
}

/** What can be told of a home whose daemon does not run. */
async function localFindings(target: Target): Promise<Finding[]> {
  if (target.kind === "url") return [];
  const { home } = target;
  const { checkHome } = await import("@daphnia/server/checks");
  const found = await checkHome({ home });
  return found.map((one) => create(FindingSchema, one));
}

function print({ name, status, message, remedy }: Finding, { print, paint }: Screen): void {
  const marks: Readonly<Record<FindingStatus, string>> = {
    [FindingStatus.UNSPECIFIED]: "?",
    [FindingStatus.OK]: paint("green", "✓"),
    [FindingStatus.WARN]: paint("yellow", "!"),
    [FindingStatus.FAIL]: paint("red", "✗"),
  };
  print(`${marks[status] ?? "?"} ${name.padEnd(8)} ${oneLine(message)}`);
  if (remedy !== "") print(paint("dim", `  ${"".padEnd(8)} → ${oneLine(remedy)}`));
}
