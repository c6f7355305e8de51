import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nameKey } from "./config-key.ts";
import { tellMistake } from "./mistake.ts";
import { readConfig } from "./read-config.ts";

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is what a person writes
const read = (text: string) =>
  readConfig(text, "daphnia.toml", { KEY: "sk-secret", HOST: "example.org", NUMBER: "7" });
const mistakesOf = (text: string) => read(text).mistakes.map(tellMistake);
const shownOf = (text: string) =>
  read(text).statements.map(({ path, shown, line }) => `${line} ${nameKey(path)} = ${shown}`);

describe("a config file", () => {
  it("states values, each with its line", () => {
    const text = `
model.default = "anthropic/claude" # dotted
[limits]
heartbeat = "1500ms"
tail_bytes = 1048576
max_attempts = 3
[providers.openai]
base_url = "https://\${HOST}/v1"
api_key = "\${KEY}"
headers = { "X-Org" = "acme" }
[listen]
tcp = false
hosts = [
  "daphnia.example.org",
  "localhost:8080",
]
[log]
level = "debug"
`;
    assert.deepEqual(shownOf(text), [
      '2 model.default = "anthropic/claude"',
      '4 limits.heartbeat = "1500ms"',
      '5 limits.tail_bytes = "1 MiB"',
      "6 limits.max_attempts = 3",
      '8 providers.openai.base_url = "https://${HOST}/v1"',
      '9 providers.openai.api_key = "***"',
      '10 providers.openai.headers.X-Org = "***"',
      "12 listen.tcp = false",
      '13 listen.hosts = ["daphnia.example.org","localhost:8080"]',
      '18 log.level = "debug"',
    ]);
    assert.deepEqual(mistakesOf(text), []);
  });

  it("may be empty", () => {
    assert.deepEqual(read(""), { statements: [], mistakes: [] });
    assert.deepEqual(read("# nothing\n[limits]\n"), { statements: [], mistakes: [] });
  });

  it("states nothing while anything in it is wrong, and every mistake is told", () => {
    const text =
      '[limits]\nheartbeat = 15\nmax_attempts = 0\nheartbea = "1s"\ntail_bytes = "1 KB"\n';
    assert.deepEqual(read(text).statements, []);
    assert.deepEqual(mistakesOf(text), [
      'daphnia.toml:2: limits.heartbeat: must be a duration, "50ms" to "10m", got 15',
      "daphnia.toml:3: limits.max_attempts: must be a whole number, 1 to 100, got 0",
      'daphnia.toml:4: limits.heartbea: unknown key; did you mean "heartbeat"?',
      'daphnia.toml:5: limits.tail_bytes: must be bytes, "64 KiB" to "1 GiB", got "1 KB"',
    ]);
  });

  for (const [text, expected] of [
    ["[modle]", 'daphnia.toml:1: modle: unknown key; did you mean "model"?'],
    ["[[limits]]", "daphnia.toml:1: limits: must be a table, got [{}]"],
    ["limits = 3", "daphnia.toml:1: limits: must be a table, got 3"],
    ["providers.openai = 3", "daphnia.toml:1: providers.openai: must be a table, got 3"],
    ["[listen]\ntcp = 1", "daphnia.toml:2: listen.tcp: must be true or false, got 1"],
    [
      "[listen]\nport = 65536",
      "daphnia.toml:2: listen.port: must be a whole number, 0 to 65535, got 65536",
    ],
    ["[listen]\nhosts = [1]", "daphnia.toml:2: listen.hosts: must be a list of texts, got [1]"],
    [
      "[log]\nlevel = 'inf'",
      'daphnia.toml:2: log.level: must be one of trace, debug, info, warn, error, fatal, silent, got "inf"; did you mean "info"?',
    ],
    [
      "[redact]\nenv = ['A B']",
      'daphnia.toml:2: redact.env: must be names of variables, got "A B"',
    ],
    [
      "[redact]\npatterns = ['corp-[a-z]{8}', 'x*']",
      "daphnia.toml:2: redact.patterns: pattern 2 must not match an empty text",
    ],
    [
      "[model]\ndefault = 'claude'",
      'daphnia.toml:2: model.default: must be provider/model, got "claude"',
    ],
    [
      "[providers.openai]\nbase_url = 'ftp://x'",
      'daphnia.toml:2: providers.openai.base_url: must be a URL with http or https, got "ftp://x"',
    ],
    [
      "[providers.openai]\nbase_url = 'https://u:p@x'",
      "daphnia.toml:2: providers.openai.base_url: must be a URL without user and password; they belong in headers or api_key",
    ],
    [
      "[providers.openai.headers]\n'a b' = 'x'",
      'daphnia.toml:2: providers.openai.headers."a b": is no name of an HTTP header',
    ],
    [
      "[providers.'A B']",
      'daphnia.toml:1: providers."A B": a name is 1 to 63 of a-z 0-9 . _ - starting with a letter or digit',
    ],
    ["x = [", "daphnia.toml:1: not TOML at column 5: unfinished array"],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.deepEqual(mistakesOf(text), [expected]));
  }

  it("takes no address but loopback, and no host that is an address of others", () => {
    const tls = "needs TLS, which this version does not have";
    assert.match(
      mistakesOf('[listen]\naddress = "0.0.0.0"').join(),
      RegExp(`:2: .*"0.0.0.0" ${tls}`),
    );
    for (const host of ["0.0.0.0", "*", "192.168.1.5:80", "[::]"]) {
      assert.match(mistakesOf(`[listen]\nhosts = ["${host}"]`).join(), RegExp(tls), host);
    }
    assert.deepEqual(
      mistakesOf('[listen]\naddress = "::1"\nhosts = ["a.example", "127.0.0.1:80"]'),
      [],
    );
  });

  it("repeats no secret in a mistake", () => {
    const text =
      '[providers.openai]\napi_key = 12345\nbase_url = "${KEY}"\n[model]\ndefault = "${KEY}"\n';
    assert.deepEqual(mistakesOf(text), [
      "daphnia.toml:2: providers.openai.api_key: must be text",
      "daphnia.toml:3: providers.openai.base_url: must be a URL with http or https",
      "daphnia.toml:5: model.default: must be provider/model",
    ]);
  });

  it("is read in time that grows with its length", () => {
    const headers = Array.from({ length: 5000 }, (_, i) => `h${i} = "x"`);
    const started = performance.now();
    const { statements } = read(["[providers.openai.headers]", ...headers].join("\n"));
    assert.equal(statements.at(-1)?.line, 5001);
    assert.ok(performance.now() - started < 5000);
  });

  it("names a variable that is not set", () => {
    assert.deepEqual(mistakesOf('[providers.openai]\napi_key = "${NOPE}"\n'), [
      "daphnia.toml:2: providers.openai.api_key: the environment variable NOPE is not set",
    ]);
  });
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is what a person writes
