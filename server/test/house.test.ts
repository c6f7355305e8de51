import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { drawHouse } from "./draw-house.ts";
import { readHouse, roomOf } from "./house.ts";
import { type Door, doors, maxLines, plan } from "./house-plan.ts";

const { files, imports, lines } = readHouse();

const fits = (pattern: string, name: string) =>
  new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(name);
const opens = (door: Door, path: string) => door.rooms.some((room) => path.startsWith(`${room}/`));

describe("the house", () => {
  it("has a room for every file, and a file in every room", () => {
    assert.deepEqual(
      files.filter((path) => roomOf(path) === undefined),
      [],
    );
    const empty = Object.keys(plan).filter((room) => !files.some((path) => roomOf(path) === room));
    assert.deepEqual(empty, []);
  });

  it("lets no room look where the plan forbids it", () => {
    const bad = imports.flatMap(({ from, to }) => {
      if (to === undefined) return [];
      const [room, target] = [roomOf(from) ?? "", roomOf(to) ?? ""];
      if (room === target || plan[room]?.includes(target)) return [];
      return [`${from} imports ${to}, but ${room} may not look into ${target || "no room"}`];
    });
    assert.deepEqual(bad, []);
  });

  it("keeps its doors", () => {
    const bad = imports.flatMap(({ from, to, specifier }) => {
      const door = to === undefined ? doors.find((d) => fits(d.package, specifier)) : undefined;
      return !door || opens(door, from) ? [] : [`${from} imports ${specifier}: ${door.why}`];
    });
    assert.deepEqual(bad, []);
  });

  it("has no circle", () => {
    const floors = new Map<string, number>();
    const climb = (path: string, trail: readonly string[]): number => {
      const at = trail.indexOf(path);
      assert.equal(at, -1, `circle: ${[...trail.slice(at), path].join(" -> ")}`);
      const known = floors.get(path);
      if (known !== undefined) return known;
      const below = imports
        .flatMap(({ from, to }) => (from === path && to !== undefined ? [to] : []))
        .map((to) => climb(to, [...trail, path]));
      const floor = 1 + Math.max(0, ...below);
      floors.set(path, floor);
      return floor;
    };
    for (const path of files) climb(path, []);
  });

  it("has no file over the wall", () => {
    const long = files.filter((path) => (lines.get(path) ?? 0) > maxLines);
    assert.deepEqual(long, []);
  });

  it("is drawn in docs/architecture.md as it is", () => {
    const drawn = readFileSync(join(import.meta.dirname, "../../docs/architecture.md"), "utf8");
    assert.ok(
      drawn.includes(drawHouse()),
      "docs/architecture.md shows another house: run `npm run draw`",
    );
  });
});
