import { useQuery } from "@connectrpc/connect-query";
import { DaemonService, FindingStatus } from "@daphnia/protocol/daemon_service";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { feed } from "../data/client.ts";
import { useTold } from "../data/hooks.ts";
import { Empty, Loading } from "../parts/empty.tsx";
import { Filter, useFilterKey } from "../parts/filter.tsx";
import { StateLabel } from "../parts/label.tsx";
import { Problem } from "../parts/problem.tsx";
import { ScrollBox } from "../parts/scroll-box.tsx";
import { bytesText, dateText } from "../words/figures.ts";
import type { Tone } from "../words/words.ts";
import "../styles/config.css";

/** What is configured, where each value came from, and how the daemon is. */
export function Config() {
  const config = useQuery(DaemonService.method.getConfig, {});
  const [search, setSearch] = useSearchParams();
  const field = useFilterKey();
  const text = search.get("q") ?? "";
  useTold(({ events }) => {
    const isNews = events.some(
      ({ body }) =>
        body.case === "recordChanged" ||
        body.case === "configRejected" ||
        body.case === "daemonStarted",
    );
    if (isNews) void config.refetch(); // the query tells how it went
  });
  const settings = config.data?.settings.filter(({ key, value, origin }) =>
    `${key} ${value} ${origin}`.toLowerCase().includes(text.toLowerCase()),
  );
  return (
    <div className="screen">
      <header className="head">
        <h1>Config</h1>
        <span className="head-side mono">{config.data?.file}</span>
        <LogOut />
      </header>
      <About />
      <Check />
      {config.data?.rejected.map(({ file, line, problem }) => (
        <p key={`${file} ${line}`} className="problem" role="alert">
          <strong>
            {file}:{line} cannot be used; its last good version is in force.
          </strong>{" "}
          {problem}
        </p>
      ))}
      <section className="group" aria-labelledby="settings">
        <h2 id="settings">Settings</h2>
        <div className="filters">
          <Filter
            field={field}
            value={text}
            onChange={(q) => setSearch(q === "" ? {} : { q }, { replace: true })}
            label="Filter by key, value or origin"
          />
        </div>
        {config.error !== null && (
          <Problem error={config.error} what="The config cannot be read." />
        )}
        {config.isPending && <Loading what="the config" />}
        {settings?.length === 0 && <Empty>No setting is like that.</Empty>}
        {settings !== undefined && settings.length > 0 && (
          <ScrollBox label="Settings, scrollable" className="table-box">
            <table>
              <thead>
                <tr>
                  <th scope="col">Key</th>
                  <th scope="col">Value</th>
                  <th scope="col">From</th>
                </tr>
              </thead>
              <tbody>
                {settings.map(({ key, value, origin, nextValue, needsRestart }) => (
                  <tr key={key} data-set={origin !== "default" || undefined}>
                    <th scope="row" className="mono">
                      {key}
                    </th>
                    <td className="mono">
                      {value || <span className="muted">none</span>}
                      {nextValue !== "" && (
                        <span className="tag" data-tone="wait">
                          {nextValue} from the next start on
                        </span>
                      )}
                    </td>
                    <td>
                      {origin === "default" ? <span className="muted">default</span> : origin}
                      {needsRestart && <span className="muted"> · at the next start</span>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollBox>
        )}
      </section>
    </div>
  );
}

/** Has this browser forgotten by the daemon, in all its tabs. */
function LogOut() {
  const [problem, setProblem] = useState("");
  const leave = async () => {
    try {
      const answer = await fetch("/logout", { method: "POST" });
      if (!answer.ok) throw new Error(`the daemon answered ${answer.status}`);
      feed.anew();
      location.assign("/login");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      {problem !== "" && <span role="alert">{problem}</span>}
      <button type="button" className="button" onClick={() => void leave()}>
        Log out
      </button>
    </>
  );
}

function About() {
  const { data } = useQuery(DaemonService.method.getInfo, {}, { refetchInterval: 10_000 });
  if (data === undefined) return null;
  const facts: readonly (readonly [string, string])[] = [
    ["version", data.version],
    ["since", dateText(data.startTime)],
    ["pid", String(data.pid)],
    ["home", data.home],
    ["memory", bytesText(Number(data.residentBytes))],
    ["store", bytesText(Number(data.storeBytes))],
    ["running turns", String(data.runningTurns)],
    ["open watches", String(data.openWatches)],
    ["addresses", data.addresses.join(", ")],
    ["Node.js", data.runtimeVersion],
  ];
  return (
    <dl className="figures">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const tones: Readonly<Record<FindingStatus, Tone>> = {
  [FindingStatus.UNSPECIFIED]: "calm",
  [FindingStatus.OK]: "ok",
  [FindingStatus.WARN]: "wait",
  [FindingStatus.FAIL]: "fail",
};

/** What the daemon finds when it looks at itself: only what needs somebody is told at length. */
function Check() {
  const { data } = useQuery(DaemonService.method.check, {});
  if (data === undefined) return null;
  const bad = data.findings.filter(({ status }) => status !== FindingStatus.OK);
  return (
    <section className="group" aria-labelledby="check">
      <h2 id="check">Health</h2>
      {bad.length === 0 && <Empty>All {data.findings.length} checks are fine.</Empty>}
      <ul className="rows findings">
        {bad.map(({ name, status, message, remedy }) => (
          <li key={name}>
            <StateLabel label={{ text: name, tone: tones[status] }} />
            <span>
              {message} {remedy !== "" && <code className="command">{remedy}</code>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
