/** Looks around with two tools at once, then says what it found; takes its time. */
export const busy = `
chunk = 12
pace_ms = 4
repeat = "from_start"
[[turn]]
  [[turn.step]]
  think = "The folder first, then what is in the file."
  say = "I look around: **two calls** at once."
    [[turn.step.call]]
    tool = "wait"
    arguments = { ms = 400 }
    [[turn.step.call]]
    tool = "glob"
    arguments = { pattern = "*" }
  [[turn.step]]
  say = """
Here is what I found:

- the folder holds a few files
- \`notes.txt\` is the newest

\`\`\`
{{result.1}}
\`\`\`

More at https://example.org/docs."""
  usage = { input = 5200, output = 410, cache_read = 4100, cache_write = 300, thinking = 120 }
`;

/** Fails for good after one try. */
export const failing = `
[[turn]]
  [[turn.step]]
  say = "I begin, and then"
  fail = { kind = "auth", message = "the provider refused the key: set OPENAI_API_KEY", after_pieces = 1 }
`;

/** Wants to write a file, which somebody must allow. */
export const asking = `
repeat = "from_start"
[[turn]]
  [[turn.step]]
  say = "I note that down."
    [[turn.step.call]]
    tool = "write"
    arguments = { path = "notes.txt", content = "first line\\nsecond line\\n" }
  [[turn.step]]
  say = "Done: {{result.0}}"
`;

/** Says what an attacker would: all of it must be shown as text. */
export const hostile = `
repeat = "from_start"
[[turn]]
  [[turn.step]]
  think = "<script>globalThis.hacked = 'thinking'</script>"
  say = """
<script>globalThis.hacked = 'text'</script><img src=x onerror="globalThis.hacked='img'">
[click](javascript:globalThis.hacked='link') javascript:alert(1) <a href="https://evil.example/">x</a>
https://ok.example/a?b=<b>"""
    [[turn.step.call]]
    tool = "<b onmouseover=globalThis.hacked=1>tool</b>"
    raw_arguments = '{"html": "</pre><script>globalThis.hacked = \\\\"arguments\\\\"</script>"}'
  [[turn.step]]
  say = "{{result.0}}"
`;

/** Writes slowly, for as long as one looks. */
export const slow = `
chunk = 6
pace_ms = 8
repeat = "from_start"
[[turn]]
  [[turn.step]]
  say = "${"A long answer that is written bit by bit, so that one can watch it grow. ".repeat(60)}"
`;
