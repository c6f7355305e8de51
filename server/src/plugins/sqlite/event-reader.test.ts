import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { createEventReader } from "./event-reader.ts";
import { migrate } from "./schema.ts";

describe("createEventReader", () => {
  it("reads each page by an index, and sorts nothing", () => {
    const db = new DatabaseSync(":memory:");
    migrate(db, 0);
    const prepare = db.prepare.bind(db);
    const asked: string[] = [];
    db.prepare = (sql: string) => {
      asked.push(sql);
      return prepare(sql);
    };
    createEventReader(db);
    const sorts = asked.filter((sql) => {
      const values = Array.from(sql.matchAll(/\?/g), () => 1);
      const plan = prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      return plan.some(({ detail }) => String(detail).includes("TEMP B-TREE"));
    });
    db.close();
    assert.deepEqual(sorts, []);
  });
});
