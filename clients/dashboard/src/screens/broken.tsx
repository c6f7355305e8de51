import { Icon } from "../parts/icon.tsx";

/** What is shown where the page itself failed: it says so, and how to go on. */
export function Broken({ error }: { readonly error: unknown }) {
  return (
    <main className="login">
      <Icon name="daphnia" />
      <h1>This page broke</h1>
      <p className="problem" role="alert">
        {error instanceof Error ? error.message : String(error)}
      </p>
      <p>The daemon is not touched by that: what it does goes on.</p>
      <button type="button" className="button primary" onClick={() => location.reload()}>
        Load it anew
      </button>
    </main>
  );
}
