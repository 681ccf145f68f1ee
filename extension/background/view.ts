/** What the popup, the badge and the options page show: one value computed from all that is known. */
import { essence } from "../conference-uri.ts";
import type { CallView, Question, ServiceState, View } from "../messages.ts";
import type { Prompt } from "./calls.ts";
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
  const call = callView(memory);
  const people = (call && rosterOf(memory)?.people) ?? [];
  return {
    service,
    page: situation?.page,
    question: questionOf(situation),
    left: situation?.left ?? false,
    never: situation?.verdict.name === "never",
    call,
    people,
    count: people.length,
    devices: memory.devices,
    prompt: promptView(memory, situation, now),
    problem: memory.problem ?? undefined,
    identity: settings.identity,
    sites: Object.entries(settings.sites).map(([origin, site]) => ({ origin, ...site })),
  };
}

function questionOf(situation: Situation | undefined): Question | undefined {
  return situation?.verdict.name === "ask" ? situation.verdict.question : undefined;
}

function callView({ own, calls }: Memory): CallView | undefined {
  if (!own) return undefined;
  const known = calls[own.call];
  return {
    call: own.call,
    uri: own.uri,
    state: known?.state ?? "dialing",
    device: known?.device,
    muted: known?.muted ?? true,
  };
}

/** The roster of the conference our call is in: under the name the service gave it, or the one we asked for. */
function rosterOf({ own, calls, rosters }: Memory): Roster | undefined {
  if (!own) return undefined;
  const names = [calls[own.call]?.uri, own.conf, own.uri];
  return names.flatMap((name) => (name === undefined ? [] : (rosters[essence(name)] ?? [])))[0];
}

function promptView(memory: Memory, situation: Situation | undefined, now: number): View["prompt"] {
  const { prompt } = memory;
  if (!prompt || !isOpen(prompt, now)) return undefined;
  const { uri, origin } = prompt;
  // Devices that came after the question are there to be chosen, too.
  const devices = prompt.devices.length > 0 ? prompt.devices : memory.devices;
  const title = situation?.page.uri === uri ? situation.page.title : uri;
  return { prompt: prompt.prompt, uri, origin, title, devices };
}

function isOpen(prompt: Prompt, now: number): boolean {
  return now < prompt.expiresAt;
}
