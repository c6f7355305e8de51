/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text with its variables put in, or the name of one that is not set. */
export type Substitution =
  | { readonly kind: "text"; readonly text: string; readonly hasVariables: boolean }
  | { readonly kind: "unset"; readonly variable: string }
  | { readonly kind: "malformed" };

const reference = /(\$?)\$\{([^}]*)(\}?)/g;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Replaces each `${NAME}` by that environment variable; `$${` is a plain `${`. */
export function substitute(text: string, environment: Environment): Substitution {
  let problem: Substitution | undefined;
  let hasVariables = false;
  const replaced = text.replace(reference, (whole, twice: string, name: string, end: string) => {
    if (twice !== "") return whole.slice(1);
    hasVariables = true;
    if (end === "" || !variableName.test(name)) problem ??= { kind: "malformed" };
    const value = environment[name];
    if (!value) problem ??= { kind: "unset", variable: name };
    return value ?? "";
  });
  return problem ?? { kind: "text", text: replaced, hasVariables };
}
