/** The page's side: tells the worker of the conference tag and of clicks on sip: links; one AbortController ends all of it. */
import type { Message, Tag } from "../messages.ts";
import { readTag } from "./conference-tag.ts";
import { watchPage, whenHeadIsRead } from "./navigation.ts";
import { type OurLinks, watchSipLinks } from "./sip-links.ts";

const alive = new AbortController();
let told: string | undefined;

/** Whether this page may speak: the top document, rendered and in sight (docs/page-tag.md). */
function inSight(): boolean {
  return document.visibilityState === "visible" && !("prerendering" in document && document.prerendering);
}

function currentTag(): Tag | undefined {
  return readTag(document.head?.querySelectorAll("link, meta") ?? []);
}

function report(again = false): void {
  if (!inSight() || !document.body) return;
  const tag = currentTag();
  const text = JSON.stringify(tag ?? null);
  if (text === told && !again) return;
  told = text;
  tell(tag ? { name: "page-seen", body: tag } : { name: "page-has-none", body: {} });
}

function tell(message: Message): void {
  // After an update of the extension this script is an orphan: its runtime is gone, and so must it be.
  if (!chrome.runtime?.id) {
    alive.abort();
    return;
  }
  chrome.runtime.sendMessage(message).catch(() => undefined);
}

/** Until the settings are read, which takes a moment, links are the browser's. */
let ours: OurLinks = { sipLinks: false, telLinks: false };

async function readSwitches(): Promise<void> {
  const { sipLinks = true, telLinks = false } = await chrome.storage.local.get(["sipLinks", "telLinks"]);
  ours = { sipLinks: sipLinks === true, telLinks: telLinks === true };
}

function switchesChanged(changes: object): void {
  if ("sipLinks" in changes || "telLinks" in changes) readSwitches().catch(() => undefined);
}

function start(): void {
  report();
  watchPage(document, () => report(), alive.signal);
}

if (window.top === window) {
  chrome.runtime.onMessage.addListener((message: Partial<Message>, _sender, reply) => {
    if (message.name !== "report-page") return;
    report(true);
    reply(true);
  });
  readSwitches().catch(() => undefined);
  chrome.storage.local.onChanged.addListener(switchesChanged);
  watchSipLinks(
    document,
    () => ours,
    (uri) => tell({ name: "link-clicked", body: { uri } }),
    alive.signal,
  );
  // A page brought back by the history says so again: the worker may have forgotten it meanwhile.
  window.addEventListener("pageshow", (event) => event.persisted && report(true), { signal: alive.signal });
  document.addEventListener("visibilitychange", () => report(true), { signal: alive.signal });
  whenHeadIsRead(document, start, alive.signal);
}
