/** The small windows of the extension in a viewer's browser: the picker and the card of a call that comes in. */
import type { KeyInput, Page } from "puppeteer";
import { CHROMIUM_EXTENSION_ID } from "../../native-host/src/extension-id.ts";
import type { ApiClient } from "./daemon.ts";
import { until } from "./until.ts";
import type { Viewer } from "./viewer.ts";

export type SmallWindow = "picker" | "incoming";

const OPEN_MS = 10_000;

const isWindow = (kind: SmallWindow) => (target: { url(): string }) =>
  target.url().endsWith(`/extension/${kind}/index.html`);

/** Waits until the window is there. */
export async function smallWindow({ browser }: Viewer, kind: SmallWindow): Promise<Page> {
  return (await browser.waitForTarget(isWindow(kind), { timeout: OPEN_MS })).asPage();
}

/** The popup that the extension opened by itself. */
export async function openedPopup({ browser }: Viewer): Promise<Page> {
  const isPopup = (target: { url(): string }) => target.url().endsWith("/extension/popup/index.html");
  return (await browser.waitForTarget(isPopup, { timeout: OPEN_MS })).asPage();
}

/** Resolves when no such window is open. */
export async function closed({ browser }: Viewer, kind: SmallWindow): Promise<void> {
  await until(() => !browser.targets().some(isWindow(kind)), `the ${kind} window to close`);
}

/** Waits until the screen says it, and fails with what it says instead. */
export async function shows(page: Page, wanted: RegExp): Promise<void> {
  let words = "";
  const says = async () => {
    words = String(await page.evaluate("document.body.innerText").catch(betweenDocuments));
    return wanted.test(words);
  };
  await until(says, `${wanted} on the screen`).catch((cause: unknown) => {
    throw new Error(`the screen says ${JSON.stringify(words)}`, { cause });
  });
}

/** A window that has just opened changes from an empty document to its own, and has no words in between. */
function betweenDocuments(cause: unknown): string {
  if (cause instanceof Error && cause.message.includes("context was destroyed")) return "";
  throw cause;
}

/** Connects a new browser with the service, as its settings do; resolves when it is one of the devices. */
export async function connectService(viewer: Viewer, api: ApiClient): Promise<void> {
  const settings = await viewer.browser.newPage();
  await settings.goto(`chrome-extension://${CHROMIUM_EXTENSION_ID}/extension/options/index.html`);
  await settings.click("#service-try");
  const isThere = async () => {
    const devices = (await api.tell("Devices")).children[0]?.children ?? [];
    return devices.some(({ attributes }) => attributes["kind"] === "web");
  };
  await until(isThere, "the browser to be a device");
  await settings.close();
}

/** Presses a key once the window has had the keys for half a second: before that they may be meant for another one. */
export async function pressWhenMeant(page: Page, key: KeyInput): Promise<void> {
  const settled = `new Promise((done) => {
    let timer = setTimeout(done, 600);
    addEventListener("focus", () => {
      clearTimeout(timer);
      timer = setTimeout(done, 600);
    });
  })`;
  await page.evaluate(settled);
  // A key that closes the window never comes up again in it.
  const closing = new Promise<void>((gone) => page.once("close", () => gone()));
  await Promise.race([page.keyboard.press(key), closing]).catch(() => undefined);
}
