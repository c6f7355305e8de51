import { ApprovalChoice } from "@daphnia/protocol/approval";

/** A choice as people say it: `allowed for the session`. */
export function choiceText(choice: ApprovalChoice): string {
  switch (choice) {
    case ApprovalChoice.ALLOW_ONCE:
      return "allowed once";
    case ApprovalChoice.ALLOW_SESSION:
      return "allowed for the session";
    case ApprovalChoice.ALLOW_ALWAYS:
      return "allowed always";
    case ApprovalChoice.DENY:
      return "denied";
    case ApprovalChoice.UNSPECIFIED:
      return "answered";
  }
}
