import type { GetStepRequestRequest } from "@daphnia/protocol/session_service";
import { notFound } from "../base/errors.ts";
import { rebuildRequest } from "../core/agent/request-manifest.ts";
import { readEvents } from "../core/session/session-events.ts";
import { required } from "./read-fields.ts";
import type { SessionServiceDeps } from "./session-deps.ts";

/** The exact request of a step; of its last attempt, where attempts differed. */
export async function getStepRequest(
  { sessionId, turnId, step }: GetStepRequestRequest,
  { sessions, log, blobs }: SessionServiceDeps,
) {
  await sessions.head(required("session_id", sessionId));
  let digest = "";
  for await (const event of readEvents(log.store, sessionId)) {
    if (event.turnId !== turnId || event.step !== step) continue;
    if (event.body.case === "stepStarted") digest = event.body.value.request?.digest ?? digest;
  }
  if (digest === "") throw notFound("step", `${turnId}/${step}`);
  const { request, mediaType } = await rebuildRequest(digest, async (name) => {
    const blob = await blobs.read(name, 0, Number.MAX_SAFE_INTEGER);
    if (blob === undefined) throw notFound("blob", name);
    return blob.bytes;
  });
  return { body: request.body, mediaType };
}
