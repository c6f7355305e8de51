import { type JudgedClaim, RuleAction } from "@daphnia/protocol/permission";

/** What a call would touch, and what decides each of it. */
export function Claims({ claims }: { readonly claims: readonly JudgedClaim[] }) {
  if (claims.length === 0) return null;
  return (
    <ul className="claims">
      {claims.map(({ kind, subject, action, rule, why }, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: claims have no other name and never move
        <li key={place}>
          <span
            className="tag"
            data-tone={
              action === RuleAction.DENY ? "fail" : action === RuleAction.ASK ? "wait" : undefined
            }
          >
            {RuleAction[action]?.toLowerCase()}
          </span>
          <span>{kind}</span>
          <span className="mono">{subject}</span>
          <span className="muted">
            {why} {rule}
          </span>
        </li>
      ))}
    </ul>
  );
}
