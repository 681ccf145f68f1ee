/** How long a command may take when its client does not say. */
import type { Command } from "./command.ts";

const TIMEOUT_MS = 32_000;
/** How long a question to the user stands (ExternalJoin). */
const PROMPT_MS = 60_000;
/** A comma among digits. */
const SECOND_MS = 1000;

export function defaultTimeoutMs(command: Command): number {
  if (command.name === "Dtmf")
    return TIMEOUT_MS + command.digits.length * Math.max(SECOND_MS, 2 * (command.durationMs ?? 0));
  return mayAsk(command) ? PROMPT_MS + TIMEOUT_MS : TIMEOUT_MS;
}

/** The user may be asked for a device first. */
function mayAsk(command: Command): boolean {
  switch (command.name) {
    case "ExternalJoin":
      return true;
    case "Join":
    case "Answer":
    case "Invite":
      return command.device === undefined;
    case "SameDeviceJoin":
      return command.fallback === "external";
    default:
      return false;
  }
}
