/** One system call that a trace shows, in the order the calls ended. */
export type Call =
  | { readonly kind: "log" }
  | { readonly kind: "sync" }
  | { readonly kind: "effect" }
  | { readonly kind: "answer" };

export interface Violation {
  readonly kind: "effect" | "answer";
  /** Which call of the trace it is. */
  readonly at: number;
}

/**
 * Reads what `strace -f -y` wrote. A write counts from its beginning, a sync from
 * its end: whatever lies between proves nothing.
 */
export function readTrace(text: string): readonly Call[] {
  const syncing = new Set<string>();
  return text.split("\n").flatMap((line) => {
    const [, thread = "", call = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (/^f(data)?sync\(\d+<[^>]*daphnia\.db-wal>/.test(call)) {
      if (!call.includes("<unfinished")) return [{ kind: "sync" } as const];
      syncing.add(thread);
      return [];
    }
    if (/^<\.\.\. f(data)?sync resumed>/.test(call)) {
      return syncing.delete(thread) ? [{ kind: "sync" } as const] : [];
    }
    return kindOf(call);
  });
}

function kindOf(call: string): Call[] {
  if (/^pwrite64\(\d+<[^>]*daphnia\.db-wal>/.test(call)) return [{ kind: "log" }];
  if (/^(p?write(64|v)?)\(\d+<[^>]*effects\.txt>/.test(call)) return [{ kind: "effect" }];
  const isSent = /^(write|writev|sendto|sendmsg)\(\d+<(UNIX|socket)/.test(call);
  // A watch that opens rests on nothing that is being written.
  const isAnswer = call.includes("HTTP/1.1 200") && !call.includes("application/connect+");
  return isSent && isAnswer ? [{ kind: "answer" }] : [];
}

/** Effects and answers that came while something written was not synced. */
export function violations(calls: readonly Call[]): {
  readonly effects: number;
  readonly answers: number;
  readonly found: readonly Violation[];
} {
  const found: Violation[] = [];
  const counts = { effect: 0, answer: 0 };
  let isDirty = false;
  for (const [at, { kind }] of calls.entries()) {
    if (kind === "log") isDirty = true;
    else if (kind === "sync") isDirty = false;
    else {
      counts[kind]++;
      if (isDirty) found.push({ kind, at });
    }
  }
  return { effects: counts.effect, answers: counts.answer, found };
}
