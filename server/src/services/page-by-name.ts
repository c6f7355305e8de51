import { invalidField } from "../base/errors.ts";
import { pageSize } from "./read-fields.ts";

/** A page of things that have names, and the token of the next one. */
export interface NamedPage<T> {
  readonly items: T[];
  readonly nextPageToken: string;
}

/** The page behind a token, in the order of names. A token goes on where its page ended. */
export function pageByName<T>(
  all: readonly T[],
  nameOf: (item: T) => string,
  request: { readonly pageSize: number; readonly pageToken: string },
): NamedPage<T> {
  const most = pageSize(request.pageSize, 100, 1000);
  const [mark, after] = [request.pageToken.slice(0, 1), request.pageToken.slice(1)];
  if (request.pageToken !== "" && mark !== ">") {
    throw invalidField("page_token", "is not a token of this list");
  }
  const sorted = all.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const rest = sorted.filter((item) => after === "" || nameOf(item) > after);
  const items = rest.slice(0, most);
  const last = items.at(-1);
  const hasMore = rest.length > most && last !== undefined;
  return { items, nextPageToken: hasMore ? `>${nameOf(last)}` : "" };
}
