import { blobStoreSuite } from "../../core/log/testing/blob-store-suite.ts";
import { eventStoreSuite } from "../../core/log/testing/event-store-suite.ts";
import type { OpenStore } from "../../core/log/testing/opened-store.ts";
import { recordStoreSuite } from "../../core/log/testing/record-store-suite.ts";
import { openSqliteStore } from "./open-store.ts";
import { createTemporaryHome, noReports } from "./testing/temporary-home.ts";

const open: OpenStore = async (now) => {
  const { home, remove } = createTemporaryHome();
  const store = openSqliteStore(home, noReports, { now });
  return {
    ...store,
    async end() {
      await store.events.close();
      remove();
    },
  };
};

eventStoreSuite("the sqlite store", open);
recordStoreSuite("the sqlite store", open);
blobStoreSuite("the sqlite store", open);
