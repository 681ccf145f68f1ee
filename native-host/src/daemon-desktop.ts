/** The user's desktop as a screen of the service: questions and notifications where no browser shows them. */

import type { Logger } from "pino";
import { desktopAnnouncer } from "./desktop/announcer.ts";
import { answerPrompts } from "./desktop/device-prompt.ts";
import { dialogOf } from "./desktop/dialog/choose-dialog.ts";
import { notifyOf } from "./desktop/notification.ts";
import { thisDesktop } from "./desktop/this-desktop.ts";
import type { DeviceRegistry } from "./devices/registry.ts";
import type { Announcer } from "./service/announcer.ts";
import type { SipService } from "./service/sip-service.ts";

/** How long a notification without buttons may stay. */
const SHOWN_FOR_MS = 30_000;

/** Asks on the desktop from now on when nobody else does; nothing where windows cannot be shown. */
export function openDesktop(service: SipService, log: Logger): void {
  const dialog = dialogOf(thisDesktop());
  if (!dialog) return;
  answerPrompts({
    service,
    dialog,
    // We are one of them.
    elsewhere: () => service.promptScreens > 1,
    onTrouble: (what, err) => log.warn({ err }, what),
  });
}

/** Tells of calls that come in where no browser does; undefined where nothing can be shown. */
export function announcerOf(devices: DeviceRegistry, log: Logger): Announcer | undefined {
  const notify = notifyOf(thisDesktop());
  return (
    notify &&
    desktopAnnouncer({
      notify,
      elsewhere: () => devices.list().some(({ kind }) => kind === "web"),
      onTrouble: (what, err) => log.warn({ err }, what),
    })
  );
}

/** Shows a text to the user: on the desktop, else in the log. */
export function notifier(log: Logger): (text: string) => void {
  const notify = notifyOf(thisDesktop());
  return (text) => {
    log.info({ text }, "notification");
    notify?.({ title: "Partyline", text }, AbortSignal.timeout(SHOWN_FOR_MS)).catch(() => undefined);
  };
}
