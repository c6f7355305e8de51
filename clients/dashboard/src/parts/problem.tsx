import { ConnectError } from "@connectrpc/connect";
import { infoOf, reasonOf } from "@daphnia/client/reasons";

/** What went wrong, in the daemon's own words. */
export function problemText(error: unknown): string {
  if (error instanceof ConnectError && infoOf(error) !== undefined) return error.rawMessage;
  return reasonOf(error);
}

export function Problem({ error, what }: { readonly error: unknown; readonly what: string }) {
  return (
    <p className="problem" role="alert">
      <strong>{what}</strong> {problemText(error)}
    </p>
  );
}
