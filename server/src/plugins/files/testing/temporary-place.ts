import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRunContext } from "../../../core/tool/testing/run-context.ts";
import type { Place, Tool, ToolAnswer } from "../../../core/tool/tool.ts";

/** A folder for one test: `root` is the session's, what lies beside it is outside. */
export interface TemporaryPlace extends AsyncDisposable {
  readonly outside: string;
  readonly root: string;
  readonly place: Place;
  /** Writes a file below `outside` with its folders, and answers its path. */
  write(name: string, content: string | Buffer): Promise<string>;
  /** Claims and runs at once. */
  call(tool: Tool, parameters: Record<string, unknown>, signal?: AbortSignal): Promise<Said>;
}

/** An answer as text. */
export interface Said {
  readonly isError: boolean;
  readonly text: string;
}

export async function createTemporaryPlace(): Promise<TemporaryPlace> {
  const outside = await realpath(await mkdtemp(join(tmpdir(), "daphnia-files-")));
  const root = join(outside, "root");
  await mkdir(root);
  const place = {
    ...{ sessionId: "s", roots: [root], closed: [], cwd: root },
    ...{ envPass: [], hasNetwork: false },
  };
  return {
    outside,
    root,
    place,
    async write(name, content) {
      const path = join(outside, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      return path;
    },
    async call(tool, parameters, signal = new AbortController().signal) {
      const claimed = await tool.claim(parameters, place);
      return said(await claimed.run(createRunContext({ signal })));
    },
    [Symbol.asyncDispose]: () => rm(outside, { recursive: true, force: true }),
  };
}

export function said({ parts, isError }: ToolAnswer): Said {
  const texts = parts.map(({ kind }) => (kind.case === "text" ? kind.value : `(${kind.case})`));
  return { isError, text: texts.join("") };
}
