import type { Document } from "yaml";

/** What a field of the front matter can hold. */
export type FieldValue =
  | string
  | number
  | boolean
  | readonly string[]
  | readonly Readonly<Record<string, unknown>>[];

/** The node for a field's new value: the one before where it can be, with its comments and quotes. */
export async function renewNode(
  document: Document,
  key: string,
  value: FieldValue,
): Promise<unknown> {
  const { isScalar, isSeq } = await import("yaml");
  const node: unknown = document.get(key, true);
  const isList = typeof value === "object";
  if (isList && isSeq(node)) {
    const before = node.items;
    const itemOf = (name: string | Readonly<Record<string, unknown>>) =>
      before.find((item) => isScalar(item) && item.value === name) ?? document.createNode(name);
    node.items = value.map(itemOf);
    return node;
  }
  if (!isList && isScalar(node)) {
    node.value = value;
    return node;
  }
  return document.createNode(value, {
    flow: isList && value.every((item) => typeof item === "string"),
  });
}
