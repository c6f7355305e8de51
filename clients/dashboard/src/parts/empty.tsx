import type { ReactNode } from "react";

/** Said calmly where there is nothing. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

/** A place that waits for its first answer. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <p className="empty" aria-busy="true">
      Reading {what}…
    </p>
  );
}
