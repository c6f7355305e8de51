import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { build, type Plugin } from "esbuild";

/** Bundles the command line with the daemon in it: what a person installs. */
const folder = "clients/cli";
const outdir = `${folder}/dist`;
const { version }: { version?: unknown } = JSON.parse(
  readFileSync(`${folder}/package.json`, "utf8"),
);
if (typeof version !== "string") throw new Error(`${folder}/package.json has no version`);

/**
 * An ESM import of `node:http` reads each of its exports, one of which loads a whole
 * HTTP client that nothing here uses. As a CommonJS module it is only asked for what is used.
 */
const lazyHttp: Plugin = {
  name: "lazy-http",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?https?$/ }, ({ path }) => ({
      path: path.replace("node:", ""),
      namespace: "builtin",
    }));
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${path}");`,
    }));
  },
};

await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: { daphnia: `${folder}/src/main.ts` },
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  mainFields: ["module", "main"],
  conditions: ["module"],
  // Brings a program for each platform along, and finds it beside itself.
  external: ["@vscode/ripgrep"],
  plugins: [lazyHttp],
  define: { "process.env.DAPHNIA_BUNDLED_VERSION": JSON.stringify(version) },
  sourcemap: "linked",
  sourcesContent: false,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  chunkNames: "chunk-[name]-[hash]",
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  logLevel: "warning",
});
