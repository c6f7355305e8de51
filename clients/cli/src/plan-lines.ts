import { visibleLine } from "./escape-text.ts";

const marks: Readonly<Record<string, string>> = { done: "✓", active: "▸", open: "○", dropped: "–" };

/** The tasks of a call of `plan`, a line each; undefined where its arguments are none. */
export function planLines(json: string): string[] | undefined {
  const tasks = tasksOf(json);
  return tasks?.map((task) => {
    const { text, status } = Object(task) as { text?: unknown; status?: unknown }; // may lack both
    return `${marks[String(status)] ?? "?"} ${visibleLine(String(text ?? ""))}`;
  });
}

function tasksOf(json: string): unknown[] | undefined {
  try {
    const { tasks }: { tasks?: unknown } = Object(JSON.parse(json));
    return Array.isArray(tasks) ? tasks : undefined;
  } catch {
    return undefined; // the model wrote no JSON, or the event holds only its ends
  }
}
