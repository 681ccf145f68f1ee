/** The worker: builds the parts, wires them and registers every listener at top level, since any of them may wake it. */
import browser from "webextension-polyfill";
import { readConferenceUri } from "../conference-uri.ts";
import { label } from "../label.ts";
import type { Body, Message, Tag } from "../messages.ts";
import { send } from "../send.ts";
import { type CommandName, commands } from "./commands.ts";
import { Director } from "./director.ts";
import { HostLink } from "./host-link.ts";
import { EMPTY, Kept } from "./memory.ts";
import { PageCall } from "./page-call.ts";
import { PageConference } from "./page-conference.ts";
import { problemOf } from "./problem.ts";
import { Screens } from "./screens.ts";
import { type ServiceEventsOptions, takeEvent } from "./service-events.ts";
import { deviceId, NO_SETTINGS } from "./settings.ts";
import { synchronise } from "./synchronise.ts";
import { Tabs } from "./tabs.ts";
import { fetchListed } from "./trust.ts";
import { viewOf } from "./view.ts";
import { chromiumDocument, WebPhone } from "./web-phone.ts";

const HOST = "org.partyline.host";
const POPUP = "extension/popup/index.html";
const OPTIONS = "extension/options/index.html";
const ALARM = "stay-linked";

const now = () => Date.now();
const memory = new Kept(browser.storage.session, EMPTY, () => screens.refresh());
const settings = new Kept(browser.storage.local, NO_SETTINGS, () => screens.refresh());
const tabs = new Tabs(browser.tabs, memory, () => director.reconsider());
const link = new HostLink({
  connect: () => browser.runtime.connectNative(HOST),
  lastError: () => browser.runtime.lastError?.message,
  client: `Partyline extension ${browser.runtime.getManifest().version}`,
  onEvent: (event) => takeEvent(event, events),
  greet: (port) => phone.register(port),
  onReady: () => afterwards(synchronise({ memory, link, call, conference, director, events })),
  onState: linkChanged,
});
const request: HostLink["request"] = (command, options) => link.request(command, options);
const call = new PageCall({
  request,
  memory: () => memory.value,
  remember: (patch) => memory.set(patch),
});
const conference = new PageConference({ apply: (wanted) => call.apply(wanted), now });
const director = new Director({
  memory,
  settings,
  tabs,
  conference,
  fetchListed: (origin) => fetchListed(origin, fetch, now()),
  ask: () => screens.ask(),
  now,
});
const phone = new WebPhone({
  request,
  send,
  document: chromiumDocument(),
  device: () => deviceId(settings),
  muted: () => ownDeviceMuted(),
  diagnosis: () => settings.value.diagnosis,
  onMicrophone(why) {
    memory.set({ problem: problemOf(why) });
    if (why === "microphone-denied")
      afterwards(browser.tabs.create({ url: browser.runtime.getURL(`${OPTIONS}#microphone`) }));
  },
});
const events: ServiceEventsOptions = {
  memory,
  now,
  onPrompt: () => screens.ask(),
  onCall: (changed) => changed.device === settings.value.device && phone.mute(changed.muted),
  onRing: (session) => phone.ring(session),
  onHangup: (session) => phone.hangup(session),
};
const screens = new Screens({
  view: () =>
    viewOf({
      memory: memory.value,
      settings: settings.value,
      situation: director.situation(),
      service: link.state,
      now: now(),
    }),
  openPopup: () => browser.action.openPopup(),
  openWindow: () =>
    browser.windows.create({ type: "popup", url: `${POPUP}?window`, width: 400, height: 600 }),
  paint({ text, color, title }) {
    afterwards(browser.action.setBadgeText({ text }));
    afterwards(browser.action.setBadgeBackgroundColor({ color }));
    afterwards(browser.action.setTitle({ title }));
  },
});
const table = commands({ memory, settings, director, conference, call, link, phone });
const ready = Promise.all([memory.ready, settings.ready]);

function ownDeviceMuted(): boolean {
  const ours = Object.values(memory.value.calls).find((one) => one.device === settings.value.device);
  return ours?.muted ?? true;
}

function linkChanged(state: HostLink["state"]): void {
  const { problem } = memory.value;
  if (state === "ready")
    memory.set({ linked: true, problem: problem?.code === "host-missing" ? null : problem });
  if (state === "missing") memory.set({ linked: false, problem: problemOf("host-missing") });
  screens.refresh();
}

/** For what nobody waits for: a tab, a window or a badge that is gone already is no trouble. */
function afterwards(doing: Promise<unknown>): void {
  doing.catch(() => undefined);
}

/** Runs when everything kept has been read; before that nothing is decided. */
function whenReady(step: () => unknown): void {
  afterwards(ready.then(step));
}

type Sender = browser.Runtime.MessageSender & { documentLifecycle?: string };

function fromPage(message: Message, sender: Sender): void {
  const tab = sender.tab?.id;
  const origin = sender.url && URL.canParse(sender.url) ? new URL(sender.url).origin : "null";
  const inFront = sender.documentLifecycle === undefined || sender.documentLifecycle === "active";
  if (tab === undefined || sender.frameId !== 0 || !inFront) return;
  const tag = message.name === "page-seen" ? readTag(message.body) : undefined;
  whenReady(() => tabs.saw(tab, tag ? { kind: "tagged", origin, tag } : { kind: "none" }));
}

/** The page's script is ours, but runs beside the page's: its word is checked again. */
function readTag(body: unknown): Tag | undefined {
  const { uri, title, features } = body as Partial<Record<keyof Tag, unknown>>;
  const address = readConferenceUri(uri);
  if (!address) return undefined;
  const words = Array.isArray(features)
    ? features.filter((word) => typeof word === "string").slice(0, 8)
    : [];
  const text = label(title, 128);
  return { uri: address.uri, ...(text && { title: text }), features: words };
}

async function run<Name extends CommandName>(name: Name, body: Body<Name>): Promise<unknown> {
  await ready;
  return table[name](body);
}

browser.runtime.onMessage.addListener((received: unknown, sender: Sender) => {
  const message = received as Message;
  if (message.name === "page-seen" || message.name === "page-has-none") {
    fromPage(message, sender);
    return undefined;
  }
  // Only pages of the extension command; a message for the offscreen document is not ours to answer.
  if (!sender.url?.startsWith(browser.runtime.getURL("")) || !Object.hasOwn(table, message.name))
    return undefined;
  return run(message.name as CommandName, message.body as Body<CommandName>);
});
browser.runtime.onConnect.addListener((port) => {
  const tab = port.sender?.tab?.id;
  if (port.name !== "view" && port.name !== "options") return;
  whenReady(() => {
    if (tab !== undefined) tabs.saw(tab, { kind: "own" });
    screens.add(port);
  });
});
browser.tabs.onActivated.addListener(() => whenReady(() => tabs.lookFront()));
browser.tabs.onRemoved.addListener((tab) => whenReady(() => tabs.closed(tab)));
browser.tabs.onUpdated.addListener((tab, change) => {
  if (change.status === "complete") whenReady(() => tab === memory.value.front && tabs.ask(tab));
});
browser.windows.onFocusChanged.addListener(() => whenReady(() => tabs.lookFront()));
// Both wake the worker again after it died in mid-call; the alarm also when no document is open.
browser.alarms.onAlarm.addListener(() => undefined);
browser.runtime.onStartup.addListener(() => undefined);

afterwards(browser.alarms.create(ALARM, { periodInMinutes: 0.5 }) as unknown as Promise<void>);
whenReady(async () => {
  conference.settle(memory.value.own?.uri);
  if (memory.value.linked) link.start();
  await tabs.lookFront();
});
