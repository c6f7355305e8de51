import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

const slowest = 10;

type Timed = { readonly name: string; readonly ms: number };

/** One line a suite, the whole of each failure, every skip with its reason, and the slowest tests. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const times: Timed[] = [];
  let failed = 0;
  for await (const event of source) {
    switch (event.type) {
      case "test:pass":
        yield* passed(event.data, times);
        break;
      case "test:fail":
        if (event.data.details.type !== "suite") failed++;
        yield failure(event.data);
        break;
      case "test:stderr":
      case "test:stdout":
        yield event.data.message;
        break;
      case "test:diagnostic":
        if (event.data.nesting > 0) yield `   ${event.data.message}\n`;
        break;
      case "test:summary":
        if (event.data.file === undefined) yield summary(event.data.counts, failed, times);
        break;
    }
  }
}

type Passed = Extract<TestEvent, { type: "test:pass" }>["data"];
type Failed = Extract<TestEvent, { type: "test:fail" }>["data"];
type Counts = Extract<TestEvent, { type: "test:summary" }>["data"]["counts"];

function* passed({ name, skip, details, nesting, file }: Passed, times: Timed[]) {
  const place = placeOf(file);
  const ms = details.duration_ms;
  if (skip !== undefined && skip !== false) yield `SKIPPED ${place}: ${name}: ${skip}\n`;
  if (details.type !== "suite") times.push({ name: `${place}: ${name}`, ms });
  else if (nesting === 0) yield `ok ${place}: ${name} (${Math.round(ms)} ms)\n`;
}

function failure({ name, file, details }: Failed): string {
  const { cause } = details.error;
  const shown = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `FAILED ${placeOf(file)}: ${name}\n${shown}\n`;
}

function summary(counts: Counts, failed: number, times: readonly Timed[]): string {
  const rows = times
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, slowest)
    .map(({ name, ms }) => `${String(Math.round(ms)).padStart(7)} ms  ${name}`);
  const lost = failed + counts.cancelled;
  const end = `${counts.passed} passed, ${lost} failed, ${counts.skipped} skipped`;
  return ["", "Slowest tests:", ...rows, "", end, ""].join("\n");
}

function placeOf(file: string | undefined): string {
  return file === undefined ? "" : relative(process.cwd(), file);
}
