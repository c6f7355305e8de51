import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { it } from "node:test";
import { createScreen } from "./screen.ts";

/** Two streams that write into one text, as on one terminal. */
function streams(isTTY: boolean) {
  let text = "";
  const make = () =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          text += chunk;
          done();
        },
      }),
      { isTTY },
    );
  return { out: make(), err: make(), text: () => text };
}

it("ends a line of data before it talks on the same terminal", () => {
  const { out, err, text } = streams(true);
  const screen = createScreen(out, err);
  screen.write("half a line");
  screen.say("a tool ran");
  screen.write("the rest");
  screen.close();
  assert.equal(text(), "half a line\na tool ran\nthe rest\n");
});

it("never adds to data for the sake of talk where they go different ways", () => {
  const { out, err, text } = streams(false);
  const screen = createScreen(out, err);
  screen.write("half ");
  screen.say("talk");
  screen.write("a line");
  assert.equal(text(), "half talk\na line");
});

it("paints nothing where there is no terminal", () => {
  const { out, err } = streams(false);
  assert.equal(createScreen(out, err).paint("red", "x"), "x");
});
