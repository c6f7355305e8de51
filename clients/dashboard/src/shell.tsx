import { SessionState } from "@daphnia/protocol/session";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useApprovals, useSessions } from "./data/hooks.ts";
import type { LiveState } from "./live/messages.ts";
import { Help } from "./parts/help.tsx";
import { Icon, type IconName } from "./parts/icon.tsx";
import { useKeys } from "./parts/keys.ts";
import { nextTheme, setTheme, themeNow } from "./theme.ts";

interface Place {
  readonly path: string;
  readonly name: string;
  readonly icon: IconName;
}

const places: readonly Place[] = [
  { path: "/", name: "Overview", icon: "overview" },
  { path: "/sessions", name: "Sessions", icon: "sessions" },
  { path: "/approvals", name: "Approvals", icon: "approvals" },
  { path: "/components", name: "Components", icon: "components" },
  { path: "/config", name: "Config", icon: "config" },
];

/** What stands around every screen: where one can go, and whether what is shown is live. */
export function Shell({
  live,
  children,
}: {
  readonly live: LiveState;
  readonly children: ReactNode;
}) {
  const [path] = useLocation();
  const waiting = useApprovals()?.length ?? 0;
  const running = useSessions().sessions?.filter(({ state }) => state === SessionState.RUNNING);
  const main = useRef<HTMLElement>(null);
  const [isHelp, setHelp] = useState(false);
  useKeys([{ key: "?", does: "these keys", run: () => setHelp(true) }]);
  const screen = places.find((one) => isAt(one.path, path))?.name ?? "Daphnia";
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${screen} · Daphnia` : `${screen} · Daphnia`;
  }, [screen, waiting]);
  const counts: Readonly<Record<string, number>> = {
    "/approvals": waiting,
    "/sessions": running?.length ?? 0,
  };
  return (
    <div className="shell">
      <button type="button" className="skip button" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <nav className="nav" aria-label="Screens">
        <Link href="/" className="brand" aria-label="Daphnia, overview">
          <Icon name="daphnia" />
          <span>Daphnia</span>
        </Link>
        <ul>
          {places.map(({ path: to, name, icon }) => (
            <li key={to}>
              <Link href={to} aria-current={isAt(to, path) ? "page" : undefined}>
                <Icon name={icon} />
                <span>{name}</span>
                <Count count={counts[to] ?? 0} isWaiting={to === "/approvals"} />
              </Link>
            </li>
          ))}
        </ul>
        <div className="nav-foot">
          <LiveMark live={live} />
          <ThemeSwitch />
          <button
            type="button"
            className="icon-button"
            aria-label="Keys"
            onClick={() => setHelp(true)}
          >
            ?
          </button>
        </div>
      </nav>
      <main id="main" tabIndex={-1} ref={main}>
        <Notice live={live} />
        {children}
      </main>
      <Help isOpen={isHelp} close={() => setHelp(false)} />
    </div>
  );
}

function isAt(place: string, path: string): boolean {
  return place === "/" ? path === "/" : path === place || path.startsWith(`${place}/`);
}

function Count({ count, isWaiting }: { readonly count: number; readonly isWaiting: boolean }) {
  if (count === 0) return null;
  const what = isWaiting ? "waiting" : "running";
  return (
    <span className="count" data-tone={isWaiting ? "wait" : "run"}>
      {count}
      <span className="only-heard"> {what}</span>
    </span>
  );
}

function LiveMark({ live }: { readonly live: LiveState }) {
  const text = { connecting: "connecting", live: "live", lost: "reconnecting", refused: "stopped" };
  return (
    <span className="live" data-state={live.kind} role="status">
      <span className="dot" aria-hidden="true" />
      <span>{text[live.kind]}</span>
    </span>
  );
}

/** Told only when it lasts: a daemon that restarts is back before anybody reads it. */
function Notice({ live }: { readonly live: LiveState }) {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    setLong(false);
    if (live.kind !== "lost") return;
    const timer = setTimeout(() => setLong(true), 1500);
    return () => clearTimeout(timer);
  }, [live.kind]);
  if (live.kind === "refused") {
    return (
      <div className="notice" role="alert">
        <span>The daemon tells no more: {live.reason}.</span>
        <button type="button" className="button small" onClick={() => location.reload()}>
          Load the page anew
        </button>
      </div>
    );
  }
  if (live.kind !== "lost" || !isLong) return null;
  return (
    <p className="notice" role="status">
      The daemon cannot be reached. What you see is the last it told; the page goes on by itself.
    </p>
  );
}

function ThemeSwitch() {
  const [theme, setShown] = useState(themeNow);
  const next = nextTheme(theme);
  const change = () => {
    setTheme(next);
    setShown(next);
  };
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Colours: ${theme}; change to ${next}`}
      title={`Colours: ${theme}`}
      onClick={change}
    >
      <Icon name={theme} />
    </button>
  );
}
