import type { Redactor } from "../base/redact.ts";
import type { RecordStore } from "../core/log/record-store.ts";
import type { Agents } from "../core/session/session-deps.ts";
import type { ComponentDoor } from "../services/component-service.ts";
import { openComponentDoor } from "./component-door.ts";
import { type ComponentTrust, openComponentTrust } from "./component-trust.ts";
import { type DaemonComponents, type DaemonComponentsDeps, openComponents } from "./components.ts";

/** All that the daemon has for components. */
export interface ComponentParts {
  readonly components: DaemonComponents;
  readonly trust: ComponentTrust;
  readonly door: ComponentDoor;
}

export async function openComponentParts(
  deps: Omit<DaemonComponentsDeps, "trust" | "clean"> & {
    readonly records: RecordStore;
    readonly agents: Agents;
    readonly redactor: () => Redactor;
  },
): Promise<ComponentParts> {
  const { redactor } = deps;
  const trust = await openComponentTrust(deps);
  const clean = (line: string) => redactor().text(line);
  const components = await openComponents({ ...deps, trust, clean });
  return { components, trust, door: await openComponentDoor({ ...deps, components }) };
}
