import { useQuery } from "@connectrpc/connect-query";
import { type Component, ComponentOrigin } from "@daphnia/protocol/component";
import { ComponentService } from "@daphnia/protocol/component_service";
import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { client } from "../data/client.ts";
import { useNow } from "../data/hooks.ts";
import { Code } from "../parts/code.tsx";
import { Empty, Loading } from "../parts/empty.tsx";
import { listKeys, useKeys } from "../parts/keys.ts";
import { StateLabel } from "../parts/label.tsx";
import { LogTail } from "../parts/log-tail.tsx";
import { Problem } from "../parts/problem.tsx";
import { ageText, bytesText, countText, msOf } from "../words/figures.ts";
import { componentLabel, plainWord } from "../words/words.ts";
import "../styles/components.css";

/** The parts that offer tools from outside: how they are, and what they said last. */
export function Components() {
  const { data, error, isPending, refetch } = useQuery(ComponentService.method.listComponents, {});
  const [search, setSearch] = useSearchParams();
  const chosen = search.get("name") ?? "";
  useKeys(listKeys());
  useEffect(() => {
    document.title = "Components · Daphnia";
  }, []);
  return (
    <div className="screen">
      <header className="head">
        <h1>Components</h1>
        <span className="head-side">{data && countText(data.components.length, "component")}</span>
      </header>
      {error !== null && <Problem error={error} what="The components cannot be read." />}
      {isPending && <Loading what="the components" />}
      {data?.components.length === 0 && (
        <Empty>
          No component is known. One announces itself by a port file, or is named in the config.
        </Empty>
      )}
      <ul className="components">
        {data?.components.map((component) => (
          <li key={component.name}>
            <One
              component={component}
              isOpen={component.name === chosen}
              toggle={() =>
                setSearch(component.name === chosen ? {} : { name: component.name }, {
                  replace: true,
                })
              }
              refetch={() => void refetch()}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

function One({
  component,
  isOpen,
  toggle,
  refetch,
}: {
  readonly component: Component;
  readonly isOpen: boolean;
  readonly toggle: () => void;
  readonly refetch: () => void;
}) {
  const { name, state, reason, address, version, tools, stateTime, trusted, openCalls } = component;
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const now = useNow(true, 10_000);
  const reconnect = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await client.components.reconnectComponent({ name });
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
    refetch();
  };
  return (
    <article className="component" aria-label={name}>
      <header>
        <button
          type="button"
          className="component-head"
          data-row
          aria-expanded={isOpen}
          onClick={toggle}
        >
          <StateLabel label={componentLabel(state)} />
          <span className="component-name mono">{name}</span>
          <span className="row-title muted">{reason || version || address}</span>
          {!trusted && (
            <span className="tag" data-tone="wait">
              not trusted
            </span>
          )}
          {openCalls > 0 && (
            <span className="figure muted">{countText(openCalls, "open call")}</span>
          )}
          <span className="figure muted wide">{countText(tools.length, "tool")}</span>
          <span className="figure muted">{ageText(now - msOf(stateTime))}</span>
        </button>
        <button
          type="button"
          className="button small"
          disabled={isBusy}
          onClick={() => void reconnect()}
        >
          Reconnect
        </button>
      </header>
      {problem !== undefined && <Problem error={problem} what="It cannot be reconnected." />}
      {isOpen && <Details component={component} />}
    </article>
  );
}

function Details({ component }: { readonly component: Component }) {
  const { name, pid, address, protocol, version, residentBytes, lastError, agents, tools, origin } =
    component;
  const facts: readonly (readonly [string, string])[] = [
    ["address", address],
    ["told by", plainWord(ComponentOrigin[origin])],
    ["pid", pid === 0 ? "unknown" : String(pid)],
    ["memory", residentBytes === 0n ? "unknown" : bytesText(Number(residentBytes))],
    ["version", version || "unknown"],
    ["MCP", protocol || "unknown"],
    ["agents that may use it", agents.join(", ") || "none"],
  ];
  return (
    <div className="component-body">
      <dl className="figures">
        {facts.map(([title, value]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {lastError !== "" && (
        <p className="problem">
          <strong>Last error:</strong> {lastError}
        </p>
      )}
      <section className="group" aria-label="Tools">
        <h2>Tools</h2>
        {tools.length === 0 && <Empty>It offers none.</Empty>}
        {tools.map((tool) => (
          <details key={tool.name}>
            <summary>
              <span className="mono">{tool.name}</span> {tool.description}
            </summary>
            <Code text={tool.parameters} label={`Parameters of ${tool.name}`} />
          </details>
        ))}
      </section>
      <LogTail name={name} />
    </div>
  );
}
