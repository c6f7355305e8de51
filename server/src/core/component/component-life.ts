import { ComponentState } from "@daphnia/protocol/component";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { fitTools } from "./fit-tools.ts";
import {
  type ComponentDriver,
  type Endpoint,
  ForeignEndpointError,
  type Link,
  type RemoteAnswer,
  type RemoteCall,
  type RemoteTool,
} from "./link.ts";
import { unlessAborted, unlessBroken } from "./race.ts";
import { type LinkLimits, watchLink } from "./watch-link.ts";

export interface LifeLimits extends LinkLimits {
  /** The first pause before another try; it doubles up to sixty times as long. */
  readonly retryPause: number;
}

export interface LifeDeps {
  readonly driver: ComponentDriver;
  readonly clock: Clock;
  readonly limits: () => LifeLimits;
  /** The state, the tools or the reason are others. */
  readonly onChange: (life: ComponentLife, what: "up" | "down" | "other", calls: number) => void;
}

/** How a component is now. */
export interface Condition {
  readonly state: ComponentState;
  readonly reason: string;
  readonly since: Date;
  readonly upSince: Date | undefined;
  /** Milliseconds since 1970. */
  readonly retryAt: number | undefined;
  readonly lastError: string;
}

/**
 * One component from the moment it is known until it is closed.
 *
 * L1: every call gets an answer, whatever becomes of the component.
 * L2: who is down is tried again, after ever longer pauses; a call does not wait for that.
 * L3: what was started here and has nothing to do is stopped, and started by its next call.
 * L4: there is one connection at a time: the next one begins when the last one is closed.
 * L5: once it is closed nothing of it is left, and nothing begins.
 */
export interface ComponentLife {
  readonly name: string;
  readonly endpoint: Endpoint;
  condition(): Condition;
  link(): Link | undefined;
  /** As they were told last; the same list until they are others. */
  tools(): readonly RemoteTool[];
  openCalls(): number;
  /** `refusal` is the answer instead, where who is connected now may not be called. */
  call(call: RemoteCall, refusal?: () => RemoteAnswer | undefined): Promise<RemoteAnswer>;
  /** Connects anew at once; resolves when that is decided. Open calls end as down. */
  reconnect(): Promise<void>;
  /** Takes no further call, and closes once the open ones have their answers. */
  retire(): Promise<void>;
  /** Resolves when it was connected, or could not be, for the first time. */
  readonly settled: Promise<void>;
  close(reason: string): Promise<void>;
}

const { CONNECTING, UP, IDLE, DOWN, STALE } = ComponentState;
const longestPause = 60;
/** Milliseconds that a connection may take until it knows the tools. */
const connectTime = 10_000;
const notKnown = "it is not known any more";

