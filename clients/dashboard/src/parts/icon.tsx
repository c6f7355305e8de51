/** Pictures of one weight, as paths of a 20 by 20 grid. */
const paths = {
  daphnia:
    "M5.5 3.8C11 1.3 16.5 5 16 10.6c-.5 5-5 7.6-9.4 5.8-1.2-.5-2.3.5-3.6 1.8.1-1.9.6-3 .6-4.2C1.300 10 1.900 5.600 5.500 3.800Z M8.6 7.6h.01 M8 12c1.200-1.900 4.400-1.900 4.400 0s-2.500 3.100-4.400 1.900",
  overview: "M3 3h6v6H3z M11 3h6v4h-6z M11 9h6v8h-6z M3 11h6v6H3z",
  sessions: "M3 5h14 M3 10h14 M3 15h9",
  approvals:
    "M10 2.500 16.500 5v5c0 4-2.700 6.300-6.500 7.500C6.200 16.300 3.500 14 3.500 10V5Z M7 10l2.200 2.200L13.200 8",
  components: "M4 4h5v5H4z M11 11h5v5h-5z M6.500 9v4.500H11 M13.500 11V6.500H9",
  config:
    "M3 6h7 M14 6h3 M3 14h3 M10 14h7 M10 6a2 2 0 1 0 4 0 2 2 0 1 0-4 0 M6 14a2 2 0 1 0 4 0 2 2 0 1 0-4 0",
  system: "M3 4h14v9H3z M7 17h6 M10 13v4",
  light:
    "M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 1 0 0-7 M10 2v1.500 M10 16.500V18 M2 10h1.500 M16.500 10H18 M4.300 4.300l1.100 1.100 M14.600 14.600l1.100 1.100 M4.300 15.700l1.100-1.100 M14.600 5.400l1.100-1.100",
  dark: "M16 11.800A6.500 6.500 0 0 1 8.200 4a6.500 6.500 0 1 0 7.800 7.800Z",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
