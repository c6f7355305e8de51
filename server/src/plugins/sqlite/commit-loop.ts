import type { DatabaseSync } from "node:sqlite";
import { DaemonError, messageOf } from "../../base/errors.ts";
import { isFull, storeFull } from "./sqlite-error.ts";
import type { WalSync } from "./wal-sync.ts";

/** Something to write in the next group. */
export interface Job {
  /** Roughly how much it writes. */
  readonly events: number;
  readonly bytes: number;
  /** False for drafts: they resolve when written, before they are synced. */
  readonly isDurable: boolean;
  /**
   * Writes inside the group's transaction. A DaemonError refuses this job alone,
   * and must come before anything was written.
   */
  write(): void;
  /** The group is written; and synced, where the job is durable. */
  done(): void;
  failed(error: unknown): void;
}

/**
 * Writes jobs in groups, one transaction and at most one sync for each.
 *
 * C1: a durable job is done only after a sync that was issued after its write.
 * C2: jobs are done in the order they came.
 * C3: a failed sync stops the loop for good: the kernel reports it once and may
 *     have dropped the pages, so a retry would lie.
 * C4: no space parks: what waits is refused, and nothing of it is kept.
 * C5: every job is done or failed, once.
 */
export interface CommitLoop {
  add(job: Job): void;
  /** Runs upkeep between groups. Where it fails it parks or stops, as a write would. */
  tend(upkeep: () => void): void;
  /** Why it cannot write now; undefined while it can. */
  trouble(): string | undefined;
  /** Resolves when all that is written now is synced; rejects when it cannot be. */
  synced(): Promise<void>;
  /** Resolves when all that was added so far is done or refused. */
  settled(): Promise<void>;
  /** Writes and syncs what waits, then stops. */
  close(): Promise<void>;
}

const groupEvents = 512;
const groupBytes = 1024 * 1024;
const stuckPool = 50;
const probeEvery = 1000;
const probeText = "x".repeat(64 * 1024);

