import { type Event, EventSchema } from "@daphnia/protocol/event";

/** What happened: the body of an event. */
export type EventBody = Exclude<Event["body"], { case: undefined }>;

/** Each family of bodies, and the first field number of its block of twenty. */
const families = new Map([
  [100, "session"],
  [120, "prompt"],
  [140, "turn"],
  [160, "step"],
  [180, "tool"],
  [200, "approval"],
  [260, "rules"],
  [300, "daemon"],
]);

const bodies = EventSchema.fields.filter((field) => field.oneof?.localName === "body");
const kindByCase = new Map(bodies.map((field) => [field.localName, field.number]));
const kindByName = new Map(bodies.map((field) => [field.name, field.number]));

/** The number that a store keeps of a body, to select by; its field number. */
export function kindOf(body: EventBody): number {
  const kind = kindByCase.get(body.case);
  if (kind === undefined) throw new Error(`no body is called ${body.case}`);
  return kind;
}

export function familyOf(kind: number): string {
  return families.get(kind - (kind % 20)) ?? "unknown";
}

export const familyNames: readonly string[] = [...families.values()];
export const bodyNames: readonly string[] = [...kindByName.keys()];

/** The kinds of one family, or of one body by its name. */
export function kindsOfFamily(family: string): readonly number[] {
  return [...kindByName.values()].filter((kind) => familyOf(kind) === family);
}

export function kindOfName(name: string): number | undefined {
  return kindByName.get(name);
}
