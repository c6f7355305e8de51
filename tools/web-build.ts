import { build, type Plugin } from "esbuild";

/** The web build: one module for browsers, and the files that are in it. */
export interface WebBuild {
  readonly code: string;
  readonly files: readonly string[];
}

/**
 * What a file is to say instead in a build that speaks binary only; undefined where it stays.
 * Protobuf's JSON is a fifth of such a build, and nothing in it calls it. For any bundler.
 */
export function withoutJson(path: string): string | undefined {
  const name = /\/@bufbuild\/protobuf\/.*\/(from-json|to-json)\.js$/.exec(path)?.[1];
  return name && stand(names[name] ?? []);
}

const names: Readonly<Record<string, readonly string[]>> = {
  "from-json": [
    "fromJson",
    "fromJsonString",
    "mergeFromJson",
    "mergeFromJsonString",
    "enumFromJson",
    "isEnumJson",
  ],
  "to-json": ["toJson", "toJsonString", "enumToJson"],
};

function stand(exported: readonly string[]): string {
  const lines = exported.map((name) => `export const ${name} = no;`);
  return `function no() { throw new Error("this build speaks binary only"); }\n${lines.join("\n")}\n`;
}

const binaryOnly: Plugin = {
  name: "binary-only",
  setup({ onLoad }) {
    onLoad({ filter: /(from|to)-json\.js$/ }, ({ path }) => {
      const contents = withoutJson(path.replaceAll("\\", "/"));
      return contents === undefined ? undefined : { contents };
    });
  },
};

/** Bundles a program for browsers as a page would load it. `folder` is what its imports start at. */
export async function buildWeb(program: string, folder: string): Promise<WebBuild> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: folder, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    metafile: true,
    write: false,
    plugins: [binaryOnly],
    logLevel: "silent",
  });
  const code = outputFiles.map(({ text }) => text).join("");
  return { code, files: Object.keys(metafile.inputs) };
}
