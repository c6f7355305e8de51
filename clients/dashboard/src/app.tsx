import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense, useEffect } from "react";
import { Route, Switch, useLocation } from "wouter";
import { queries, transport } from "./data/client.ts";
import { useLiveState } from "./data/hooks.ts";
import { Empty, Loading } from "./parts/empty.tsx";
import { listenToKeys, useKeys } from "./parts/keys.ts";
import { later } from "./parts/later.ts";
import { Login } from "./screens/login.tsx";
import { Overview } from "./screens/overview.tsx";
import { Shell } from "./shell.tsx";

const Approvals = later(async () => (await import("./screens/approvals.tsx")).Approvals);
const Sessions = later(async () => (await import("./screens/sessions.tsx")).Sessions);
const Session = later(async () => (await import("./screens/session.tsx")).Session);
const Step = later(async () => (await import("./screens/step.tsx")).Step);
const Components = later(async () => (await import("./screens/components.tsx")).Components);
const Config = later(async () => (await import("./screens/config.tsx")).Config);

export function App() {
  useEffect(listenToKeys, []);
  return (
    <TransportProvider transport={transport}>
      <QueryClientProvider client={queries}>
        <Door />
      </QueryClientProvider>
    </TransportProvider>
  );
}

/** Nothing is shown to whom the daemon does not know. */
function Door() {
  const live = useLiveState();
  const [path] = useLocation();
  const isStranger = live.kind === "refused" && live.reason === "UNAUTHENTICATED";
  if (path === "/login" || isStranger) return <Login />;
  return (
    <Shell live={live}>
      <Suspense fallback={<Loading what="the page" />}>
        <Screens />
      </Suspense>
    </Shell>
  );
}

function Screens() {
  const [, go] = useLocation();
  useKeys([
    { key: "o", does: "overview", run: () => go("/") },
    { key: "s", does: "sessions", run: () => go("/sessions") },
    { key: "a", does: "approvals", run: () => go("/approvals") },
    { key: "m", does: "components", run: () => go("/components") },
    { key: ",", does: "config", run: () => go("/config") },
  ]);
  return (
    <Switch>
      <Route path="/" component={Overview} />
      <Route path="/sessions" component={Sessions} />
      <Route path="/sessions/:id/turns/:turn/steps/:step">
        {({ id, turn, step }) => <Step sessionId={id} turnId={turn} step={Number(step)} />}
      </Route>
      <Route path="/sessions/:id/:view?">
        {({ id, view }) => <Session key={id} sessionId={id} view={view ?? "chat"} />}
      </Route>
      <Route path="/approvals" component={Approvals} />
      <Route path="/components" component={Components} />
      <Route path="/config" component={Config} />
      <Route>
        <Empty>There is nothing at this address.</Empty>
      </Route>
    </Switch>
  );
}
