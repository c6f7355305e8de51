import type { ConnectRouter } from "@connectrpc/connect";
import { AgentService } from "@daphnia/protocol/agent_service";
import { ApprovalService } from "@daphnia/protocol/approval_service";
import { BlobService } from "@daphnia/protocol/blob_service";
import { ComponentService } from "@daphnia/protocol/component_service";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { EventService } from "@daphnia/protocol/event_service";
import { Health } from "@daphnia/protocol/grpc/health/v1/health";
import { SessionService } from "@daphnia/protocol/session_service";
import { type AgentServiceDeps, agentService } from "./agent-service.ts";
import { type ApprovalServiceDeps, approvalService } from "./approval-service.ts";
import { blobService } from "./blob-service.ts";
import { type ComponentDoor, componentService } from "./component-service.ts";
import { daemonService, type Process } from "./daemon-service.ts";
import { type EventServiceDeps, eventService } from "./event-service.ts";
import { createHealth } from "./health.ts";
import { addReflection } from "./reflection.ts";
import type { SessionServiceDeps } from "./session-deps.ts";
import { sessionService } from "./session-service.ts";

/** The bell that rings when the daemon's health may have changed. */
export const healthBell = "health";

/** Every service that the daemon offers. */
export function routes(
  deps: SessionServiceDeps &
    EventServiceDeps &
    AgentServiceDeps &
    ApprovalServiceDeps & {
      process: Process;
      components: ComponentDoor;
      status: () => "serving" | "not_serving";
    },
): (router: ConnectRouter) => void {
  const services = [
    DaemonService,
    SessionService,
    EventService,
    BlobService,
    AgentService,
    ApprovalService,
    ComponentService,
  ];
  return (router) => {
    router.service(DaemonService, daemonService(deps.process, deps.log));
    router.service(SessionService, sessionService(deps));
    router.service(EventService, eventService(deps));
    router.service(BlobService, blobService(deps.blobs));
    router.service(AgentService, agentService(deps));
    router.service(ApprovalService, approvalService(deps));
    router.service(ComponentService, componentService(deps));
    router.service(
      Health,
      createHealth({
        services: services.map(({ typeName }) => typeName),
        status: deps.status,
        bells: deps.log.bells,
        bell: healthBell,
      }),
    );
    addReflection(router, [...services, Health]);
  };
}
