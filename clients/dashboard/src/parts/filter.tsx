import { type RefObject, useRef } from "react";
import { useKeys } from "./keys.ts";

/** A field that `/` leads to. */
export function useFilterKey(): RefObject<HTMLInputElement | null> {
  const field = useRef<HTMLInputElement>(null);
  useKeys([{ key: "/", does: "filter", run: () => field.current?.select() }]);
  return field;
}

export function Filter({
  field,
  value,
  onChange,
  label,
}: {
  readonly field: RefObject<HTMLInputElement | null>;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly label: string;
}) {
  return (
    <input
      ref={field}
      type="search"
      className="filter"
      aria-label={label}
      placeholder={`${label}  /`}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
