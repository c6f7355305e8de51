import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRedactor } from "./redact.ts";
import { patternProblem } from "./redact-patterns.ts";
import { placeholderOf } from "./redact-values.ts";

const key = 'Zq7-paw_99/x+Yy=="ä';
const redactor = createRedactor({ values: [{ name: "MY_KEY", value: key }], patterns: [] });
const place = placeholderOf("MY_KEY");

/** What comes out when a text is cut in two at each place. */
function* cutAnywhere(text: string): Generator<string> {
  for (let at = 0; at <= text.length; at++) {
    const filter = redactor.textFilter();
    yield filter.push(text.slice(0, at)) + filter.push(text.slice(at)) + filter.end();
  }
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Letters that look like a key, and are the same each time. */
function scramble(length: number, from = letters, seed = 7): string {
  let state = seed * 2654435761;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return from[Math.floor((state / 2 ** 32) * from.length)] ?? "";
  }).join("");
}
const alnum = letters.slice(0, 62);

/** Keys by how they look. None was ever one. */
const keys: readonly string[] = [
  `sk-${scramble(48, alnum)}`,
  `sk-ant-api03-${scramble(80, alnum)}`,
  `ghp_${scramble(36, alnum)}`,
  `github_pat_${scramble(60, alnum)}`,
  `xoxb-1234567890-${scramble(24, alnum)}`,
  `AKIA${scramble(15, "ABCDEFGHIJKLMNOP")}7`,
  `AIza${scramble(35)}`,
  `12345678:AA${scramble(33)}`,
  `eyJ${scramble(30, alnum)}.eyJ${scramble(60, alnum)}.${scramble(43)}`,
  `Bearer ${scramble(40, alnum)}`,
];

describe("a redactor", () => {
  it("puts the name in place of a known value, in the usual encodings too", () => {
    const bytes = Buffer.from(key);
    const url = encodeURIComponent(key);
    const forms = [key, JSON.stringify(key).slice(1, -1), url, bytes.toString("hex")];
    for (const form of forms) assert.equal(redactor.text(`<${form}>`), `<${place}>`);
    for (const before of ["", "a", "ab"]) {
      const form = Buffer.from(`${before}${key}tail`).toString("base64");
      assert.match(redactor.text(form), /^.{0,4}\$\{MY_KEY\}.{0,8}$/);
    }
  });

  it("finds a value wherever the text is cut", () => {
    for (const out of cutAnywhere(`a ${key} b ${key}${key}`)) {
      assert.equal(out, `a ${place} b ${place}${place}`);
    }
  });

  it("finds keys by how they look, wherever the text is cut", () => {
    for (const one of keys) {
      for (const out of cutAnywhere(`key=${one}\nnext`)) assert.equal(out, "key=[redacted]\nnext");
    }
  });

  it("finds private keys, wherever the text is cut, and goes on behind them", () => {
    const lines = Array.from({ length: 20 }, (_, i) => scramble(64, alnum, i + 1));
    for (const kind of ["", "RSA ", "OPENSSH "]) {
      for (const end of ["\n", "\\n"]) {
        const begin = `-----BEGIN ${kind}PRIVATE KEY-----`;
        const text = [begin, ...lines, `-----END ${kind}PRIVATE KEY-----`].join(end);
        for (const out of cutAnywhere(`<${text}>, and more`)) {
          assert.equal(out, "<[redacted]>, and more");
        }
      }
    }
  });

  it("changes nothing the second time", () => {
    const once = redactor.text([key, ...keys].join(" and "));
    assert.equal(redactor.text(once), once);
  });

  it("holds back nothing but what may become a secret", () => {
    const filter = redactor.textFilter();
    const pushed = ["Hello", " words", ", task-list", " Z", "q", "8", " ok", " s", "k-"];
    const told = ["Hello", " words", ", task-list", " ", "", "Zq8", " ok", " ", ""];
    assert.deepEqual(pushed.map(filter.push), told);
    assert.equal(filter.end(), "sk-");
  });

  it("leaves bytes that are no text as they are", () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7919) >> 3);
    assert.equal(redactor.bytes(bytes), bytes);
    const filter = redactor.byteFilter();
    const out = [
      filter.push(bytes.subarray(0, 333)),
      filter.push(bytes.subarray(333)),
      filter.end(),
    ];
    assert.deepEqual(Buffer.concat(out), Buffer.from(bytes));
  });

  it("leaves short values alone, and those that are in a placeholder", () => {
    const { text } = createRedactor({
      values: [
        { name: "A", value: "short" },
        { name: "LONG_NAME", value: "LONG_NAME" },
      ],
      patterns: [],
    });
    assert.equal(text("short LONG_NAME"), "short LONG_NAME");
  });

  it("leaves nothing of values that overlap", () => {
    const { text } = createRedactor({
      values: [
        { name: "A", value: "0123456789ab" },
        { name: "B", value: "456789abcdefghijkl" },
      ],
      patterns: [],
    });
    assert.equal(text("<0123456789abcdefghijkl>"), `<${placeholderOf("B")}>`);
  });

  it("does not show a secret that the end cut off", () => {
    assert.equal(redactor.text(`is ${key.slice(0, -1)}`), `is ${place}`);
    assert.equal(redactor.text(`is ${key.slice(0, 5)}`), `is ${key.slice(0, 5)}`);
  });

  it("finds what a person's patterns say, wherever the text is cut", () => {
    const own = createRedactor({
      values: [],
      patterns: ["(?<=pin: )\\d{4,6}", "\\bcorp-[a-z]+\\b"],
    });
    const text = "pin: 12345, corp-abc xcorp-abc corp-1";
    for (let at = 0; at <= text.length; at++) {
      const filter = own.textFilter();
      const out = filter.push(text.slice(0, at)) + filter.push(text.slice(at)) + filter.end();
      assert.equal(out, "pin: [redacted], [redacted] xcorp-abc corp-1");
    }
  });
});

