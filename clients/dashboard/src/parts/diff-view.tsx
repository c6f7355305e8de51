import { ScrollBox } from "./scroll-box.tsx";
/** A unified diff, line by line. Marks say what colours show too. */
export function DiffView({ diff, label }: { readonly diff: string; readonly label: string }) {
  const lines = diff.replace(/\n$/, "").split("\n");
  return (
    <ScrollBox label={label} className="code diff">
      <pre>
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name and never move
          <span key={index} data-mark={markOf(line)}>
            {line}
            {"\n"}
          </span>
        ))}
      </pre>
    </ScrollBox>
  );
}

function markOf(line: string): string {
  if (/^(\+\+\+|---|diff |index )/.test(line)) return "file";
  if (line.startsWith("@@")) return "place";
  if (line.startsWith("+")) return "added";
  if (line.startsWith("-")) return "removed";
  return "same";
}
