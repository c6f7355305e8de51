import type { ServiceImpl } from "@connectrpc/connect";
import {
  type Health,
  HealthCheckResponse_ServingStatus as Status,
} from "@daphnia/protocol/grpc/health/v1/health";
import type { Bells } from "../base/bells.ts";
import { notFound } from "../base/errors.ts";

/** What health is made of. */
export interface HealthDeps {
  /** Full names of the services there are; all share the daemon's status. */
  readonly services: readonly string[];
  /** How the daemon is now. */
  readonly status: () => "serving" | "not_serving";
  readonly bells: Bells;
  /** The key that is rung when the status may have changed. */
  readonly bell: string;
}

/**
 * The standard health service. The empty name is the daemon as a whole. Its
 * watch tells the status at once and then each change, and ends only with its
 * call.
 */
export function createHealth(deps: HealthDeps): ServiceImpl<typeof Health> {
  const known: ReadonlySet<string> = new Set(["", ...deps.services]);
  const now = () => (deps.status() === "serving" ? Status.SERVING : Status.NOT_SERVING);
  return {
    check({ service }) {
      if (!known.has(service)) throw notFound("service", service);
      return { status: now() };
    },
    list: () => ({
      statuses: Object.fromEntries([...known].map((service) => [service, { status: now() }])),
    }),
    async *watch({ service }, { signal }) {
      const ear = deps.bells.listen([deps.bell], signal);
      try {
        for (let told: Status | undefined; !signal.aborted; ) {
          ear.clear();
          const status = known.has(service) ? now() : Status.SERVICE_UNKNOWN;
          if (status !== told) yield { status };
          told = status;
          await ear.wait(lookAgain);
        }
        throw signal.reason;
      } finally {
        ear.close();
      }
    },
  };
}

/** Milliseconds after which a watch looks without a ring; nothing depends on it. */
const lookAgain = 60_000;
