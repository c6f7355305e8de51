import type { Answer, Question } from "@daphnia/protocol/approval";
import type { Part } from "@daphnia/protocol/message";
import type { Attachment, Progress, SampleAnswer, SampleRequest } from "../tool/tool.ts";

/** Where a component is, and how it is spoken with. */
export type Endpoint =
  | {
      readonly kind: "http";
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      /** The process that serves there; 0 where that is not known. */
      readonly pid: number;
      /** What the server must call itself; undefined where any name will do. */
      readonly serverName?: string;
    }
  | {
      readonly kind: "stdio";
      readonly command: readonly [string, ...string[]];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string;
    };

/** A tool as its component tells of it. Nothing of this is believed before somebody trusts it. */
export interface RemoteTool {
  /** The component's own name for it. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments, as JSON text. */
  readonly parameters: string;
  readonly isReadOnly: boolean;
  readonly isIdempotent: boolean;
}

/** How one call is made. */
export interface RemoteCall {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
  /** Cancel: the component is told, and the call rejects with the reason. */
  readonly signal: AbortSignal;
  /** Milliseconds without a sign of life, and in all. */
  readonly idleTimeout: number;
  readonly callTimeout: number;
  /** Folders that the caller may touch. */
  readonly roots: readonly string[];
  progress(progress: Progress): void;
  /** Asks a person; undefined where nobody can be asked, or nobody answered. */
  ask(questions: readonly Question[]): Promise<readonly Answer[] | undefined>;
  /** Has the agent's model answer, once a person agreed; undefined where nobody does. */
  sample(request: SampleRequest): Promise<SampleAnswer | undefined>;
}

export type RemoteAnswer =
  | {
      readonly kind: "answer";
      readonly parts: readonly Part[];
      readonly attachments: readonly Attachment[];
      readonly isError: boolean;
    }
  | { readonly kind: "timeout" | "down"; readonly why: string };

/** A connection with a component that answers. */
export interface Link {
  /** What it calls itself. */
  readonly serverName: string;
  readonly version: string;
  /** The revision of MCP that is spoken. */
  readonly protocol: string;
  /** Its process; 0 where that is not known. */
  readonly pid: number;
  tools(): readonly RemoteTool[];
  /** Resolves once, with why it does not answer any more. */
  readonly down: Promise<string>;
  call(call: RemoteCall): Promise<RemoteAnswer>;
  /** Rejects where it does not answer. */
  ping(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Connects with components. */
export interface ComponentDriver {
  /** Rejects with why that is not possible. `onTools` is told when they are others. */
  connect(
    name: string,
    endpoint: Endpoint,
    onTools: () => void,
    signal: AbortSignal,
  ): Promise<Link>;
}

/** An endpoint that is not what it says: trying again does not help. */
export class ForeignEndpointError extends Error {
  override readonly name = "ForeignEndpointError";
}
