/**
 * HTTP headers as the platform's `Headers` keeps them, for bundled code that only passes them on.
 * Reading the platform's own loads all of `fetch`: 14 ms of the first answer and several MB, in a
 * process that may never fetch. A class, since it stands in for one.
 */
export class Headers {
  /** By name in lower case; `set-cookie` alone keeps its values apart. */
  readonly #values = new Map<string, readonly string[]>();

  constructor(init: HeadersInit = []) {
    const pairs = Symbol.iterator in init ? init : Object.entries(init);
    for (const [name, value] of pairs) this.append(String(name), value);
  }

  append(name: string, value: unknown): void {
    const key = readName(name);
    const added = readValue(value);
    this.#values.set(key, [...(this.#values.get(key) ?? []), added]);
  }

  set(name: string, value: unknown): void {
    this.#values.set(readName(name), [readValue(value)]);
  }

  delete(name: string): void {
    this.#values.delete(readName(name));
  }

  has(name: string): boolean {
    return this.#values.has(readName(name));
  }

  get(name: string): string | null {
    return this.#values.get(readName(name))?.join(", ") ?? null;
  }

  getSetCookie(): string[] {
    return [...(this.#values.get(cookie) ?? [])];
  }

  forEach(tell: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this) tell(value, name, this);
  }

  *entries(): Generator<[string, string]> {
    for (const [name, values] of [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (name !== cookie) yield [name, values.join(", ")];
      else for (const value of values) yield [name, value];
    }
  }

  *keys(): Generator<string> {
    for (const [name] of this) yield name;
  }

  *values(): Generator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries();
  }
}

type HeadersInit =
  | Iterable<readonly [string, unknown] | readonly string[]>
  | Readonly<Record<string, unknown>>;

const cookie = "set-cookie";

function readName(name: string): string {
  if (/^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/.test(name)) return name.toLowerCase();
  throw new TypeError(`${JSON.stringify(name)} is no name of a header`);
}

/** White space around a value does not count; what would end a line, or is no byte, cannot be sent. */
function readValue(raw: unknown): string {
  const value = String(raw).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (!/[\0\r\n]|[^\0-\xff]/.test(value)) return value;
  throw new TypeError(`${JSON.stringify(value)} is no value of a header`);
}
