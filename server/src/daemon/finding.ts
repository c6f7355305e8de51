import { FindingStatus } from "@daphnia/protocol/daemon_service";

/** What a check found, as `Check` answers it. */
export interface Found {
  readonly name: string;
  readonly status: FindingStatus;
  readonly message: string;
  /** The command or change that mends it; empty where nothing needs mending. */
  readonly remedy: string;
}

export function ok(name: string, message: string): Found {
  return { name, status: FindingStatus.OK, message, remedy: "" };
}

export function warn(name: string, message: string, remedy: string): Found {
  return { name, status: FindingStatus.WARN, message, remedy };
}

export function fail(name: string, message: string, remedy: string): Found {
  return { name, status: FindingStatus.FAIL, message, remedy };
}
