import { create } from "@bufbuild/protobuf";
import { type Answer, AnswerSchema, type Question } from "@daphnia/protocol/approval";
import { useId, useState } from "react";

/** What an agent wants to know, as a form. */
export function Questions({
  questions,
  onChange,
}: {
  readonly questions: readonly Question[];
  readonly onChange: (answers: readonly Answer[]) => void;
}) {
  const [answers, setAnswers] = useState(() => questions.map(() => create(AnswerSchema, {})));
  const change = (place: number, news: { labels?: string[]; text?: string }) => {
    const next = answers.map((answer, i) => (i === place ? { ...answer, ...news } : answer));
    setAnswers(next);
    onChange(next);
  };
  return (
    <div className="questions">
      {questions.map((question, place) => (
        <One
          // biome-ignore lint/suspicious/noArrayIndexKey: questions have no other name and never move
          key={place}
          question={question}
          answer={answers[place]}
          change={(news) => change(place, news)}
        />
      ))}
    </div>
  );
}

function One({
  question: { text, options, multiple },
  answer,
  change,
}: {
  readonly question: Question;
  readonly answer: Answer | undefined;
  readonly change: (news: { labels?: string[]; text?: string }) => void;
}) {
  const name = useId();
  const chosen = answer?.labels ?? [];
  const choose = (label: string, isOn: boolean) => {
    const others = multiple ? chosen.filter((one) => one !== label) : [];
    change({ labels: isOn ? [...others, label] : others });
  };
  return (
    <fieldset>
      <legend>{text}</legend>
      {options.map(({ label, description }) => (
        <label key={label} className="option">
          <input
            type={multiple ? "checkbox" : "radio"}
            name={name}
            checked={chosen.includes(label)}
            onChange={(event) => choose(label, event.target.checked)}
          />
          <span>
            {label} <span className="muted">{description}</span>
          </span>
        </label>
      ))}
      <input
        aria-label={`Answer in your own words: ${text}`}
        placeholder={options.length > 0 ? "or in your own words" : "Your answer"}
        value={answer?.text ?? ""}
        onChange={(event) => change({ text: event.target.value })}
      />
    </fieldset>
  );
}
