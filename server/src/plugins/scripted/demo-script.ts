/**
 * The script behind `scripted/demo`: it looks around in a folder with `glob` and
 * `grep` and tells how to get a real model. It is a script file like any other,
 * and may serve as an example of one.
 */
export const demoScript = `
chunk = 6
pace_ms = 12
repeat = "last"

[[turn]]

[[turn.step]]
think = """
I am a script: these thoughts were written in advance. \\
I list this folder, and look for open TODOs at the same time."""
say = """
I am a script, not a model: what I say was written in advance. \\
The tools are real, though. Let me list this folder and look for TODO in it."""

[[turn.step.call]]
tool = "glob"
arguments = { pattern = "*" }

[[turn.step.call]]
tool = "grep"
arguments = { pattern = "TODO" }

[[turn.step]]
say = """
Listing the folder gave:

{{result.0}}

And looking for TODO gave:

{{result.1}}

That was read from your disk just now; the words around it are scripted, by no model. \\
For a real model, set one of ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY \\
or OPENROUTER_API_KEY in the environment and start again."""

[[turn]]

[[turn.step]]
say = """
I am a script, not a model, so I cannot understand what you wrote:

{{prompt}}

All I could do was to repeat it. For an answer from a real model, set one of \\
ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY or OPENROUTER_API_KEY \\
in the environment and start again."""
`;
