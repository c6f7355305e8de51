import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { feed, queries } from "../data/client.ts";
import { Icon } from "../parts/icon.tsx";

/** Where a one-time code becomes a cookie. The code stands behind the #, which no server is sent. */
export function Login() {
  const [path, go] = useLocation();
  const [problem, setProblem] = useState("");
  const tried = useRef(false);
  useEffect(() => {
    const code = new URLSearchParams(location.hash.slice(1)).get("code");
    if (code === null || tried.current) return;
    tried.current = true;
    history.replaceState(null, "", location.pathname);
    void enter(code).then((why) => {
      setProblem(why);
      if (why !== "") return;
      feed.retry();
      void queries.invalidateQueries(); // what was refused is asked again
      go("/", { replace: true });
    });
  }, [go]);
  return (
    <main className="login" id="main">
      <Icon name="daphnia" />
      <h1>Daphnia</h1>
      {problem !== "" && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <p>
        This page does not know you yet. On the machine where the daemon runs, type
        <code className="command">daphnia dashboard</code>
        It opens this page with a code that counts once, and only for a minute.
      </p>
      {path !== "/login" && (
        <button type="button" className="button" onClick={() => feed.retry()}>
          Try again
        </button>
      )}
    </main>
  );
}

/** Why the door stayed shut; empty when it opened. It never rejects. */
async function enter(code: string): Promise<string> {
  try {
    const answer = await fetch("/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    if (answer.ok) return "";
    return answer.status === 401
      ? "That code was used already, or is older than a minute."
      : `The daemon answered ${answer.status}.`;
  } catch (error) {
    return `The daemon cannot be reached: ${error instanceof Error ? error.message : error}.`;
  }
}
