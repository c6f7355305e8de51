import type { ReactNode, RefObject } from "react";

/** A box that scrolls, which the keyboard reaches too. */
export function ScrollBox({
  label,
  className = "scroll",
  box,
  onScroll,
  children,
}: {
  readonly label: string;
  readonly className?: string;
  readonly box?: RefObject<HTMLElement | null>;
  readonly onScroll?: () => void;
  readonly children: ReactNode;
}) {
  return (
    <section
      ref={box ?? null}
      className={className}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={onScroll}
    >
      {children}
    </section>
  );
}
