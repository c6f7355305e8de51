import { readHouse, roomOf } from "./house.ts";
import { plan } from "./house-plan.ts";

/** The rooms and what each looks into, as a Mermaid graph with counts of files. */
export function drawHouse(): string {
  const { files, imports } = readHouse();
  const name = (room: string) => room.replaceAll("/", "_");
  const rooms = Object.keys(plan).map((room) => {
    const count = files.filter((path) => roomOf(path) === room).length;
    return `  ${name(room)}["${room} · ${count}"]`;
  });
  const arrows = new Set(
    imports.flatMap(({ from, to }) => {
      const [room, target] = [roomOf(from), to === undefined ? undefined : roomOf(to)];
      if (room === undefined || target === undefined || room === target) return [];
      return [`  ${name(room)} --> ${name(target)}`];
    }),
  );
  return ["```mermaid", "graph TD", ...rooms, ...[...arrows].sort(), "```"].join("\n");
}