export function createComponentLife(
  name: string,
  endpoint: Endpoint,
  deps: LifeDeps,
  before: readonly RemoteTool[] = [],
): ComponentLife {
  const { clock, driver, limits } = deps;
  const end = new AbortController();
  const calls = new Set<AbortController>();
  let current: Link | undefined;
  let connecting: Promise<void> | undefined;
  /** The end of the last connection. */
  let leaving: Promise<void> = Promise.resolve();
  let ending: Promise<void> | undefined;
  let tools = before;
  let failures = 0;
  let cancelRetry = () => {};
  let cancelWatch = () => {};
  let lastUse = Number.NEGATIVE_INFINITY;
  let isRetired = false;
  let condition: Condition = {
    ...{ state: CONNECTING, reason: "it is being connected", since: clock.now() },
    ...{ upSince: undefined, retryAt: undefined, lastError: "" },
  };
  const firstTry = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();

  function become(state: ComponentState, reason: string, retryAt?: number): void {
    const isNew = state !== condition.state;
    const upSince = isNew ? clock.now() : condition.upSince;
    condition = {
      ...{ state, reason, retryAt, lastError: reason || condition.lastError },
      upSince: state === UP ? upSince : undefined,
      since: isNew ? clock.now() : condition.since,
    };
  }

  /** Connects, unless that is under way. Says how it went by the condition. */
  function connect(): Promise<void> {
    cancelRetry();
    if (end.signal.aborted) return Promise.resolve();
    connecting ??= attempt().finally(() => {
      connecting = undefined;
      firstTry.resolve();
    });
    return connecting;
  }

  async function attempt(): Promise<void> {
    await leaving;
    if (end.signal.aborted) return;
    const time = new AbortController();
    const cancel = clock.after(connectTime, () =>
      time.abort(new Error(`it did not answer within ${connectTime / 1000} s`)),
    );
    const signal = AbortSignal.any([end.signal, time.signal]);
    let mine: Link | undefined;
    const onTools = () => {
      if (mine !== undefined && mine === current && takeTools(mine)) deps.onChange(life, "up", 0);
    };
    try {
      mine = await driver.connect(name, endpoint, onTools, signal);
      if (end.signal.aborted) await mine.close();
      else arrive(mine);
    } catch (error) {
      if (end.signal.aborted) return;
      const why = time.signal.aborted ? messageOf(time.signal.reason) : messageOf(error);
      if (error instanceof ForeignEndpointError) giveUp(why);
      else fall(why);
    } finally {
      cancel();
    }
  }

  function arrive(link: Link): void {
    current = link;
    lastUse = clock.monotonic();
    takeTools(link);
    deps.onChange(life, "up", 0);
    cancelWatch = watchLink(link, {
      ...{ clock, limits, canRest: endpoint.kind === "stdio" },
      quiet: () => (calls.size > 0 ? 0 : clock.monotonic() - lastUse),
      onAnswer() {
        failures = 0; // who answers has earned short pauses again
      },
      onSilence: lose,
      onRest: rest,
    });
    void link.down.then((why) => {
      if (current === link) lose(why);
    });
  }

  /** Whether they are others than before. */
  function takeTools(link: Link): boolean {
    const { tools: told, leftOut } = fitTools(link.tools());
    become(UP, leftOut);
    if (JSON.stringify(told) === JSON.stringify(tools)) return false;
    tools = told;
    return true;
  }

  /** Has no connection from here on; the next one waits until this is closed. */
  function leave(): void {
    const link = current;
    current = undefined;
    cancelWatch();
    if (link !== undefined) leaving = link.close().catch(() => {}); // it is left, whatever it says
  }

  function lose(why: string): void {
    leave();
    const open = calls.size;
    for (const call of calls) call.abort(why);
    fall(why, open);
  }

  function fall(why: string, open = 0): void {
    const { retryPause } = limits();
    const wait = Math.min(retryPause * 2 ** failures, retryPause * longestPause);
    failures++;
    become(DOWN, why, clock.now().getTime() + wait);
    cancelRetry = clock.after(wait, () => void connect());
    deps.onChange(life, "down", open);
  }

  function giveUp(why: string): void {
    become(STALE, why);
    deps.onChange(life, "down", 0);
  }

  function rest(): void {
    leave();
    condition = {
      ...condition,
      ...{ state: IDLE, reason: "nobody has used it for a while; its next call starts it" },
      ...{ since: clock.now(), upSince: undefined },
    };
    deps.onChange(life, "other", 0);
  }

  /** One that was never up, or rests, is connected by its call; one that fell is tried by the clock. */
  async function reach(): Promise<Link | undefined> {
    const { state } = condition;
    const isWorthATry = connecting !== undefined || (state !== STALE && state !== DOWN);
    if (current === undefined && isWorthATry) await connect();
    return current;
  }

  async function make(
    call: RemoteCall,
    broken: AbortSignal,
    refusal: () => RemoteAnswer | undefined,
  ): Promise<RemoteAnswer> {
    const link = await unlessAborted(reach(), call.signal);
    const nothing = (why: string) => ({ kind: "down", why: `${why}. Nothing was done.` }) as const;
    if (broken.aborted) return nothing(String(broken.reason));
    if (link === undefined) return nothing(condition.reason);
    lastUse = clock.monotonic();
    return refusal() ?? unlessBroken(link.call(call), broken);
  }

  function close(reason: string): Promise<void> {
    ending ??= endAll(reason);
    return ending;
  }

  async function endAll(reason: string): Promise<void> {
    end.abort(new Error(reason));
    cancelRetry();
    leave();
    become(DOWN, reason);
    for (const call of calls) call.abort(reason);
    await Promise.all([leaving, connecting]);
    firstTry.resolve();
    closed.resolve();
  }

  const life: ComponentLife = {
    name,
    endpoint,
    condition: () => condition,
    link: () => current,
    tools: () => tools,
    openCalls: () => calls.size,
    settled: firstTry.promise,
    async call(call, refusal = () => undefined) {
      const broken = new AbortController();
      calls.add(broken);
      try {
        return await make(call, broken.signal, refusal);
      } finally {
        calls.delete(broken);
        lastUse = clock.monotonic();
        if (isRetired && calls.size === 0) void close(notKnown);
      }
    },
    async reconnect() {
      if (end.signal.aborted) return;
      failures = 0;
      if (current !== undefined) for (const call of calls) call.abort("it was connected anew");
      leave();
      const reason = "it is being connected";
      condition = {
        ...condition,
        state: CONNECTING,
        reason,
        since: clock.now(),
        retryAt: undefined,
      };
      await connect();
    },
    retire() {
      isRetired = true;
      if (calls.size === 0) void close(notKnown);
      return closed.promise;
    },
    close,
  };
  void connect();
  return life;
}
