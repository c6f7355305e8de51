import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readGlobPattern } from "./glob-pattern.ts";

const paths = ["a.ts", "b.tsx", "src/a.ts", "src/deep/er/c.ts", "src/.hidden/d.ts", "x[1].md"];
const fitting = (pattern: string) =>
  paths.filter((path) => readGlobPattern("pattern", pattern).matches(path)).join(" ");

describe("readGlobPattern", () => {
  it("fits names and folders", () => {
    const everyTs = "a.ts src/a.ts src/deep/er/c.ts src/.hidden/d.ts";
    const cases = {
      "*.ts": everyTs,
      "**/*.ts": everyTs,
      "./*.ts": "a.ts",
      "src/*.ts": "src/a.ts",
      "src/**": "src/a.ts src/deep/er/c.ts src/.hidden/d.ts",
      "src/": "src/a.ts src/deep/er/c.ts src/.hidden/d.ts",
      "src/**/c.ts": "src/deep/er/c.ts",
      "**/er/**/c.ts": "src/deep/er/c.ts",
      "a.ts/**": "",
      "**": paths.join(" "),
      "?.{ts,tsx}": `a.ts b.tsx src/a.ts src/deep/er/c.ts src/.hidden/d.ts`,
      "{b,src/{a,x}}.ts{,x}": "b.tsx src/a.ts",
      "[!a].ts": "src/deep/er/c.ts src/.hidden/d.ts",
      "[b-c].ts*": "b.tsx src/deep/er/c.ts",
      "x\\[1\\].md": "x[1].md",
      "x[[]1[]].md": "x[1].md",
      "x[1].md": "",
      "x[1": "",
      "{a": "",
      "!*.ts": "b.tsx x[1].md",
      "A.ts": "",
    };
    for (const [pattern, expected] of Object.entries(cases)) {
      assert.equal(fitting(pattern), expected, pattern);
    }
  });

  it("takes a letter of any script as one", () => {
    assert.ok(readGlobPattern("pattern", "?[🦀-🦞].ts").matches("é🦐.ts"));
  });

  it("takes little time for patterns that other matchers choke on", () => {
    const stars = readGlobPattern("pattern", `${"*a".repeat(200)}b`);
    assert.equal(stars.matches("a".repeat(4000)), false);
    const folders = readGlobPattern("pattern", `${"**/a/".repeat(100)}b`);
    assert.equal(folders.matches("a/".repeat(1000)), false);
  });

  it("names what it fits only where ripgrep reads it alike", () => {
    const names = (pattern: string) => readGlobPattern("glob", pattern).names;
    assert.deepEqual(names("src/**/*.{ts,tsx}"), ["*.ts", "*.tsx"]);
    for (const pattern of ["src/**", "*", "[ab].ts", "!*.ts", "a:b", "é.ts"]) {
      assert.equal(names(pattern), undefined, pattern);
    }
  });

  it("refuses what would lead elsewhere or grow too large", () => {
    const cases: [string, RegExp][] = [
      ["/etc/*", /^pattern: must be relative to path/],
      ["../*", /^pattern: must not contain \.\./],
      ["a/{b,..}/c", /^pattern: must not contain \.\./],
      ["./", /^pattern: must name something/],
      ["{a,b}".repeat(7), /^pattern: must have at most 64 alternatives/],
      ["x".repeat(1001), /^pattern: must have at most 1000 characters/],
    ];
    for (const [pattern, message] of cases) {
      assert.throws(() => readGlobPattern("pattern", pattern), {
        refusal: "invalid_argument",
        message,
      });
    }
  });
});
