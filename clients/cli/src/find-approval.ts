import type { Daphnia } from "@daphnia/client";
import type { Approval } from "@daphnia/protocol/approval";
import { Complaint } from "./complaint.ts";
import { oneLine } from "./escape-text.ts";
import { exitCodes } from "./exit-codes.ts";

/** The approval that waits under this id, or under the one id that begins or ends so. */
export async function findApproval(id: string, client: Daphnia): Promise<Approval | undefined> {
  const { approvals } = await client.approvals.listApprovals({});
  const whole = approvals.find((approval) => approval.id === id);
  if (whole !== undefined || id === "") return whole;
  const near = approvals.filter((approval) => isShort(id, approval.id));
  if (near.length < 2) return near[0];
  throw new Complaint(
    exitCodes.usage,
    `"${oneLine(id)}" may be one of ${near.length} approvals`,
    `say which: ${near.map((approval) => approval.id).join(", ")}`,
  );
}

/** Of `session-1/approval-8f3a` the second half will do, or its start or end, with `approval-` or without. */
function isShort(short: string, id: string): boolean {
  const name = shortId(id);
  const bare = name.slice(name.indexOf("-") + 1);
  return [id, name, bare].some((one) => one.startsWith(short)) || id.endsWith(short);
}

/** The half of an approval's id that is not its session's. */
export function shortId(id: string): string {
  return id.slice(id.indexOf("/") + 1);
}
