/** Counts server streams: of each connection, and of the daemon over all listeners. */
export interface StreamPlaces {
  /** Takes a place; what it returns gives it back. Names the limit when none is left. */
  take(connection: object, maxOfConnection: number): (() => void) | "connection" | "daemon";
  /** Places taken now. */
  readonly taken: number;
}

export function createStreamPlaces(max: number): StreamPlaces {
  const ofConnection = new WeakMap<object, number>();
  let taken = 0;
  const add = (connection: object, change: 1 | -1) => {
    taken += change;
    ofConnection.set(connection, (ofConnection.get(connection) ?? 0) + change);
  };
  return {
    get taken() {
      return taken;
    },
    take(connection, maxOfConnection) {
      if (taken >= max) return "daemon";
      if ((ofConnection.get(connection) ?? 0) >= maxOfConnection) return "connection";
      add(connection, 1);
      let given = false;
      return () => {
        if (!given) add(connection, -1);
        given = true;
      };
    },
  };
}
