import { create } from "@bufbuild/protobuf";
import {
  ComponentDownSchema,
  ComponentFoundSchema,
  ComponentRemovedSchema,
  ComponentUpSchema,
} from "@daphnia/protocol/event";
import type { ComponentNews } from "../core/component/components.ts";
import type { EventBody } from "../core/log/event-bodies.ts";

/** What becomes of a component, as an event of the daemon's session. */
export function newsEvent(news: ComponentNews): EventBody {
  const { name, origin, address, condition } = news.component;
  switch (news.kind) {
    case "found":
      return {
        case: "componentFound",
        value: create(ComponentFoundSchema, { name, origin, address }),
      };
    case "up": {
      const { version, pid, tools, manifest, isTrusted: trusted } = news.component;
      const names = tools.map((tool) => tool.name);
      const up = { name, version, pid, tools: names, manifest, trusted };
      return { case: "componentUp", value: create(ComponentUpSchema, up) };
    }
    case "down": {
      const down = { name, reason: condition.reason, calls: news.calls };
      return { case: "componentDown", value: create(ComponentDownSchema, down) };
    }
    case "removed":
      return { case: "componentRemoved", value: create(ComponentRemovedSchema, { name }) };
  }
}
