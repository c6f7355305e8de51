import { connectWeb, webTransport } from "@daphnia/client/web";
import { QueryClient } from "@tanstack/react-query";
import { openFeed } from "../live/feed.ts";

const baseUrl = location.origin;

/** The one way of this page to the daemon that serves it: its public services. */
export const client = connectWeb({ baseUrl });

/** The same way for `useQuery`. */
export const transport = webTransport({ baseUrl });

/** What the daemon tells as it happens. */
export const feed = openFeed(client);

export const queries = new QueryClient({
  defaultOptions: {
    // The feed says when something changed; asking again by the clock would only be noise.
    queries: { staleTime: Number.POSITIVE_INFINITY, retry: false, refetchOnWindowFocus: false },
  },
});
