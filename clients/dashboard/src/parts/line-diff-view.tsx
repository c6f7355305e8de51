import { useMemo } from "react";
import { lineDiff } from "../words/line-diff.ts";
import { ScrollBox } from "./scroll-box.tsx";

const signs = { same: " ", added: "+", removed: "-", skipped: "⋯" } as const;

/** What makes one text into another. */
export function LineDiffView({
  before,
  after,
}: {
  readonly before: string;
  readonly after: string;
}) {
  const lines = useMemo(() => lineDiff(before, after), [before, after]);
  if (lines.every(({ mark }) => mark === "same" || mark === "skipped")) {
    return <p className="empty">It is the same request.</p>;
  }
  return (
    <ScrollBox label="What is new in the request" className="code diff">
      <pre>
        {lines.map(({ mark, text }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name and never move
          <span key={place} data-mark={mark === "skipped" ? "place" : mark}>
            {signs[mark]} {text}
            {"\n"}
          </span>
        ))}
      </pre>
    </ScrollBox>
  );
}
