import { readFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { buildDashboard, whyNotBuilt } from "./build-dashboard.ts";

/** Bundles the command line with the daemon and the dashboard in it: what a person installs. Takes another folder than its own. */
const folder = "clients/cli";
const own = `${folder}/dist`;
const [outdir = own] = process.argv.slice(2);
const { version }: { version?: unknown } = JSON.parse(
  readFileSync(`${folder}/package.json`, "utf8"),
);
if (typeof version !== "string") throw new Error(`${folder}/package.json has no version`);

/**
 * An ESM import of one of Node's modules reads each of its exports, and some load a whole HTTP
 * client, a zip reader or a second crypto, which nothing here uses. As a CommonJS module it is
 * only asked for what is used.
 */
const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z0-9_/]+$/ }, ({ path, kind }) => {
      if (!isBuiltin(path) || kind === "dynamic-import") return undefined;
      return { path: path.replace("node:", ""), namespace: "builtin" };
    });
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${path}");`,
    }));
  },
};

/**
 * To what only passes headers on, the platform's `Headers` are too dear: see there. Models'
 * packages keep the platform's, which is what they fetch with.
 */
const lightHeaders: Plugin = {
  name: "light-headers",
  setup({ onLoad }) {
    onLoad(
      { filter: /[\\/](@connectrpc[\\/].*\.js|daemon[\\/]listener[\\/].*\.ts)$/ },
      ({ path }) => {
        const contents = readFileSync(path, "utf8");
        if (!/\bHeaders\b/.test(contents)) return undefined;
        const from = JSON.stringify(join(import.meta.dirname, "light-headers.ts"));
        return {
          contents: `import { Headers } from ${from};${contents}`, // on its first line: others keep their numbers
          loader: path.endsWith(".ts") ? "ts" : "js",
        };
      },
    );
  },
};

/**
 * The client library for MCP brings a validator of its own along, which the daemon never
 * asks: it hands in another. Left out it saves 2.5 MB in a daemon with components.
 */
const noValidator: Plugin = {
  name: "no-validator",
  setup({ onLoad }) {
    onLoad(
      { filter: /[\\/]@modelcontextprotocol[\\/]client[\\/]dist[\\/]shimsNode\.mjs$/ },
      () => ({
        contents:
          "export class DefaultJsonSchemaValidator {}\nexport const CORS_IS_POSSIBLE = false;",
        loader: "js",
      }),
    );
  },
};

/** What serves a home: the daemon. To the command line it is a file that lies beside it. */
const serving = "serve-home";
const apart: Plugin = {
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`/${serving}\\.ts$`) }, () => ({
      path: `./${serving}.js`,
      external: true,
    }));
  },
};

const shared: BuildOptions = {
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
};

await rm(outdir, { recursive: true, force: true });
await build({
  ...shared,
  entryPoints: { daphnia: `${folder}/src/main.ts` },
  plugins: [lazyBuiltins, lightHeaders, apart],
});
// Apart, it is one file to load, and what it loads late. Built together they share this and that,
// and the daemon is cut in 25, which makes its start a tenth longer.
await build({
  ...shared,
  entryPoints: { [serving]: `${folder}/src/${serving}.ts` },
  plugins: [lazyBuiltins, lightHeaders, noValidator],
});
const reason = whyNotBuilt();
const dashboard = join(outdir, "dashboard");
if (reason !== undefined) process.stderr.write(`The bundle has no dashboard: ${reason}.\n`);
else if (outdir !== own) await buildDashboard(dashboard);
else await cp(await buildDashboard(), dashboard, { recursive: true }); // a checkout's daemon has it too
