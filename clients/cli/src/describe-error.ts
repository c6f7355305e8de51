import { Code, ConnectError } from "@connectrpc/connect";
import { fieldsOf, infoOf } from "@daphnia/client/reasons";
import { RetryInfoSchema } from "@daphnia/protocol/google/rpc/error_details";
import { Complaint } from "./complaint.ts";
import { plain } from "./escape-text.ts";
import { exitCodes } from "./exit-codes.ts";
import { protoDurationText } from "./figures.ts";
import { programName } from "./typed-command.ts";

/** An error as a person, a script and a shell get to know it. */
export interface Description {
  /** What happened, and why. */
  readonly message: string;
  /** What to do; empty when nobody knows. */
  readonly remedy: string;
  /** An `ErrorReason`, or the code's name. */
  readonly reason: string;
  readonly exitCode: number;
}

export function describeError(error: unknown): Description {
  if (error instanceof Complaint) {
    const { message, remedy, exitCode } = error;
    return { message: plain(message), remedy, reason: "", exitCode };
  }
  if (error instanceof ConnectError) return describeAnswer(error);
  const message = error instanceof Error ? error.message : String(error);
  return { message: plain(message), remedy: "", reason: "", exitCode: exitCodes.failed };
}

function describeAnswer(error: ConnectError): Description {
  const info = infoOf(error);
  const reason = info?.reason ?? "";
  const base = {
    message: plain(error.rawMessage),
    reason: reason || Code[error.code],
    remedy: "",
    exitCode: exitCodes.failed,
  };
  switch (reason) {
    case "":
      return withoutReason(error, base);
    case "INVALID_FIELD":
      return { ...base, message: plain(wrongFields(error)), exitCode: exitCodes.usage };
    case "CURSOR_MALFORMED":
      return { ...base, exitCode: exitCodes.usage };
    case "NOT_FOUND":
      return { ...base, remedy: nearIds(base.message, info?.metadata["near"] ?? "") };
    case "PROVIDER_KEY_MISSING": {
      const variables = (info?.metadata["variable"] ?? "").split(",").filter(Boolean);
      const [message = base.message] = base.message.split(":"); // what to do is said below
      return { ...base, message, remedy: howToGiveKey(variables) };
    }
    case "LIMIT_REACHED":
    case "STORE_FULL":
    case "SHUTTING_DOWN":
      return { ...base, remedy: whenToRetry(error) };
    case "CURSOR_OTHER_LOG":
    case "CURSOR_AHEAD":
      return { ...base, remedy: "the cursor is of another home; leave --since out, or begin anew" };
    case "UNAUTHENTICATED":
      return {
        ...base,
        remedy: "set DAPHNIA_TOKEN; on the daemon's machine it lies in run/token of its home",
        exitCode: exitCodes.denied,
      };
    case "SCOPE_MISSING":
      return { ...base, exitCode: exitCodes.denied };
    default:
      return base;
  }
}

function withoutReason(error: ConnectError, base: Description): Description {
  switch (error.code) {
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      return { ...base, exitCode: exitCodes.denied };
    case Code.Unavailable:
    case Code.Aborted:
      return {
        ...base,
        message: `the connection to the daemon broke: ${base.message}`,
        remedy: "it may have been restarted; try again",
        exitCode: exitCodes.noDaemon,
      };
    default:
      return { ...base, message: `${base.reason.toLowerCase()}: ${base.message}` };
  }
}

function wrongFields(error: ConnectError): string {
  const fields = fieldsOf(error).map(({ field, description }) => `${field}: ${description}`);
  return fields.length === 0 ? error.rawMessage : fields.join("; ");
}

function howToGiveKey(variables: readonly string[]): string {
  const here = variables.find((name) => process.env[name]);
  if (here !== undefined) {
    return `${here} is set here, but the daemon was started without it: \`${programName()} daemon restart\``;
  }
  const which = `${variables.length > 1 ? "one of " : ""}${variables.join(", ")}`;
  return `set ${which} and restart the daemon; without a key, see \`${programName()} demo\``;
}

function nearIds(message: string, near: string): string {
  if (near === "" || message.includes("did you mean")) return "";
  return `there is ${plain(near).split(",").join(", ")}`;
}

function whenToRetry(error: ConnectError): string {
  const [retry] = error.findDetails(RetryInfoSchema);
  return retry?.retryDelay === undefined
    ? ""
    : `try again in ${protoDurationText(retry.retryDelay)}`;
}
