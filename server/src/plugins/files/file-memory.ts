/**
 * What each session has seen of files, so that nothing is overwritten unseen. It is
 * forgotten with the process, and where there is too much of it: then a file has to
 * be read again.
 */
export interface FileMemory {
  /** The session has seen the file when the digest of its content was this. */
  saw(sessionId: string, path: string, digest: string): void;
  /** Whether it saw the file at all, and whether it holds now what it held then. */
  look(sessionId: string, path: string, digest: string): "unseen" | "changed" | "seen";
}

export function createFileMemory(
  most: { readonly sessions: number; readonly files: number } = { sessions: 64, files: 1000 },
): FileMemory {
  const sessions = new Map<string, Map<string, string>>();

  /** What is used last is forgotten last. */
  function filesOf(sessionId: string): Map<string, string> | undefined {
    const files = sessions.get(sessionId);
    if (files === undefined) return undefined;
    sessions.delete(sessionId);
    sessions.set(sessionId, files);
    return files;
  }

  return {
    saw(sessionId, path, digest) {
      const files = filesOf(sessionId) ?? new Map<string, string>();
      sessions.set(sessionId, files);
      files.delete(path);
      files.set(path, digest);
      dropFirst(files, most.files);
      dropFirst(sessions, most.sessions);
    },
    look(sessionId, path, digest) {
      const seen = filesOf(sessionId)?.get(path);
      if (seen === undefined) return "unseen";
      return seen === digest ? "seen" : "changed";
    },
  };
}

function dropFirst(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
