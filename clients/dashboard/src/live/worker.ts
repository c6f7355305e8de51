/// <reference lib="webworker" />
// Runs once for all tabs of a browser, so that they share one watch and one connection.
import { connectWeb } from "@daphnia/client/web";
import { createHub } from "./hub.ts";

const hub = createHub(connectWeb({ baseUrl: self.location.origin }));
self.addEventListener("connect", (event) => {
  // A shared worker's "connect" is a MessageEvent whose ports hold the tab's.
  const [port] = event instanceof MessageEvent ? event.ports : [];
  if (port !== undefined) hub.connect(port);
});
