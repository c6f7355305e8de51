import type { Answer, Question, TrustSubject } from "@daphnia/protocol/approval";
import type { Part } from "@daphnia/protocol/message";
import type { Tool as ToolSpec } from "@daphnia/protocol/tool";

/** What a call would touch, as far as a rule can judge it. */
export type Claim =
  | {
      readonly kind: "read" | "write";
      /** Real and absolute. */
      readonly path: string;
      /** Set where all that lies below is touched too, and nothing there is left out. */
      readonly isWhole?: boolean;
    }
  | RunClaim
  | { readonly kind: "reach"; readonly host: string }
  | UseClaim
  | { readonly kind: "nothing" }
  | { readonly kind: "opaque"; readonly why: string };

/** A component that a call would use: what that touches is not known here. */
export interface UseClaim {
  readonly kind: "use";
  readonly component: string;
  readonly tool: string;
  /** `plain` where it only reads, as a component says that the owner believes. */
  readonly risk: "plain" | "unknown";
}

/** A program that a call would start. What it touches by its operands is claimed beside it. */
export interface RunClaim {
  readonly kind: "run";
  /** The decoded words; null is one that is only known when it runs. */
  readonly argv: Words;
  /** The same command as rules may name it too, such as without its folder or global flags. */
  readonly forms: readonly Words[];
  readonly risk: Risk;
  readonly why: string;
}

export type Words = readonly (string | null)[];

/**
 * What starting a program may do beside what is claimed: nothing (`plain`); run
 * code of the project (`project`); nobody knows (`unknown`); what no rule on its
 * words may let through (`fixed`), such as a shell or the network; or destroy
 * the machine (`destructive`).
 */
export type Risk = "plain" | "project" | "unknown" | "fixed" | "destructive";

/** The session that a call is made in. */
export interface Place {
  readonly sessionId: string;
  /** Real, absolute folders that file tools may touch. */
  readonly roots: readonly string[];
  /** Real, absolute folders that no tool may touch, inside a root or not: the daemon's home. */
  readonly closed: readonly string[];
  /** The real, absolute folder that relative paths start from. */
  readonly cwd: string;
  /** Names of the daemon's environment variables that a command sees beside the usual ones. */
  readonly envPass: readonly string[];
  /** Whether a command in a sandbox may reach the network. */
  readonly hasNetwork: boolean;
}

/** What a tool answers. A failure is an answer too. */
export interface ToolAnswer {
  readonly parts: readonly Part[];
  readonly isError: boolean;
  /** Bytes such as images, which follow the parts. */
  readonly attachments?: readonly Attachment[];
  /** Set where it was stopped because it took longer than it may. */
  readonly isTimeout?: boolean;
  /** Set where the component that ran it is gone. */
  readonly isDown?: boolean;
  /** The files that it changed, in order. */
  readonly changes?: readonly Change[];
}

/** Bytes that an answer brings along. */
export interface Attachment {
  readonly bytes: Uint8Array;
  /** RFC 6838 media type. */
  readonly mediaType: string;
  /** For people; may be empty. */
  readonly name: string;
}

/** What a call would have the agent's model answer. */
export interface SampleRequest {
  readonly system: string;
  readonly messages: readonly { readonly role: "user" | "assistant"; readonly text: string }[];
}

/** What it answered. */
export interface SampleAnswer {
  readonly text: string;
  /** The model, as its provider names it. */
  readonly model: string;
  /** Why it ended, in its provider's words. */
  readonly reason: string;
}

/** How far a call is. */
export interface Progress {
  /** In the call's own units. */
  readonly done: number;
  /** 0 where it is not known. */
  readonly total: number;
  /** For people; may be empty. */
  readonly message: string;
}

/** A file that was changed, and what it takes to undo that. */
export interface Change {
  /** Real and absolute. */
  readonly path: string;
  /** What it held; undefined where there was no file, or where that is not kept. */
  readonly before: Uint8Array | undefined;
  /** Why what it held is not kept, in words for people; then it cannot be undone. */
  readonly notKept?: string;
  /** SHA-256 of what it holds now, in lower-case hex. */
  readonly after: string;
  /** As a unified diff; empty where it is not text. */
  readonly diff: string;
  /** Its permission bits; 0 where it was made anew. */
  readonly mode: number;
}

/** What a call runs with. */
export interface RunContext {
  /** Cancel: the call stops and rejects with the reason. */
  readonly signal: AbortSignal;
  /** Unique: what runs again under it does nothing twice. */
  readonly callId: string;
  /**
   * Shows what the call prints while it runs. Resolves when it may print more, with
   * what is shown now: without secrets, and without what may yet become one.
   */
  print(bytes: Uint8Array): Promise<Uint8Array>;
  /** Shows what was held back of what was printed, and resolves with it. Nothing is printed after it. */
  endPrint(): Promise<Uint8Array>;
  /** What a person answered to the call's questions, in their order. */
  readonly answers: readonly Answer[];
  /** Tells how far it is; of what comes too often the latest is told. */
  progress(progress: Progress): void;
  /** Asks a person while it runs; undefined where nobody answers, or says no. */
  ask(questions: readonly Question[]): Promise<readonly Answer[] | undefined>;
  /** Has the agent's model answer, once a person agreed; undefined where nobody does. */
  sample(request: SampleRequest): Promise<SampleAnswer | undefined>;
}

/** A process that a call runs in, with its group. */
export interface CallProcess {
  readonly pid: number;
  /** When it began, in the system's own words; with the id it names one process. */
  readonly startTime: string;
  /** What encloses it; empty for nothing. */
  readonly sandbox: string;
}

/**
 * A call whose arguments were understood. It holds what its claims resolved, so
 * that nothing changes between the judgement and the act.
 */
export interface ClaimedCall {
  readonly claims: readonly Claim[];
  /** Where a person has to be asked before it runs, whatever the rules say. */
  readonly questions?: readonly Question[];
  /** Where a person has to trust this first: the call asks for no more than that. */
  readonly trust?: TrustSubject;
  /** What it would change, as a unified diff, for a person who is asked. */
  preview?(): Promise<string>;
  /**
   * Begins a process that does nothing yet: it waits for `run`, and ends when the
   * daemon ends before that. Called once, before the start is put on record.
   */
  prepare?(): Promise<CallProcess>;
  /** Ends what `prepare` began, where `run` is not to be called. */
  drop?(): Promise<void>;
  /** Acts. Throwing tells the model that it failed; cancel rejects with the reason. */
  run(context: RunContext): Promise<ToolAnswer>;
}

/** Puts files back. */
export interface FileRestorer {
  /**
   * Gives a file the content it had, where it still holds what `after` says.
   * Resolves with why it did not, in words for people; undefined when it did.
   */
  restore(
    change: Omit<Change, "diff">,
    place: Pick<Place, "roots" | "closed">,
  ): Promise<string | undefined>;
}

/** Something that a model can ask the daemon to do. */
export interface Tool {
  readonly spec: ToolSpec;
  /** What may be done with a call that was cut off: run it again, or never. */
  readonly effect: "read_only" | "idempotent" | "unsafe";
  /**
   * Resolves what the call would touch, without doing it. `arguments` fit the
   * tool's schema. Throws `invalid_argument` with words that a model can act on.
   */
  claim(parameters: Record<string, unknown>, place: Place): Promise<ClaimedCall>;
}

/** Checks arguments against a tool's schema. */
export interface ArgumentReader {
  /** The arguments, or what is wrong with them in words for the model. */
  read(
    tool: ToolSpec,
    text: string,
  ): Promise<{ readonly value: Record<string, unknown> } | { readonly problem: string }>;
}
