import { Ajv, type ErrorObject, type Options } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";

/** A schema that is ready for use. */
export interface SchemaCheck {
  /** What does not fit; empty when all does. */
  errorsOf(value: unknown): readonly ErrorObject[];
}

/** Compiles schemas and remembers them by their text. */
export interface SchemaCompiler {
  /** Throws when the text is no schema that can be used. */
  compile(text: string): SchemaCheck;
}

/**
 * Reads JSON Schema 2020-12, or draft-07 and -06 where `$schema` says so. After
 * `capacity` schemas it starts anew, ajv included, because ajv forgets nothing.
 */
export function createSchemaCompiler(capacity = 256): SchemaCompiler {
  let checks = new Map<string, SchemaCheck>();
  let dialects = createDialects();
  return {
    compile(text) {
      const known = checks.get(text);
      if (known !== undefined) return known;
      if (checks.size >= capacity) {
        checks = new Map();
        dialects = createDialects();
      }
      const check = compileWith(dialects, text);
      checks.set(text, check);
      return check;
    },
  };
}

/** Formats are hints to the model, not checked; nothing is changed in what is read. */
const options: Options = {
  strict: false,
  allErrors: true,
  verbose: true,
  validateFormats: false,
  validateSchema: false,
  addUsedSchema: false,
  logger: false,
};

interface Dialects {
  draft07(): Ajv;
  draft2020(): Ajv;
}

function createDialects(): Dialects {
  let old: Ajv | undefined;
  let current: Ajv | undefined;
  return {
    draft07: () => (old ??= new Ajv(options)),
    draft2020: () => (current ??= new Ajv2020(options)),
  };
}

function compileWith(dialects: Dialects, text: string): SchemaCheck {
  const schema: unknown = text.trim() === "" ? {} : JSON.parse(text);
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw new Error("it is not a JSON object");
  }
  const { $schema: dialect, ...rest } = Object.assign({ $schema: "" }, schema);
  const ajv = /draft-0[67]/.test(dialect) ? dialects.draft07() : dialects.draft2020();
  const validate = ajv.compile(rest);
  return { errorsOf: (value) => (validate(value) ? [] : (validate.errors ?? [])) };
}
