import { create } from "@bufbuild/protobuf";
import { useQuery } from "@connectrpc/connect-query";
import { AgentService } from "@daphnia/protocol/agent_service";
import { PartSchema } from "@daphnia/protocol/message";
import { type FormEvent, useRef, useState } from "react";
import { useLocation } from "wouter";
import { client } from "../data/client.ts";
import { Problem } from "./problem.tsx";

/** Begins a conversation: with whom, where, and what is said first. */
export function NewSession() {
  const dialog = useRef<HTMLDialogElement>(null);
  /** What was made by a try whose prompt was refused: the next one goes on with it. */
  const made = useRef("");
  const [, go] = useLocation();
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const agents = useQuery(AgentService.method.listAgents, {});
  const begin = async (form: FormData) => {
    setBusy(true);
    setProblem(undefined);
    try {
      made.current ||= await createSession(form);
      await say(made.current, textIn(form, "text"));
      go(`/sessions/${made.current}/chat`);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void begin(new FormData(event.currentTarget)); // it tells its problems itself
  };
  return (
    <>
      <button type="button" className="button primary" onClick={() => dialog.current?.showModal()}>
        New session
      </button>
      <dialog ref={dialog} className="dialog" aria-label="New session">
        <h2>New session</h2>
        <form onSubmit={submit} className="form">
          <label>
            Agent
            <select name="agent">
              {agents.data?.agents.map(({ name, description }) => (
                <option key={name} value={name}>
                  {description ? `${name} — ${description}` : name}
                </option>
              ))}
            </select>
          </label>
          <label>
            Folder that its tools may touch
            <input name="folder" className="mono" placeholder="none" autoComplete="off" />
          </label>
          <label>
            First prompt
            <textarea name="text" rows={4} required />
          </label>
          {problem !== undefined && <Problem error={problem} what="It cannot be begun." />}
          <div className="form-foot">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button type="submit" className="button primary" disabled={isBusy}>
              Begin
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}

/** A session as the form says. */
async function createSession(form: FormData): Promise<string> {
  const roots = [textIn(form, "folder").trim()].filter(Boolean);
  const { session } = await client.sessions.createSession({ agent: textIn(form, "agent"), roots });
  return session?.id ?? "";
}

async function say(sessionId: string, text: string): Promise<void> {
  const part = create(PartSchema, { kind: { case: "text", value: text } });
  await client.sessions.prompt({ sessionId, parts: [part] });
}

function textIn(form: FormData, name: string): string {
  return String(form.get(name) ?? "");
}