export function createCommitLoop(deps: {
  db: DatabaseSync;
  sync: WalSync;
  /** How long a group of drafts alone may wait, in milliseconds. */
  draftDelay: () => number;
  /** Called between groups, when a sync is done. */
  afterSync: () => void;
  /** Called when a group was rolled back. */
  onRollback: () => void;
  /** A write or a sync failed for good. */
  onFatal: (error: unknown) => void;
}): CommitLoop {
  const { db, sync } = deps;
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const rollback = db.prepare("ROLLBACK");
  const probe = db.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES('probe', ?)");
  let queue: Job[] = [];
  let scheduled: { isSoon: boolean; cancel: () => void } | undefined;
  /** Written jobs that wait for a sync, with the number of their group. */
  let unsynced: { group: number; job: Pick<Job, "done" | "failed"> }[] = [];
  let group = 0;
  let syncCall = 0;
  let isSyncing = false;
  let isClosing = false;
  let broken: unknown;
  let trouble: string | undefined;
  let probing: NodeJS.Timeout | undefined;

  function schedule(): void {
    const isSoon = queue.some((job) => job.isDurable) || deps.draftDelay() === 0;
    if (scheduled !== undefined && (scheduled.isSoon || !isSoon)) return;
    scheduled?.cancel();
    if (isSoon) {
      const handle = setImmediate(flush);
      scheduled = { isSoon, cancel: () => clearImmediate(handle) };
    } else {
      const handle = setTimeout(flush, deps.draftDelay());
      scheduled = { isSoon, cancel: () => clearTimeout(handle) };
    }
  }

  function flush(): void {
    scheduled = undefined;
    const jobs = takeGroup();
    if (queue.length > 0) schedule();
    if (jobs.length === 0) return;
    let refused: Map<Job, DaemonError>;
    try {
      refused = writeGroup(jobs);
    } catch (error) {
      fail(undo(error), jobs);
      return;
    }
    group++;
    for (const job of jobs) {
      const error = refused.get(job);
      if (error !== undefined) job.failed(error);
      else if (job.isDurable) unsynced.push({ group, job });
      else job.done();
    }
    startSync();
  }

  /** Writes jobs in one transaction; those that refused wrote nothing. */
  function writeGroup(jobs: readonly Job[]): Map<Job, DaemonError> {
    const refused = new Map<Job, DaemonError>();
    begin.run();
    for (const job of jobs) {
      const error = refusalOf(job);
      if (error !== undefined) refused.set(job, error);
    }
    commit.run();
    return refused;
  }

  function takeGroup(): Job[] {
    let events = 0;
    let bytes = 0;
    const cut = queue.findIndex((job, i) => {
      events += job.events;
      bytes += job.bytes;
      return i > 0 && (events > groupEvents || bytes > groupBytes);
    });
    const jobs = cut < 0 ? queue : queue.slice(0, cut);
    queue = cut < 0 ? [] : queue.slice(cut);
    return jobs;
  }

  /** Undoes a failed group; the error to act on: a failed undoing is the worse one. */
  function undo(error: unknown): unknown {
    try {
      if (db.isTransaction) rollback.run(); // after a failed COMMIT it is already gone
      deps.onRollback();
      return error;
    } catch (worse) {
      return worse;
    }
  }

  function startSync(): void {
    if (isSyncing || unsynced.length === 0 || broken !== undefined) return;
    isSyncing = true;
    const target = group; // before the call, never after
    const call = ++syncCall;
    const finish = (error: unknown) => {
      clearTimeout(watchdog);
      if (error !== undefined) {
        stop(error, []); // late or not
        return;
      }
      if (call !== syncCall || !isSyncing || broken !== undefined) return; // the other was first
      isSyncing = false;
      const ready = unsynced.filter((entry) => entry.group <= target);
      unsynced = unsynced.slice(ready.length);
      for (const { job } of ready) job.done();
      tend(deps.afterSync);
      startSync();
    };
    // The thread pool may be full of slow work; then this thread does it.
    const watchdog = setTimeout(() => {
      try {
        sync.now();
      } catch (error) {
        finish(error);
        return;
      }
      finish(undefined);
    }, stuckPool);
    sync.begin(finish);
  }

  function tend(upkeep: () => void): void {
    if (broken !== undefined) return;
    try {
      upkeep();
    } catch (error) {
      fail(error, []);
    }
  }

  /** Parks for want of space, stops for anything else. */
  function fail(error: unknown, jobs: readonly Job[]): void {
    if (!isFull(error)) {
      stop(error, jobs);
      return;
    }
    // What waits is refused too: a smaller write might succeed, out of order.
    const refused = [...jobs, ...queue];
    queue = [];
    trouble = messageOf(error);
    for (const job of refused) job.failed(storeFull(error));
    probing ??= setInterval(tryAgain, probeEvery).unref();
  }

  /** Goes on when there is room for more than the smallest write, and to empty the log. */
  function tryAgain(): void {
    try {
      probe.run(probeText);
      db.exec("PRAGMA wal_checkpoint(PASSIVE)");
      probe.run("");
    } catch (error) {
      if (!isFull(error)) stop(error, []);
      return;
    }
    trouble = undefined;
    clearInterval(probing);
    probing = undefined;
  }

  function stop(error: unknown, jobs: readonly Job[]): void {
    if (broken !== undefined) return;
    broken = error ?? new Error("the store failed");
    clearInterval(probing);
    const lost = [...unsynced.map(({ job }) => job), ...jobs, ...queue];
    unsynced = [];
    queue = [];
    for (const job of lost) job.failed(broken);
    deps.onFatal(broken);
  }

  function synced(): Promise<void> {
    if (broken !== undefined) return Promise.reject(broken);
    if (unsynced.length === 0) return Promise.resolve();
    return new Promise((done, failed) => unsynced.push({ group, job: { done, failed } }));
  }

  async function settled(): Promise<void> {
    if (queue.length > 0) {
      await new Promise<void>((done) => {
        queue.push({
          events: 0,
          bytes: 0,
          isDurable: false,
          write() {},
          done,
          failed: () => done(),
        });
      });
    }
    await synced().catch(() => {}); // refused is settled too
  }

  return {
    add(job) {
      if (broken !== undefined) job.failed(broken);
      else if (isClosing) job.failed(new Error("the store is closed"));
      else if (trouble !== undefined) job.failed(storeFull(trouble));
      else {
        queue.push(job);
        schedule();
      }
    },
    tend,
    trouble: () => trouble ?? (broken === undefined ? undefined : messageOf(broken)),
    synced,
    settled,
    async close() {
      const last = settled();
      isClosing = true;
      await last;
      broken ??= new Error("the store is closed");
      clearInterval(probing);
      sync.close();
    },
  };
}

/** Lets a job write; the error with which it refuses to. */
function refusalOf(job: Job): DaemonError | undefined {
  try {
    job.write();
    return undefined;
  } catch (error) {
    if (error instanceof DaemonError) return error;
    throw error;
  }
}