describe("a text of what begins like secrets", () => {
  const bits =
    'abc|ab|abd|cabd|xyz-"q"|sk-|abc123|-|----|-----BEGIN |RSA PRIVATE KEY-----|\n|\\n|PRIVATE KEY-----|MIIEabcdefghijklmnop|-----END |pin: |12|345|corp-|!|cd| |ghp_|a1B2c3D4e5F6|a1B2c3D4e5F6a1B2c3D4e5F6|Bearer |://|u:|pass1234@|host|12345678:AA|eyJ|eyJhbGciOiJI|.|ü|Proc-Type: 4,ENC'.split(
      "|",
    );
  const known = ["abcabcabd", 'cabdxyz-"q"', "sk-abc123abc123abc123abc123", "-----BEGIN x"];
  const own = createRedactor({
    values: known.map((value, i) => ({ name: `K${i}`, value })),
    patterns: ["(?<=pin: )\\d{4,6}", "\\bcorp-[a-z]+\\b", "(?:ab|cd){2,4}!"],
  });
  let state = 1;
  const dice = (sides: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };

  it("comes out the same in pieces as at once, 5000 times", () => {
    for (let n = 0; n < 5000; n++) {
      const text = Array.from({ length: 1 + dice(30) }, () => bits[dice(bits.length)]).join("");
      const filter = own.textFilter();
      let out = "";
      for (let at = 0, size = 0; at < text.length; at += size) {
        size = 1 + dice(dice(3) === 0 ? 30 : 4);
        out += filter.push(text.slice(at, at + size));
      }
      assert.equal(out + filter.end(), own.text(text), text);
      assert.ok(!known.slice(0, 3).some((value) => out.includes(value)), text);
    }
  });
});

describe("200 secrets, cut at every byte", () => {
  const odd = [...alnum, '"', "\\", "/", "+", "é", "€", "😀", "&", " ", "\n"].join("");
  const values = Array.from({ length: 200 }, (_, i) => ({
    name: `KEY_${i}`,
    value:
      `${scramble(4, alnum, i + 1)}${Array.from(scramble(8 + (i % 60), odd, i + 300)).join("")}${scramble(4, alnum, i + 900)}`.toWellFormed(),
  }));
  const all = createRedactor({ values, patterns: [] });

  it("are found in text", () => {
    for (const { name, value } of values) {
      const text = `é before ${value} after`;
      for (let at = 0; at <= text.length; at++) {
        const filter = all.textFilter();
        const out = filter.push(text.slice(0, at)) + filter.push(text.slice(at)) + filter.end();
        assert.equal(out, `é before \${${name}} after`);
      }
    }
  });

  it("are found in bytes", () => {
    for (const { name, value } of values) {
      const bytes = Buffer.concat([Buffer.from("é \xff", "latin1"), Buffer.from(`${value} after`)]);
      const expected = Buffer.concat([
        Buffer.from("é \xff", "latin1"),
        Buffer.from(`\${${name}} after`),
      ]).toString("latin1");
      for (let at = 0; at <= bytes.length; at++) {
        const filter = all.byteFilter();
        const out = [
          filter.push(bytes.subarray(0, at)),
          filter.push(bytes.subarray(at)),
          filter.end(),
        ];
        assert.equal(Buffer.concat(out).toString("latin1"), expected);
      }
    }
  });

  it("are found one byte at a time, side by side", () => {
    const text = values.map(({ value }) => value).join("|");
    const filter = all.byteFilter();
    const out: Uint8Array[] = [];
    for (const byte of Buffer.from(text)) out.push(filter.push(Uint8Array.of(byte)));
    out.push(filter.end());
    assert.equal(Buffer.concat(out).toString(), values.map(({ name }) => `\${${name}}`).join("|"));
  });
});

describe("a pattern that a person writes", () => {
  it("is refused where it could match nothing, take for ever, or not be searched for", () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ["(", /no pattern/],
      ["a*", /empty/],
      ["(a+)+b", /too long/],
      ["(a|a)*b", /too long|empty/],
      ["x.*y.*z", /too long/],
      ["(a)\\1", /refer back/],
      ["a(?=b)", /look ahead/],
      ["schlüssel", /ASCII/],
      ["a".repeat(1001), /1000 characters/],
    ];
    for (const [source, problem] of wrong) assert.match(patternProblem(source) ?? "", problem);
    for (const source of [
      "corp-[a-z0-9]{8,64}",
      "\\d{3}-\\d{4}",
      "(?:foo|bar)-\\w+",
      "(?i:pw)=\\S{8,}",
    ]) {
      assert.equal(patternProblem(source), undefined, source);
    }
  });
});
