/** The worker: builds the parts, wires them and registers every listener at top level, since any of them may wake it. */
import browser from "webextension-polyfill";
import type { Body, Message } from "../messages.ts";
import { send } from "../send.ts";
import { checkedTag } from "./checked-tag.ts";
import { type CommandName, commands } from "./commands.ts";
import { Director } from "./director.ts";
import { HostLink } from "./host-link.ts";
import { LinkCalls } from "./link-calls.ts";
import { EMPTY, Kept } from "./memory.ts";
import { browserNotices } from "./notices.ts";
import { PageCall } from "./page-call.ts";
import { PageConference } from "./page-conference.ts";
import { problemOf } from "./problem.ts";
import { Questions } from "./questions.ts";
import { Reception } from "./reception.ts";
import { Screens } from "./screens.ts";
import { type ServiceEventsOptions, takeEvent } from "./service-events.ts";
import { deviceId, isDiagnosed, NO_SETTINGS } from "./settings.ts";
import { synchronise } from "./synchronise.ts";
import { Tabs } from "./tabs.ts";
import { fetchListed } from "./trust.ts";
import { UserCalls } from "./user-calls.ts";
import { viewOf } from "./view.ts";
import { chromiumDocument, WebPhone } from "./web-phone.ts";
import { SmallWindows } from "./windows.ts";

const HOST = "org.partyline.host";
const POPUP = "extension/popup/index.html";
const OPTIONS = "extension/options/index.html";
const ALARM = "stay-linked";
/** The extension's pages that are told what is so. */
const SCREENS: readonly string[] = ["view", "options", "picker", "incoming"];
/** A question for a device follows the user's yes to a link within this time, unless one is remembered. */
const FOLLOWS_MS = 1500;
/** A popup that only lost its worker is back by then. */
const REOPENED_MS = 700;

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
  onReady: () => afterwards(connected()),
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
  diagnosis: () => isDiagnosed(browser.storage.local),
  onMicrophone(why) {
    memory.set({ problem: problemOf(why) });
    if (why === "microphone-denied")
      afterwards(browser.tabs.create({ url: browser.runtime.getURL(`${OPTIONS}#microphone`) }));
  },
});
const events: ServiceEventsOptions = {
  memory,
  now,
  onPrompt: (prompt) => questions.asked(prompt),
  onPromptOver: (prompt) => questions.over(prompt),
  onCall(changed, before) {
    const { device, state, muted } = changed;
    if (device === settings.value.device && state !== "held" && state !== "ended") phone.mute(muted);
    reception.changed(changed, before);
  },
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
const windows = new SmallWindows({
  api: browser.windows,
  memory,
  onClosed: (kind) => (kind === "picker" ? questions.windowClosed() : reception.windowClosed()),
});
const questions: Questions = new Questions({
  memory,
  request,
  ask: askForDevice,
  settled: () => windows.close("picker"),
  now,
});
const calls = new UserCalls({ request, memory });
const links = new LinkCalls({
  memory,
  settings,
  calls,
  ask: askForDevice,
  tell: () => screens.ask(),
  settled: (soon) => setTimeout(closePicker, soon ? FOLLOWS_MS : 0),
});
const reception: Reception = new Reception({
  memory,
  settings,
  notices: browserNotices({
    onClick: (notice) => whenReady(() => noticeClicked(notice)),
    onAnswer: (notice) => whenReady(() => withCall(notice, (name) => calls.answer(name, answeringDevice()))),
    onDecline: (notice) => whenReady(() => withCall(notice, (name) => calls.decline(name))),
  }),
  windows,
  bell: (on) => phone.bell(on),
  now,
});
const parts = {
  memory,
  settings,
  director,
  conference,
  call,
  link,
  phone,
  calls,
  links,
  questions,
  reception,
};
const table = commands(parts);
const ready = Promise.all([memory.ready, settings.ready]);

/** The last call that came to this device and is not on hold says whether it is muted. */
function ownDeviceMuted(): boolean {
  const ours = Object.values(memory.value.calls).findLast(
    (one) => one.device === settings.value.device && one.state !== "held",
  );
  return ours?.muted ?? true;
}

/** This browser where it is a phone, else the service chooses or asks. */
function answeringDevice(): string | undefined {
  const { device } = settings.value;
  return memory.value.devices.some(({ id, state }) => id === device && state !== "offline")
    ? device
    : undefined;
}

async function connected(): Promise<void> {
  questions.reconnected();
  await synchronise({ memory, link, call, conference, director, events });
  questions.synchronised();
}

/** A question needs a screen: the popup that is open, or a window of its own. */
function askForDevice(): void {
  if (!screens.popupOpen) windows.open("picker");
}

function closePicker(): void {
  if (memory.value.prompts.length === 0 && !memory.value.link) windows.close("picker");
}

function withCall(notice: string, act: (call: string) => void): void {
  const name = reception.callOf(notice);
  if (name !== undefined) act(name);
}

function noticeClicked(notice: string): void {
  if (reception.callOf(notice) === undefined) screens.ask();
  else reception.showAgain();
}

function linkChanged(state: HostLink["state"]): void {
  const { problem } = memory.value;
  if (state === "ready") {
    if (!settings.value.linked) settings.set({ linked: true });
    memory.set({ problem: problem?.code === "host-missing" ? null : problem });
  }
  if (state === "missing") {
    settings.set({ linked: false });
    memory.set({ problem: problemOf("host-missing"), calls: {} });
    reception.refresh();
  }
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

/** The popup was closed over a question: that is no answer yet. */
function askAgain(): void {
  if (memory.value.prompts.length > 0 || memory.value.link) askForDevice();
}

type Sender = browser.Runtime.MessageSender & { documentLifecycle?: string };

function fromPage(message: Message, sender: Sender): void {
  const tab = sender.tab?.id;
  const origin = sender.url && URL.canParse(sender.url) ? new URL(sender.url).origin : "null";
  const inFront = sender.documentLifecycle === undefined || sender.documentLifecycle === "active";
  if (tab === undefined || sender.frameId !== 0 || !inFront) return;
  if (message.name === "link-clicked") {
    const { uri } = message.body as { uri?: unknown };
    whenReady(() => links.clicked(uri, origin));
    return;
  }
  const tag = message.name === "page-seen" ? checkedTag(message.body) : undefined;
  whenReady(() => tabs.saw(tab, tag ? { kind: "tagged", origin, tag } : { kind: "none" }));
}

async function run<Name extends CommandName>(name: Name, body: Body<Name>): Promise<unknown> {
  await ready;
  return table[name](body);
}

browser.runtime.onMessage.addListener((received: unknown, sender: Sender) => {
  const message = received as Message;
  if (["page-seen", "page-has-none", "link-clicked"].includes(message.name)) {
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
  if (!SCREENS.includes(port.name)) return;
  whenReady(() => {
    if (tab !== undefined) tabs.saw(tab, { kind: "own" });
    screens.add(port);
    if (port.name === "view") port.onDisconnect.addListener(() => setTimeout(askAgain, REOPENED_MS));
  });
});
browser.windows.onRemoved.addListener((id) => whenReady(() => windows.removed(id)));
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
  reception.refresh();
  if (settings.value.linked) link.start();
  await tabs.lookFront();
});
