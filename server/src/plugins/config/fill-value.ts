import { type Environment, substitute } from "./substitute.ts";

/** A raw value with its variables put in. */
export interface FilledValue {
  readonly value: unknown;
  /** True where a variable gave some of it. */
  readonly isSecret: boolean;
  readonly problem?: string;
}

/** Puts the environment's variables into a text, or into each text of a list. */
export function fill(raw: unknown, environment: Environment): FilledValue {
  if (Array.isArray(raw)) {
    const items = raw.map((item) => fill(item, environment));
    const problem = items.find((item) => item.problem !== undefined)?.problem;
    const value = items.map((item) => item.value);
    const isSecret = items.some((item) => item.isSecret);
    return { value, isSecret, ...(problem !== undefined && { problem }) };
  }
  if (typeof raw !== "string") return { value: raw, isSecret: false };
  const result = substitute(raw, environment);
  switch (result.kind) {
    case "text":
      return { value: result.text, isSecret: result.hasVariables };
    case "unset": {
      const problem = `the environment variable ${result.variable} is not set`;
      return { value: raw, isSecret: true, problem };
    }
    case "malformed": {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person writes
      const problem = "${…} must name an environment variable; a plain ${ is written $${";
      return { value: raw, isSecret: true, problem };
    }
  }
}
