import type { TimeSpent, TurnSpan } from "@daphnia/client/trace-spans";
import { Link } from "wouter";
import { type Bar, ticksOf, type WaterfallRow } from "../data/waterfall.ts";
import { lengthText, moneyText, shortCount } from "../words/figures.ts";
import { firstLine, type Label, plainWord } from "../words/words.ts";
import { StateLabel } from "./label.tsx";

/** A turn with what it took, and why it failed. */
export function TurnRow({
  turn,
  isOpen,
  toggle,
}: {
  readonly turn: TurnSpan;
  readonly isOpen: boolean;
  readonly toggle: (turn: TurnSpan, isOpen: boolean) => void;
}) {
  const { usage, cost, costIncomplete } = turn.spent;
  return (
    <button
      type="button"
      className="turn-row"
      data-row
      aria-expanded={isOpen}
      onClick={() => toggle(turn, isOpen)}
    >
      <span className="turn-line">
        <span className="turn-mark" aria-hidden="true" />
        <StateLabel label={turnLabel(turn)} />
        <span className="row-title">{firstLine(turn.prompt) || turn.turnId}</span>
        <span className="figure">{lengthText(turn.duration)}</span>
        <span className="figure wide">
          {usage
            ? `${shortCount(usage.inputTokens)} in · ${shortCount(usage.outputTokens)} out`
            : ""}
        </span>
        <span className="figure wide">
          {cost ? `${costIncomplete ? "≥ " : ""}${moneyText(cost)}` : "cost unknown"}
        </span>
      </span>
      <Spent time={turn.time} />
      {turn.error && (
        <span className="turn-error">
          {plainWord(turn.error.kind)}: {turn.error.message}
        </span>
      )}
    </button>
  );
}

function Spent({ time }: { readonly time: TimeSpent }) {
  const parts = [
    { kind: "model", name: "model", length: time.model },
    { kind: "tool", name: "tools", length: time.tools },
    { kind: "wait", name: "waiting", length: time.waiting },
    { kind: "other", name: "other", length: time.other },
  ].filter(({ length }) => length > 0);
  const sum = parts.reduce((all, { length }) => all + length, 0);
  return (
    <span className="spent">
      <span className="spent-bar" aria-hidden="true">
        {parts.map(({ kind, length }) => (
          <span key={kind} data-bar={kind} style={{ width: `${(length / sum) * 100}%` }} />
        ))}
      </span>
      <span className="spent-text">
        {parts.map(({ name, length }) => `${name} ${lengthText(length)}`).join(" · ")}
      </span>
    </span>
  );
}

/** The times of a turn, from its start. */
export function AxisRow({ from, to }: { readonly from: number; readonly to: number }) {
  const length = to - from;
  return (
    <div className="span-row axis" aria-hidden="true">
      <span className="span-name" />
      <span className="track">
        {ticksOf(length).map((tick) => (
          <span key={tick} className="tick" style={{ left: `${(tick / length) * 100}%` }}>
            {lengthText(tick)}
          </span>
        ))}
      </span>
      <span className="span-time" />
    </div>
  );
}

/** A model call, a tool call, a wait or a child, on the scale of its turn. */
export function SpanRow({ row }: { readonly row: Extract<WaterfallRow, { kind: "span" }> }) {
  const { title, about, lane, status, time, isSlowest, bars, href, from, to } = row;
  const length = to - from;
  const content = (
    <>
      <span className="span-name">
        <span className="mono span-title" data-lane={lane}>
          {title}
        </span>
        <span className="span-about">{about}</span>
      </span>
      <span className="track">
        {bars.map((bar) => (
          <span
            key={`${bar.kind} ${bar.from}`}
            className="bar"
            data-bar={bar.kind}
            data-open={bar.isOpen || undefined}
            style={{
              left: `${percent(bar.from - from, length)}%`,
              width: `${widthOf(bar, from, length)}%`,
            }}
          />
        ))}
      </span>
      <span className="span-time figure">
        {isSlowest && (
          <span className="tag" data-tone="wait">
            slowest
          </span>
        )}
        {status !== "ok" && status !== "" && (
          <span className="span-status" data-tone={statusLabel(status).tone}>
            {plainWord(status)}
          </span>
        )}
        {lengthText(time.duration || waitOf(bars))}
      </span>
    </>
  );
  if (href === "") return <div className="span-row">{content}</div>;
  return (
    <Link href={href} className="span-row" data-row>
      {content}
    </Link>
  );
}

/** Of what did nothing yet, how long it has waited. */
function waitOf(bars: readonly Bar[]): number {
  return bars.reduce((sum, { kind, from, to }) => sum + (kind === "wait" ? to - from : 0), 0);
}

function percent(length: number, whole: number): number {
  return Math.min(100, Math.max(0, (length / whole) * 100));
}

function widthOf({ from, to }: Bar, start: number, whole: number): number {
  return percent(to - start, whole) - percent(from - start, whole);
}

/** A turn that only waits for a person does not run. */
function turnLabel({ status, steps }: TurnSpan): Label {
  const isWaiting = steps.some(({ calls }) => calls.some((call) => call.status === "waiting"));
  return status === "running" && isWaiting
    ? { text: "waits for you", tone: "wait" }
    : statusLabel(status);
}

function statusLabel(status: string): Label {
  const text = plainWord(status);
  if (status === "completed" || status === "ok") return { text, tone: "ok" };
  if (status === "running") return { text, tone: "run" };
  if (["queued", "suspended", "waiting", "budget", "max_steps"].includes(status))
    return { text, tone: "wait" };
  if (status === "canceled" || status === "requested") return { text, tone: "calm" };
  return { text, tone: "fail" };
}
