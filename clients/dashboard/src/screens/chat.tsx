import type { Approval } from "@daphnia/protocol/approval";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { SessionLog } from "../data/session-log.ts";
import { useEvents, useRows, useStretch } from "../data/use-conversation.ts";
import { ApprovalCard } from "../parts/approval-card.tsx";
import { ChatRow } from "../parts/chat-row.tsx";
import { Empty, Loading } from "../parts/empty.tsx";
import { listKeys, useKeys } from "../parts/keys.ts";
import { ScrollBox } from "../parts/scroll-box.tsx";
import { countText } from "../words/figures.ts";

/** Pixels from the end at which one still counts as being there. */
const nearEnd = 60;

/** What was said and done, as a conversation. It follows its end until somebody reads back. */
export function Chat({
  log,
  seq,
  approvals,
}: {
  readonly log: SessionLog;
  readonly seq: number;
  readonly approvals: readonly Approval[];
}) {
  const { stretch, older, newer, toEnd } = useStretch(log, seq);
  const events = useEvents(log, stretch);
  const isTail = stretch !== undefined && stretch.to === undefined;
  const rows = useRows(log, events, isTail);
  const box = useRef<HTMLElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  /** The head when somebody began to read back. */
  const [left, setLeft] = useState(0);
  const items = useVirtualizer({
    count: rows?.length ?? 0,
    getScrollElement: () => box.current,
    estimateSize: () => 90,
    getItemKey: (index) => rows?.[index]?.key ?? index,
    overscan: 6,
    anchorTo: "end",
    followOnAppend: isTail,
    scrollEndThreshold: nearEnd,
    paddingEnd: 16,
  });
  useKeys(listKeys());

  const isReady = rows !== undefined;
  const isPlaced = useRef(false);
  useEffect(() => {
    if (!isReady || isPlaced.current || rows.length === 0) return;
    isPlaced.current = true;
    const place = seq > 0 ? rows.findIndex((row) => row.seq >= seq) : -1;
    if (place >= 0) items.scrollToIndex(place, { align: "center" });
    else items.scrollToEnd();
  }, [isReady, rows, seq, items]);

  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    const rest = element.scrollHeight - element.scrollTop - element.clientHeight;
    const isEnd = rest <= nearEnd && isTail;
    if (isAtEnd && !isEnd) setLeft(log.head());
    if (isEnd !== isAtEnd) setAtEnd(isEnd);
    if (element.scrollTop < 600) older();
    if (rest < 600 && !isTail) newer();
  };
  const jump = () => {
    toEnd();
    items.scrollToEnd();
    setAtEnd(true);
  };
  useKeys([{ key: "G", does: "to the end", run: jump }]);

  if (rows === undefined)
    return log.head() === 0 ? (
      <Empty>Nothing happened here yet.</Empty>
    ) : (
      <Loading what="the conversation" />
    );
  return (
    <div className="chat">
      <ScrollBox label="Conversation" box={box} onScroll={onScroll}>
        {rows.length === 0 && <Empty>Nothing was said yet.</Empty>}
        <ol className="virtual" style={{ height: items.getTotalSize() }}>
          {items.getVirtualItems().map(({ key, index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <li
                key={key}
                data-index={index}
                ref={items.measureElement}
                style={{ transform: `translateY(${start}px)` }}
              >
                <ChatRow
                  row={row}
                  sessionId={log.sessionId}
                  isTarget={seq > 0 && row.seq === seq}
                />
              </li>
            );
          })}
        </ol>
      </ScrollBox>
      {!isAtEnd && <NewPill count={log.head() - left} isTail={isTail} onClick={jump} />}
      {approvals.length > 0 && (
        <div className="chat-approvals">
          {approvals.map((approval) => (
            <ApprovalCard key={approval.id} approval={approval} isCompact />
          ))}
        </div>
      )}
    </div>
  );
}

/** Says what came while somebody read back, and leads there. */
function NewPill({
  count,
  isTail,
  onClick,
}: {
  readonly count: number;
  readonly isTail: boolean;
  readonly onClick: () => void;
}) {
  const text =
    count > 0 ? `${count.toLocaleString("en")} new` : isTail ? "To the end" : "To the newest";
  return (
    <button
      type="button"
      className="new-pill"
      onClick={onClick}
      aria-label={count > 0 ? `${countText(count, "new event")}, to the end` : text}
    >
      {text} <span aria-hidden="true">↓</span>
    </button>
  );
}
