/** The browser's notifications: a call that comes in with Answer and Decline, and one that was missed. */
import type { Notice, Notices } from "./reception.ts";

export interface NoticeHandlers {
  onClick(id: string): void;
  onAnswer(id: string): void;
  onDecline(id: string): void;
}

const ICON = "extension/icons/128.png";
const BUTTONS = [{ title: "Answer" }, { title: "Decline" }];

/** Registers its listeners at once: a click may wake the worker. */
export function browserNotices({ onClick, onAnswer, onDecline }: NoticeHandlers): Notices {
  const { notifications } = chrome;
  notifications.onClicked.addListener((id) => onClick(id));
  // Firefox has no buttons: there the notification leads to the window that has them.
  notifications.onButtonClicked?.addListener((id, button) => (button === 0 ? onAnswer(id) : onDecline(id)));
  return {
    show: (id, notice) => void showNotice(id, notice).catch(() => undefined),
    clear: (id) => void notifications.clear(id).catch(() => undefined),
  };
}

async function showNotice(id: string, { title, text, asks }: Notice): Promise<void> {
  const plain = { type: "basic", iconUrl: chrome.runtime.getURL(ICON), title, message: text } as const;
  if (!asks) {
    await chrome.notifications.create(id, plain);
    return;
  }
  const asking = { ...plain, buttons: BUTTONS, requireInteraction: true, priority: 2 };
  await chrome.notifications.create(id, asking).catch(() => chrome.notifications.create(id, plain));
}
