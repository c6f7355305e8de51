/** A value as JSON, cut where it gets long. */
export function shortJson(value: unknown, most = 80): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;
}
