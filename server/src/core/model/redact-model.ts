import { create } from "@bufbuild/protobuf";
import { OpaqueSchema, type Part, PartSchema, SourceSchema } from "@daphnia/protocol/message";
import { messageOf } from "../../base/errors.ts";
import { plainJson } from "../../base/plain-json.ts";
import type { Redactor } from "../../base/redact.ts";
import { chain, type TextFilter } from "../../base/redact-filter.ts";
import type { Model, ModelPart, ModelRequest } from "./model.ts";
import { ModelError } from "./model-error.ts";

/**
 * The same model, of which no secret gets out, and which is told none by its system
 * prompt; messages are clean since they were kept. `redactor` is asked at each call.
 */
export function redactModel(model: Model, redactor: () => Redactor): Model {
  const { provider, name } = model;
  return {
    provider,
    name,
    async *stream(request, signal) {
      const now = redactor();
      const blocks = createBlocks(now);
      try {
        for await (const part of model.stream(cleanRequest(request, now), signal)) {
          yield* blocks.pass(part);
        }
      } catch (error) {
        yield* blocks.rest();
        throw signal.aborted ? error : redactError(error, now); // a cancel has its own reason
      }
    },
  };
}

function cleanRequest(request: ModelRequest, { text }: Redactor): ModelRequest {
  return { ...request, system: text(request.system) };
}

interface Block {
  readonly of: "text" | "thinking" | "tool_call";
  readonly filter: TextFilter;
  /** What was said and is not told yet. */
  held: string;
  /** False once something was replaced. */
  isClean: boolean;
}

function createBlocks(redactor: Redactor) {
  const blocks = new Map<string, Block>();

  function tell(block: Block, said: string, told: string): string {
    const all = block.held + said;
    if (block.isClean && all.startsWith(told)) block.held = all.slice(told.length);
    else block.isClean = false;
    return told;
  }

  function end(part: Extract<ModelPart, { kind: "end" }>, block: Block): readonly ModelPart[] {
    const { text, providerData } = part;
    // Whoever is told the whole text finds what the pieces left out.
    const whole = text === undefined ? undefined : through(filterFor(block.of, redactor), text);
    const rest = whole === undefined ? tell(block, "", block.filter.end()) : "";
    const isClean = whole === undefined ? block.isClean && block.held === "" : whole === text;
    const keepsData = providerData !== undefined && mayKeep(block, isClean, providerData);
    return [
      ...(rest === "" ? [] : [{ kind: "piece", block: part.block, text: rest } as const]),
      {
        kind: "end",
        block: part.block,
        ...(whole !== undefined && { text: whole }),
        ...(keepsData && { providerData }),
      },
    ];
  }

  /** A signature is good for the thinking that it was given for, and for no other. */
  function mayKeep({ of }: Block, isClean: boolean, providerData: Uint8Array): boolean {
    return (isClean || of !== "thinking") && !redactor.holds(providerData);
  }

  return {
    *pass(part: ModelPart): Generator<ModelPart> {
      switch (part.kind) {
        case "start":
          blocks.set(part.block, {
            of: part.of,
            filter: filterFor(part.of, redactor),
            held: "",
            isClean: true,
          });
          yield part.of === "tool_call" ? { ...part, tool: redactor.text(part.tool) } : part;
          break;
        case "piece": {
          const block = blocks.get(part.block);
          if (block === undefined) break; // a provider's stray piece has no place
          const text = tell(block, part.text, block.filter.push(part.text));
          if (text !== "") yield { ...part, text };
          break;
        }
        case "end": {
          const block = blocks.get(part.block);
          blocks.delete(part.block);
          if (block !== undefined) yield* end(part, block);
          break;
        }
        case "part":
          yield { kind: "part", part: cleanPart(part.part, redactor) };
          break;
        case "finish":
          yield* this.rest();
          yield part;
          break;
        case "request":
        case "usage":
          yield part;
          break;
      }
    },
    /** What is still held back, where no end came. */
    *rest(): Generator<ModelPart> {
      for (const [name, block] of blocks) {
        const text = block.filter.end();
        if (text !== "") yield { kind: "piece", block: name, text };
      }
      blocks.clear();
    },
  };
}

/** Arguments are JSON, where each letter may be spelled in several ways. */
function filterFor(of: Block["of"], redactor: Redactor): TextFilter {
  const filter = redactor.textFilter();
  return of === "tool_call" ? chain(plainJson(), filter) : filter;
}

function through(filter: TextFilter, text: string): string {
  return filter.push(text) + filter.end();
}

/** What did not stream. Of what only the provider understands, known values alone are looked for. */
function cleanPart(part: Part, redactor: Redactor): Part {
  const kind = cleanKind(part.kind, redactor);
  const hasSecret = redactor.holds(part.providerData);
  if (kind === part.kind && !hasSecret) return part;
  const providerData = hasSecret ? new Uint8Array() : part.providerData;
  return create(PartSchema, { kind, providerData });
}

function cleanKind(kind: Part["kind"], { text, bytes, holds }: Redactor): Part["kind"] {
  switch (kind.case) {
    case "source": {
      const { url, title, fileName } = kind.value;
      const clean = { ...kind.value, url: text(url), title: text(title), fileName: text(fileName) };
      return { case: "source", value: create(SourceSchema, clean) };
    }
    case "opaque": {
      if (!holds(kind.value.data)) return kind;
      const data = bytes(kind.value.data);
      return { case: "opaque", value: create(OpaqueSchema, { ...kind.value, data }) };
    }
    case "text":
    case "thinking": {
      const value = text(kind.value);
      return value === kind.value ? kind : { case: kind.case, value };
    }
    default:
      return kind;
  }
}

function redactError(error: unknown, { text }: Redactor): unknown {
  const message = messageOf(error);
  const clean = text(message);
  if (clean === message) return error;
  if (!(error instanceof ModelError)) return new Error(clean, { cause: error });
  const { kind, retryAfter } = error;
  return new ModelError(kind, clean, retryAfter === undefined ? {} : { retryAfter });
}
