import type { StepFinished } from "@daphnia/protocol/event";

/** Counts of tokens, as `Usage` has them. */
export interface Tokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly thinkingTokens: number;
}

/** An amount of money: billionths of a currency's unit. */
export interface Money {
  readonly currency: string;
  readonly nanos: number;
}

/**
 * What was used and paid, as far as it is known: what is undefined is unknown,
 * and never 0. What is incomplete is a lower bound.
 */
export interface Spending {
  readonly usage: Tokens | undefined;
  readonly usageIncomplete: boolean;
  readonly cost: Money | undefined;
  readonly costIncomplete: boolean;
}

/** Of what called no model. */
export const nothingSpent: Spending = {
  usage: undefined,
  usageIncomplete: false,
  cost: undefined,
  costIncomplete: false,
};

/** Of a model call as its `step_finished` tells it, which may be nothing; without one, nothing is known. */
export function spentBy(told: Pick<StepFinished, "usage" | "cost"> | undefined): Spending {
  const { usage, cost } = told ?? {};
  return {
    usage: usage && {
      inputTokens: Number(usage.inputTokens),
      outputTokens: Number(usage.outputTokens),
      cacheReadTokens: Number(usage.cacheReadTokens),
      cacheWriteTokens: Number(usage.cacheWriteTokens),
      thinkingTokens: Number(usage.thinkingTokens),
    },
    usageIncomplete: usage === undefined,
    cost: cost && { currency: cost.currency, nanos: Number(cost.nanos) },
    costIncomplete: cost === undefined,
  };
}

/** Of several together. Of two currencies only the first is counted: the sum is incomplete then. */
export function sumOf(all: readonly Spending[]): Spending {
  let sum = nothingSpent;
  for (const { usage, usageIncomplete, cost, costIncomplete } of all) {
    const isOther = cost !== undefined && sum.cost !== undefined && !isSame(cost, sum.cost);
    sum = {
      usage: usage ? addTokens(sum.usage, usage) : sum.usage,
      usageIncomplete: sum.usageIncomplete || usageIncomplete,
      cost: cost && !isOther ? { ...cost, nanos: (sum.cost?.nanos ?? 0) + cost.nanos } : sum.cost,
      costIncomplete: sum.costIncomplete || costIncomplete || isOther,
    };
  }
  return sum;
}

function isSame(a: Money, b: Money): boolean {
  return a.currency === b.currency;
}

function addTokens(sum: Tokens | undefined, more: Tokens): Tokens {
  return {
    inputTokens: (sum?.inputTokens ?? 0) + more.inputTokens,
    outputTokens: (sum?.outputTokens ?? 0) + more.outputTokens,
    cacheReadTokens: (sum?.cacheReadTokens ?? 0) + more.cacheReadTokens,
    cacheWriteTokens: (sum?.cacheWriteTokens ?? 0) + more.cacheWriteTokens,
    thinkingTokens: (sum?.thinkingTokens ?? 0) + more.thinkingTokens,
  };
}
