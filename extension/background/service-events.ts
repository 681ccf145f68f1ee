/** Takes in what the service reports: calls, devices, rosters, who talks, questions, and this browser's phone ringing. */
import { essence } from "../conference-uri.ts";
import { type Call, mergeDevice, type Prompt, readCall, readDevice, readPrompt } from "./calls.ts";
import { HostError } from "./host-error.ts";
import type { Kept, Memory } from "./memory.ts";
import { problemFrom } from "./problem.ts";
import { markTalking, mergeRoster } from "./roster.ts";
import type { XmlElement } from "./xml.ts";

export interface ServiceEventsOptions {
  readonly memory: Kept<Memory>;
  now(): number;
  /** A question which device to use arrived. */
  onPrompt(prompt: Prompt): void;
  /** The question of that name needs no answer any more. */
  onPromptOver(prompt: string): void;
  /** A call changed, and memory knows; `before` is what it was. */
  onCall(call: Call, before: Call | undefined): void;
  onRing(session: string): void;
  onHangup(session: string): void;
}

/** Takes one payload of an Event. */
type Taker = (payload: XmlElement, options: ServiceEventsOptions) => void;

/** How many conferences' rosters are kept. */
const MAX_ROSTERS = 8;

const TAKERS: Readonly<Record<string, Taker>> = {
  Call: (payload, options) => takeCall(readCall(payload), options),
  Device: (payload, { memory }) =>
    memory.set({ devices: mergeDevice(memory.value.devices, readDevice(payload)) }),
  Roster: takeRoster,
  Talking: takeTalking,
  Prompt(payload, { memory, now, onPrompt }) {
    onPrompt(readPrompt(payload, now(), Object.values(memory.value.calls)));
  },
  PromptOver: (payload, { onPromptOver }) => onPromptOver(payload.attributes["prompt"] ?? ""),
  WebRing: (payload, { onRing }) => onRing(payload.attributes["session"] ?? ""),
  WebHangup: (payload, { onHangup }) => onHangup(payload.attributes["session"] ?? ""),
};

/** An event nobody here knows is one of a later version. */
export function takeEvent(event: XmlElement, options: ServiceEventsOptions): void {
  for (const payload of event.children) TAKERS[payload.name]?.(payload, options);
}

/** Takes a call's state, from an event or from Status. */
export function takeCall(call: Call, options: ServiceEventsOptions): void {
  const { memory } = options;
  const over = call.state === "ended";
  const before = memory.value.calls[call.call];
  const others = Object.entries(memory.value.calls).filter(([name]) => name !== call.call);
  memory.set({ calls: Object.fromEntries(over ? others : [...others, [call.call, call]]) });
  const gone = over || call.state === "transferred";
  if (gone && memory.value.own?.call === call.call) ownCallOver(call, memory);
  options.onCall(call, before);
}

function ownCallOver(call: Call, memory: Kept<Memory>): void {
  const problem = call.error ? problemFrom(new HostError(call.error)) : undefined;
  memory.set({ own: null, ...(problem && { problem }) });
}

function takeRoster(payload: XmlElement, { memory }: ServiceEventsOptions): void {
  const key = essence(payload.attributes["conf"] ?? "");
  const { [key]: before, ...others } = memory.value.rosters;
  const roster = mergeRoster(before, payload);
  if (!roster) return;
  const newest = Object.entries(others).slice(1 - MAX_ROSTERS);
  memory.set({ rosters: Object.fromEntries([...newest, [key, roster]]) });
}

function takeTalking({ attributes }: XmlElement, { memory }: ServiceEventsOptions): void {
  const key = essence(attributes["conf"] ?? "");
  const roster = memory.value.rosters[key];
  if (!roster) return;
  const marked = markTalking(roster, attributes["entity"] ?? "", attributes["on"] === "true");
  memory.set({ rosters: { ...memory.value.rosters, [key]: marked } });
}
