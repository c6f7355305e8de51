/** How a component's command line ends. The numbers are those of `daphnia`. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notRunning: 3,
  alreadyRunning: 4,
} as const;
