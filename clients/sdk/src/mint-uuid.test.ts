import assert from "node:assert/strict";
import { it } from "node:test";
import { mintUuid } from "./mint-uuid.ts";

it("mints UUIDs of version 4, each another", () => {
  const ids = Array.from({ length: 1000 }, mintUuid);
  const version4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.deepEqual(
    ids.filter((id) => !version4.test(id)),
    [],
  );
  assert.equal(new Set(ids).size, ids.length);
});
