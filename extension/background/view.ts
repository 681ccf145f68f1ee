/** What the screens, the badge and the options page show: one value computed from all that is known. */
import { spoken } from "../call-uri.ts";
import { essence } from "../conference-uri.ts";
import type {
  CallView,
  IncomingView,
  LinkView,
  PromptView,
  Question,
  ServiceState,
  View,
} from "../messages.ts";
import { type Call, comesIn, type Prompt } from "./calls.ts";
import type { Situation } from "./director.ts";
import type { Memory } from "./memory.ts";
import type { Roster } from "./roster.ts";
import type { Settings } from "./settings.ts";

export interface Known {
  readonly memory: Memory;
  readonly settings: Settings;
  readonly situation: Situation | undefined;
  readonly service: ServiceState;
  readonly now: number;
}

export function viewOf({ memory, settings, situation, service, now }: Known): View {
  const call = ownCall(memory);
  const people = (call && rosterOf(memory)?.people) ?? [];
  const known = Object.values(memory.calls);
  const { ringing, sipLinks, telLinks, missed, identity, device } = settings;
  return {
    service,
    page: situation?.page,
    question: questionOf(situation),
    left: situation?.left ?? false,
    never: situation?.verdict.name === "never",
    call,
    movedTo: movedTo(memory),
    calls: known
      .filter((one) => !comesIn(one) && one.call !== call?.call)
      .map((one) => callView(one, memory)),
    incoming: known.filter(comesIn).map((one) => incomingView(one, memory)),
    missed,
    link: linkView(memory),
    self: device,
    switches: { ringing, sipLinks, telLinks },
    people,
    count: people.length,
    devices: memory.devices,
    prompt: promptView(memory, situation, now),
    problem: memory.problem ?? undefined,
    identity,
    sites: Object.entries(settings.sites).map(([origin, site]) => ({ origin, ...site })),
  };
}

function questionOf(situation: Situation | undefined): Question | undefined {
  return situation?.verdict.name === "ask" ? situation.verdict.question : undefined;
}

function ownCall(memory: Memory): CallView | undefined {
  const { own, calls } = memory;
  if (!own) return undefined;
  const known = calls[own.call];
  const { call, uri } = own;
  return known ? { ...callView(known, memory), uri } : { ...UNKNOWN_CALL, call, uri, who: spoken(uri) };
}

/** Of a call the service has said nothing of yet. */
const UNKNOWN_CALL: Omit<CallView, "call" | "uri" | "who"> = {
  state: "dialing",
  device: undefined,
  muted: true,
  mutedByModerator: false,
  focus: false,
  hand: false,
  rejoining: false,
  waiting: false,
};

function callView(known: Call, { rosters }: Memory): CallView {
  const { call, uri, who, state, device, muted, mutedByModerator, focus, rejoining, waiting } = known;
  const hand = rosters[essence(uri)]?.people.find(({ me }) => me)?.hand ?? false;
  return { call, uri, who, state, device, muted, mutedByModerator, focus, hand, rejoining, waiting };
}

/** A call that is neither where the page wanted it nor under way there was moved by the conference server. */
function movedTo({ own, calls }: Memory): string | undefined {
  const known = own && calls[own.call];
  if (!known || known.state === "switching" || !own.conf) return undefined;
  const names = [own.uri, own.conf].map(essence);
  return names.includes(essence(known.uri)) ? undefined : known.who;
}

function incomingView({ call, uri, who, state }: Call, { silenced }: Memory): IncomingView {
  const answering = state === "calling-device";
  return { call, who, address: spoken(uri), answering, silenced: silenced.includes(call) };
}

function linkView({ link }: Memory): LinkView | undefined {
  if (!link) return undefined;
  const { uri, host, origin } = link;
  return { uri, address: spoken(uri), host, site: siteOf(origin) };
}

function siteOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : "a page without an address";
}

/** The roster of the conference our call is in: under the name the service gave it, or the one we asked for. */
function rosterOf({ own, calls, rosters }: Memory): Roster | undefined {
  if (!own) return undefined;
  const names = [calls[own.call]?.uri, own.conf, own.uri];
  return names.flatMap((name) => (name === undefined ? [] : (rosters[essence(name)] ?? [])))[0];
}

function promptView(memory: Memory, situation: Situation | undefined, now: number): PromptView | undefined {
  const prompt = memory.prompts.find(({ expiresAt }) => now < expiresAt);
  if (!prompt) return undefined;
  const { uri, origin } = prompt;
  // Devices that came after the question are there to be chosen, too.
  const devices = prompt.devices.length > 0 ? prompt.devices : memory.devices;
  const suggested = devices.toSorted((one, other) => Number(other.chosen) - Number(one.chosen));
  return { prompt: prompt.prompt, uri, origin, ...subjectOf(prompt, memory, situation), devices: suggested };
}

function subjectOf(
  { uri, call }: Prompt,
  { own, calls }: Memory,
  situation: Situation | undefined,
): Pick<PromptView, "about" | "title"> {
  const page = situation && essence(situation.page.uri) === essence(uri) ? situation.page : undefined;
  const known = call === undefined ? undefined : calls[call];
  if (/^tel:/i.test(uri)) return { about: "number", title: spoken(uri) };
  if (page || (own && essence(own.uri) === essence(uri)))
    return { about: "join", title: page?.title ?? spoken(uri) };
  return { about: known?.dir === "in" ? "answer" : "call", title: known?.who ?? spoken(uri) };
}
