import { create } from "@bufbuild/protobuf";
import { PartSchema } from "@daphnia/protocol/message";
import { Delivery, type Session, SessionState } from "@daphnia/protocol/session";
import { type KeyboardEvent, useRef, useState } from "react";
import { client } from "../data/client.ts";
import { firstLine, suspendText, textOf } from "../words/words.ts";
import { Chips } from "./chips.tsx";
import { useKeys } from "./keys.ts";
import { Problem } from "./problem.tsx";

const deliveries = [
  { how: Delivery.QUEUE, name: "Queue", does: "After what runs and waits now." },
  { how: Delivery.STEER, name: "Steer", does: "Into the running turn, before its next step." },
  { how: Delivery.INTERRUPT, name: "Interrupt", does: "Cancels the running turn and goes first." },
] as const;

/** Where something is said to a session, and its work is led. */
export function Composer({ session }: { readonly session: Session }) {
  const { id: sessionId, state, queue } = session;
  const [text, setText] = useState("");
  const [how, setHow] = useState<Delivery>(Delivery.QUEUE);
  const [problem, setProblem] = useState<unknown>();
  const field = useRef<HTMLTextAreaElement>(null);
  const isBusy = state !== SessionState.IDLE && state !== SessionState.UNSPECIFIED;
  const act = async (call: () => Promise<unknown>) => {
    setProblem(undefined);
    try {
      await call();
    } catch (error) {
      setProblem(error);
    }
  };
  const send = () => {
    if (text.trim() === "") return;
    const part = create(PartSchema, { kind: { case: "text", value: text } });
    const delivery = isBusy ? how : Delivery.QUEUE;
    void act(async () => {
      await client.sessions.prompt({ sessionId, parts: [part], delivery });
      setText("");
      setHow(Delivery.QUEUE);
    });
  };
  const cancel = () => void act(() => client.sessions.cancelTurn({ sessionId }));
  const resume = () => void act(() => client.sessions.resumeTurn({ sessionId }));
  useKeys([
    { key: "i", does: "write a prompt", run: () => field.current?.focus() },
    { key: "x", does: "cancel the turn", run: cancel },
  ]);
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <section className="composer" aria-label="Say something">
      {problem !== undefined && <Problem error={problem} what="That did not work." />}
      {queue.length > 0 && <Queue session={session} act={act} />}
      {state === SessionState.SUSPENDED && (
        <div className="suspended">
          <span>The turn is suspended: it waits for {suspendText(session.suspendReason)}.</span>
          <button type="button" className="button small" onClick={resume}>
            Resume
          </button>
        </div>
      )}
      <div className="composer-box">
        <textarea
          ref={field}
          aria-label="Prompt"
          placeholder={isBusy ? "Say something while it works" : "Say something"}
          rows={Math.min(8, Math.max(1, text.split("\n").length))}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <div className="composer-foot">
          {isBusy && (
            <Chips label="When the model sees it">
              {deliveries.map(({ how: one, name, does }) => (
                <button
                  key={name}
                  type="button"
                  className="chip"
                  title={does}
                  aria-pressed={how === one}
                  onClick={() => setHow(one)}
                >
                  {name}
                </button>
              ))}
            </Chips>
          )}
          <span className="spacer" />
          {isBusy && (
            <button type="button" className="button" onClick={cancel} title="Cancel the turn (x)">
              Cancel
            </button>
          )}
          <button
            type="button"
            className="button primary"
            onClick={send}
            disabled={text.trim() === ""}
          >
            Send
          </button>
        </div>
      </div>
    </section>
  );
}

/** Prompts that the model has not seen yet. */
function Queue({
  session: { id: sessionId, queue },
  act,
}: {
  readonly session: Session;
  readonly act: (call: () => Promise<unknown>) => Promise<void>;
}) {
  return (
    <ul className="queue" aria-label="Prompts that wait">
      {queue.map(({ promptId, parts, delivery }, place) => (
        <li key={promptId}>
          <span className="label" data-tone="wait">
            <span className="dot" aria-hidden="true" />
            {delivery === Delivery.STEER ? "steers next" : "waits"}
          </span>
          <span className="row-title">{firstLine(textOf(parts))}</span>
          {place > 0 && delivery !== Delivery.STEER && (
            <button
              type="button"
              className="link"
              onClick={() => {
                const beforePromptId = queue[place - 1]?.promptId ?? "";
                void act(() => client.sessions.movePrompt({ sessionId, promptId, beforePromptId }));
              }}
            >
              Earlier
            </button>
          )}
          <button
            type="button"
            className="link"
            onClick={() => void act(() => client.sessions.withdrawPrompt({ sessionId, promptId }))}
          >
            Withdraw
          </button>
        </li>
      ))}
    </ul>
  );
}
