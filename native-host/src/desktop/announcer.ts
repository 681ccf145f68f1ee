/** Calls that come in, on the desktop: a notification with Answer and Decline, and one for a call that was missed. */
import type { CallView } from "../api/call-control.ts";
import type { Announced, Announcer } from "../service/announcer.ts";
import type { Notify } from "./notification.ts";

export interface DesktopAnnouncerOptions {
  readonly notify: Notify;
  /** Whether a browser tells the user already. */
  elsewhere(): boolean;
  readonly onTrouble: (what: string, cause: unknown) => void;
}

const ACTIONS = [
  { key: "answer", label: "Answer" },
  { key: "decline", label: "Decline" },
];
/** How long the notification of a missed call stays, where it does not stay by itself. */
const MISSED_FOR_MS = 30_000;

export function desktopAnnouncer(options: DesktopAnnouncerOptions): Announcer {
  const { notify, elsewhere, onTrouble } = options;
  return {
    incoming: (call) => {
      const withdrawn = new AbortController();
      if (!elsewhere()) void ring(call, options, withdrawn.signal);
      return { withdraw: () => withdrawn.abort() };
    },
    missed: (view) => {
      if (elsewhere()) return;
      const missed = { title: "Missed call", text: `${callerOf(view)} called.` };
      notify(missed, AbortSignal.timeout(MISSED_FOR_MS)).catch((cause: unknown) =>
        onTrouble("a missed call could not be shown", cause),
      );
    },
  };
}

async function ring(
  { view, answer, decline }: Announced,
  { notify, onTrouble }: DesktopAnnouncerOptions,
  signal: AbortSignal,
): Promise<void> {
  const notification = { title: "Incoming call", text: `${callerOf(view)} calls.`, actions: ACTIONS };
  try {
    const key = await notify(notification, signal);
    if (key === "answer") await answer();
    else if (key === "decline") await decline();
  } catch (cause) {
    if (!signal.aborted) onTrouble("a call that comes in could not be shown or answered", cause);
  }
}

/** Name and address: a name alone is what the caller likes it to be. */
function callerOf({ display, id }: CallView): string {
  return display === undefined ? id : `${display} (${id})`;
}
