import type { DescMethodUnary } from "@bufbuild/protobuf";
import { createConnectQueryKey, useQuery } from "@connectrpc/connect-query";
import type { Approval } from "@daphnia/protocol/approval";
import { ApprovalService } from "@daphnia/protocol/approval_service";
import type { Component } from "@daphnia/protocol/component";
import { ComponentService } from "@daphnia/protocol/component_service";
import type { Session } from "@daphnia/protocol/session";
import { SessionService } from "@daphnia/protocol/session_service";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { LiveState, Told } from "../live/messages.ts";
import { client, feed, queries } from "./client.ts";
import { openSessionList } from "./session-list.ts";
import { openSessionLog, type SessionLog } from "./session-log.ts";

const sessionList = openSessionList({ client, feed });

export function useLiveState(): LiveState {
  return useSyncExternalStore(feed.onState, feed.state);
}

/** Calls back for what is told while the component is there. */
export function useTold(listener: (told: Told) => void): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => feed.onTold((told) => latest.current(told)), []);
}

export function useSessions(): {
  readonly sessions: readonly Session[] | undefined;
  readonly isWhole: boolean;
  readonly problem: unknown;
} {
  const sessions = useSyncExternalStore(sessionList.subscribe, sessionList.all);
  return { sessions, isWhole: sessionList.isWhole(), problem: sessionList.problem() };
}

const { listApprovals } = ApprovalService.method;
const { listComponents } = ComponentService.method;

/** What each list is told anew by. */
const listsByBody: Readonly<Record<string, DescMethodUnary>> = {
  approvalRequested: listApprovals,
  approvalResolved: listApprovals,
  turnFinished: listApprovals,
  sessionDeleted: listApprovals,
  componentFound: listComponents,
  componentUp: listComponents,
  componentDown: listComponents,
  componentRemoved: listComponents,
};

function readAnew(schema: DescMethodUnary): void {
  const queryKey = createConnectQueryKey({ schema, cardinality: "finite" });
  void queries.invalidateQueries({ queryKey }); // it is told by the query
}

feed.onTold(({ events }) => {
  const lists = new Set(events.map(({ body }) => listsByBody[body.case ?? ""]));
  for (const list of lists) if (list !== undefined) readAnew(list);
});
feed.onState(({ kind }) => {
  if (kind === "live") for (const list of [listApprovals, listComponents]) readAnew(list);
});

/** What waits for a person now; undefined until it is known. */
export function useApprovals(): readonly Approval[] | undefined {
  return useQuery(listApprovals, {}).data?.approvals;
}

/** The components that are known; undefined until they are. */
export function useComponents(): readonly Component[] | undefined {
  return useQuery(listComponents, {}).data?.components;
}

/** The log of a session while a component looks at it. */
export function useSessionLog(sessionId: string): SessionLog | undefined {
  const [log, setLog] = useState<SessionLog>();
  useEffect(() => {
    const opened = openSessionLog(sessionId, { client, feed });
    setLog(opened);
    return () => opened.close();
  }, [sessionId]);
  return log?.sessionId === sessionId ? log : undefined;
}

const never = () => () => undefined;
const zero = () => 0;

/** Renders again when the log changes. */
export function useLogVersion(log: SessionLog | undefined): number {
  return useSyncExternalStore(log?.subscribe ?? never, log?.version ?? zero);
}

/** The time, now and again while `isTicking`. */
export function useNow(isTicking: boolean, every = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isTicking) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [isTicking, every]);
  return now;
}

/** The head of one session, as fresh as the list has it. */
export function useSession(sessionId: string): Session | undefined {
  const { sessions } = useSessions();
  const listed = sessions?.find(({ id }) => id === sessionId);
  const isMissing = sessions !== undefined && listed === undefined;
  const asked = useQuery(SessionService.method.getSession, { sessionId }, { enabled: isMissing });
  return listed ?? asked.data?.session;
}
