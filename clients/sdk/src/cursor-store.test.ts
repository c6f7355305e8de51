import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createFileCursor } from "./cursor-file.ts";
import { createStorageCursor } from "./cursor-storage.ts";
import { type CursorStore, createMemoryCursor } from "./cursor-store.ts";
import { aborted, type Connection, createFakeEvents } from "./testing/fake-events.ts";
import { type WatchOptions, watch } from "./watch.ts";

/** Ten places, and then silence. */
const ten: Connection = async function* (_request, signal) {
  for (let place = 1; place <= 10; place++) yield { cursor: `c.${place}` };
  await aborted(signal);
};

/** A store that notes what is saved in it. */
function createNoting(start = "") {
  const saved: string[] = [];
  const store = createMemoryCursor(start);
  const cursors: CursorStore = {
    load: store.load,
    async save(cursor) {
      saved.push(cursor);
      await store.save(cursor);
    },
  };
  return { cursors, saved };
}

describe("watch with a cursor store", () => {
  it("starts where the store says, else where it was told to", async () => {
    const { client, requests } = createFakeEvents([async function* () {}]);
    for (const start of ["c.7", ""]) {
      const options = { after: "beginning", untilCaughtUp: true } as const;
      const { cursors } = createNoting(start);
      for await (const _response of watch(client, { ...options, cursors }));
    }
    assert.deepEqual(
      requests.map(({ from }) => [from.case, from.value]),
      [
        ["afterCursor", "c.7"],
        ["beginning", true],
      ],
    );
  });

  it("saves at most once a second, and the last place when it ends", async () => {
    const { client } = createFakeEvents([
      async function* () {
        for (let place = 1; place <= 10; place++) yield { cursor: `c.${place}` };
      },
    ]);
    const { cursors, saved } = createNoting();
    for await (const _response of watch(client, { untilCaughtUp: true, cursors }));
    assert.deepEqual(saved, ["c.1", "c.10"]);
  });

  it("does not save the place of what its loop was left in", async () => {
    const leaving: Record<string, (options: WatchOptions) => Promise<void>> = {
      async break(options) {
        const { client } = createFakeEvents([ten]);
        for await (const { cursor } of watch(client, options)) if (cursor === "c.5") break;
      },
      async error(options) {
        const { client } = createFakeEvents([ten]);
        const failing = async () => {
          for await (const { cursor } of watch(client, options)) {
            if (cursor === "c.5") throw new Error("it could not be kept");
          }
        };
        await assert.rejects(failing, /could not be kept/);
      },
    };
    for (const [how, leave] of Object.entries(leaving)) {
      const { cursors, saved } = createNoting();
      await leave({ cursors });
      assert.deepEqual(saved, ["c.1", "c.4"], how);
    }
  });

  it("saves the place of what was done with when its signal ends it", async () => {
    const { client } = createFakeEvents([ten]);
    const { cursors, saved } = createNoting();
    const leave = new AbortController();
    for await (const { cursor } of watch(client, { cursors, signal: leave.signal })) {
      if (cursor === "c.10") leave.abort();
    }
    assert.deepEqual(saved, ["c.1", "c.10"]);
  });

  it("tells nothing twice when one reader goes on after another that ended", async () => {
    const { client } = createFakeEvents([
      async function* ({ from }) {
        const start = from.case === "afterCursor" ? Number(from.value.slice(2)) : 0;
        for (let place = start + 1; place <= start + 3; place++) yield { cursor: `c.${place}` };
      },
    ]);
    const { cursors } = createNoting();
    const told: string[] = [];
    for (let reader = 0; reader < 3; reader++) {
      for await (const { cursor } of watch(client, { untilCaughtUp: true, cursors })) {
        told.push(cursor);
      }
    }
    assert.deepEqual(
      told,
      Array.from({ length: 9 }, (_, i) => `c.${i + 1}`),
    );
  });

  it("fails when its store fails, and closes its stream", async () => {
    const closed = Promise.withResolvers<void>();
    const { client } = createFakeEvents([
      async function* (_request, signal) {
        void aborted(signal).then(closed.resolve); // resolves the test
        yield { cursor: "c.1" };
        await aborted(signal);
      },
    ]);
    const full: CursorStore = {
      load: async () => undefined,
      save: () => Promise.reject(new Error("no space is left")),
    };
    const reading = async () => {
      for await (const _response of watch(client, { cursors: full }));
    };
    await assert.rejects(reading, /no space is left/);
    await closed.promise;
  });
});

const folder = await mkdtemp(join(tmpdir(), "dps-"));
after(() => rm(folder, { recursive: true, force: true }));

/** As much of `localStorage` as a test needs. */
function createStorage() {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  };
}

const storage = createStorage();
/** Each opens the same place again and again, as a process does that is started again. */
const stores: Readonly<Record<string, () => CursorStore>> = {
  "a file": () => createFileCursor(join(folder, "deep", "cursor")),
  "a browser's storage": () => createStorageCursor(storage, "cursor"),
};

for (const [name, open] of Object.entries(stores)) {
  it(`keeps a cursor in ${name}`, async () => {
    assert.equal(await open().load(), undefined);
    await open().save("log.1");
    await open().save("log.2");
    assert.equal(await open().load(), "log.2");
    await open().save("");
    assert.equal(await open().load(), "");
  });
}

describe("createFileCursor", () => {
  it("leaves nothing beside the file, and minds nothing that a crash left there", async () => {
    const path = join(folder, "alone", "cursor");
    await createFileCursor(path).save("log.1");
    assert.deepEqual(await readdir(join(folder, "alone")), ["cursor"]);
    await writeFile(`${path}.next`, "log.2 and half of so");
    assert.equal(await createFileCursor(path).load(), "log.1");
    await createFileCursor(path).save("log.3");
    assert.deepEqual(
      [await createFileCursor(path).load(), await readdir(join(folder, "alone"))],
      ["log.3", ["cursor"]],
    );
  });

  it("fails where it cannot read or write", async () => {
    await assert.rejects(createFileCursor(folder).load(), { code: "EISDIR" });
    await assert.rejects(createFileCursor(folder).save("log.1"), { code: "EISDIR" });
  });
});
