import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ConfigSchema } from "@daphnia/protocol/config";

/** A key that every config has, whether its file states it or not. */
export interface ConfigKey {
  readonly path: readonly string[];
  readonly field: DescField;
}

/** Every key of the schema, but those under names that a person chooses. */
export const configKeys: readonly ConfigKey[] = keysOf(ConfigSchema, []);

/** A path as a person writes it in one line: `limits.heartbeat`. */
export function nameKey(path: readonly string[]): string {
  return path
    .map((step) => (/^[A-Za-z0-9_-]+$/.test(step) ? step : JSON.stringify(step)))
    .join(".");
}

/** The message of a table; undefined where a field is a value. */
export function tableOf(field: DescField): DescMessage | undefined {
  if (field.fieldKind !== "message") return undefined;
  return field.message.typeName === "google.protobuf.Duration" ? undefined : field.message;
}

function keysOf(message: DescMessage, path: readonly string[]): ConfigKey[] {
  return message.fields.flatMap((field) => {
    if (field.fieldKind === "map") return [];
    const table = tableOf(field);
    const here = [...path, field.name];
    return table === undefined ? [{ path: here, field }] : keysOf(table, here);
  });
}
