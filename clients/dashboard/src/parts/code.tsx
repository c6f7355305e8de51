import { useState } from "react";
import { ScrollBox } from "./scroll-box.tsx";

/** Text as it is, in a box that scrolls. Long text is folded until somebody wants it. */
export function Code({
  text,
  label,
  lines = 14,
}: {
  readonly text: string;
  readonly label: string;
  readonly lines?: number;
}) {
  const [isOpen, setOpen] = useState(false);
  const all = text.split("\n");
  const isLong = all.length > lines + 4 || text.length > 4000;
  const shown = isOpen || !isLong ? text : all.slice(0, lines).join("\n").slice(0, 4000);
  return (
    <div className="code-box">
      <ScrollBox label={label} className="code">
        <pre>{shown}</pre>
      </ScrollBox>
      {isLong && (
        <button type="button" className="link" onClick={() => setOpen(!isOpen)}>
          {isOpen ? "Show less" : `Show all ${all.length.toLocaleString("en")} lines`}
        </button>
      )}
    </div>
  );
}
