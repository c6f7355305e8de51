import { blobStoreSuite } from "../../core/log/testing/blob-store-suite.ts";
import { eventStoreSuite } from "../../core/log/testing/event-store-suite.ts";
import type { OpenStore } from "../../core/log/testing/opened-store.ts";
import { recordStoreSuite } from "../../core/log/testing/record-store-suite.ts";
import { openMemoryStore } from "./memory-store.ts";

const open: OpenStore = async (now) => {
  const store = openMemoryStore(now);
  return { ...store, end: () => store.events.close() };
};

eventStoreSuite("the memory store", open);
recordStoreSuite("the memory store", open);
blobStoreSuite("the memory store", open);
