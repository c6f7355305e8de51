import { oneLine, shortened } from "./escape-text.ts";

/** A call's arguments in a few words: `pattern=*.md path=src`. */
export function argumentsText(json: string, most = 60): string {
  return shortened(oneLine(pairsOf(json)), most);
}

function pairsOf(json: string): string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return json; // the model wrote no JSON; what it wrote says more than nothing
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return json;
  return Object.entries(value)
    .map(([key, entry]) => `${key}=${typeof entry === "string" ? entry : JSON.stringify(entry)}`)
    .join(" ");
}
