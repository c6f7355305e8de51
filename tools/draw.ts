import { readFileSync, writeFileSync } from "node:fs";
import { drawHouse } from "../server/test/draw-house.ts";

/** Draws the house into docs/architecture.md, between its two marks. */
const path = "docs/architecture.md";
const text = readFileSync(path, "utf8");
const drawn = text.replace(
  /(<!-- house -->\n)[\s\S]*?(\n<!-- \/house -->)/,
  (_whole, begin: string, end: string) => `${begin}${drawHouse()}${end}`,
);
writeFileSync(path, drawn);
