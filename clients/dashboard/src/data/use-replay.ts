import { type Recorded, recordingOf } from "@daphnia/client/recording";
import type { Event } from "@daphnia/protocol/event";
import { useEffect, useMemo, useRef, useState } from "react";
import { client } from "./client.ts";
import { type Conversation, createConversation, type Row } from "./conversation.ts";
import { wholeBlob } from "./whole-blob.ts";

/** Milliseconds of a pause in which nothing ran that are kept. */
const longestPause = 2000;

/** What was told, with its deltas, at the times at which it was; undefined until it is made. */
export function useRecording(events: readonly Event[] | undefined): {
  readonly recording: readonly Recorded[] | undefined;
  readonly problem: unknown;
} {
  const [recording, setRecording] = useState<readonly Recorded[]>();
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => {
    if (events === undefined) return;
    let isWanted = true;
    const make = async () => {
      try {
        const made: Recorded[] = [];
        for await (const one of recordingOf(
          each(events),
          (digest) => wholeBlob(client.blobs, digest),
          longestPause,
        ))
          made.push(one);
        if (isWanted) setRecording(made);
      } catch (error) {
        if (isWanted) setProblem(error);
      }
    };
    void make(); // it tells its problems itself
    return () => {
      isWanted = false;
    };
  }, [events]);
  return { recording, problem };
}

async function* each(events: readonly Event[]): AsyncGenerator<Event> {
  yield* events;
}

/** The conversation as it was after the first `place` of a recording. */
export function useRowsAt(recording: readonly Recorded[], place: number): readonly Row[] {
  const held = useRef<{ conversation: Conversation; place: number; of: readonly Recorded[] }>(
    undefined,
  );
  return useMemo(() => {
    const goesOn = held.current?.of === recording && held.current.place <= place;
    const fold =
      goesOn && held.current ? held.current : { conversation: createConversation(), place: 0 };
    for (const one of recording.slice(fold.place, place)) {
      if (one.kind === "event") fold.conversation.addEvent(one.event);
      else fold.conversation.addDelta(one.delta);
    }
    held.current = { conversation: fold.conversation, place, of: recording };
    return fold.conversation.rows();
  }, [recording, place]);
}

export interface Player {
  /** How many of the recording are shown. */
  readonly place: number;
  readonly isPlaying: boolean;
  readonly speed: number;
  readonly goTo: (place: number) => void;
  readonly play: (speed: number) => void;
  readonly pause: () => void;
}

/** Moves through a recording at its own pace, or several times as fast. */
export function usePlayer(recording: readonly Recorded[], start: number): Player {
  const [place, setPlace] = useState(start);
  const [speed, setSpeed] = useState(1);
  const [isPlaying, setPlaying] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it moves the place itself
  useEffect(() => {
    if (!isPlaying) return;
    let at = recording[place - 1]?.at ?? 0;
    let now = place;
    let last = performance.now();
    const timer = setInterval(() => {
      const time = performance.now();
      at += (time - last) * speed;
      last = time;
      while (now < recording.length && (recording[now]?.at ?? 0) <= at) now++;
      setPlace(now);
      if (now >= recording.length) setPlaying(false);
    }, 16);
    return () => clearInterval(timer);
  }, [isPlaying, speed, recording]);
  return {
    place,
    isPlaying,
    speed,
    goTo(next) {
      setPlaying(false);
      setPlace(Math.min(recording.length, Math.max(0, next)));
    },
    play(next) {
      if (!Number.isFinite(next)) {
        setPlaying(false);
        setPlace(recording.length);
        return;
      }
      setSpeed(next);
      if (place >= recording.length) setPlace(0);
      setPlaying(true);
    },
    pause: () => setPlaying(false),
  };
}
