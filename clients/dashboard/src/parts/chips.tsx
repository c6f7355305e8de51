import type { ReactNode } from "react";

/** A few choices of which one holds. */
export function Chips({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ReactNode;
}) {
  return (
    <fieldset className="chips" aria-label={label}>
      {children}
    </fieldset>
  );
}

export function Chip({
  isOn,
  title,
  onClick,
  children,
}: {
  readonly isOn: boolean;
  readonly title?: string;
  readonly onClick: () => void;
  readonly children: ReactNode;
}) {
  return (
    <button type="button" className="chip" title={title} aria-pressed={isOn} onClick={onClick}>
      {children}
    </button>
  );
}
