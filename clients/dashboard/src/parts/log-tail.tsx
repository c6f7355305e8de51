import { useEffect, useState } from "react";
import { client } from "../data/client.ts";
import { Empty } from "./empty.tsx";
import { Problem } from "./problem.tsx";
import { ScrollBox } from "./scroll-box.tsx";

const lines = 200;

/** The end of a component's log as it is now. Followed it would hold a connection of six. */
export function LogTail({ name }: { readonly name: string }) {
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState<unknown>();
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round reads anew
  useEffect(() => {
    const ended = new AbortController();
    const read = async () => {
      try {
        const told: string[] = [];
        const asked = { name, lines, follow: false };
        for await (const piece of client.components.tailComponentLog(asked, {
          signal: ended.signal,
        })) {
          told.push(...piece.lines);
        }
        setText(told.join("\n"));
        setProblem(undefined);
      } catch (error) {
        if (!ended.signal.aborted) setProblem(error);
      }
    };
    void read(); // it tells its problems itself
    return () => ended.abort();
  }, [name, round]);
  return (
    <section className="group" aria-label="Log">
      <div className="request-head">
        <h2>Log</h2>
        <button type="button" className="button small" onClick={() => setRound(round + 1)}>
          Read again
        </button>
      </div>
      {problem !== undefined && <Problem error={problem} what="Its log cannot be read." />}
      {text === "" && <Empty>It logged nothing.</Empty>}
      {text && (
        <ScrollBox className="code" label={`Log of ${name}`}>
          <pre>{text}</pre>
        </ScrollBox>
      )}
    </section>
  );
}
