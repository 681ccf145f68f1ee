/** After each new connection: subscribe again, and compare what is known with what is so. */
import { type Call, readCall, readDevice } from "./calls.ts";
import type { Director } from "./director.ts";
import type { HostLink } from "./host-link.ts";
import type { Kept, Memory } from "./memory.ts";
import type { PageCall } from "./page-call.ts";
import type { PageConference } from "./page-conference.ts";
import { type ServiceEventsOptions, takeCall } from "./service-events.ts";
import { child, childrenOf, el } from "./xml.ts";

export interface Connected {
  readonly memory: Kept<Memory>;
  readonly link: HostLink;
  readonly call: PageCall;
  readonly conference: PageConference;
  readonly director: Director;
  readonly events: ServiceEventsOptions;
}

const TOPICS = ["calls", "devices", "prompts", "roster", "talking"];

/** Rejects when the connection is lost again; the next one starts anew. */
export async function synchronise(connected: Connected): Promise<void> {
  const { link, memory } = connected;
  const before = memory.value.own?.call;
  const optional = TOPICS.map((to) => link.request(el("Subscribe", { to })).catch(() => undefined));
  const [status, devices] = await Promise.all([
    link.request(el("Status")),
    link.request(el("Devices")),
    ...optional,
  ]);
  const list = child(devices, "Devices");
  if (list) memory.set({ devices: childrenOf(list, "Device").map(readDevice) });
  takeCalls(connected, childrenOf(child(status, "Status") ?? status, "Call").map(readCall), before);
}

// Status is the whole truth about calls: one of ours that is not there ended while nobody listened.
function takeCalls(connected: Connected, calls: readonly Call[], before: string | undefined): void {
  const { memory, call, conference, director, events } = connected;
  const alive = new Set(calls.map((one) => one.call));
  const vanishedCalls = Object.values(memory.value.calls).filter((one) => !alive.has(one.call));
  memory.set({
    calls: Object.fromEntries(Object.entries(memory.value.calls).filter(([name]) => alive.has(name))),
  });
  for (const one of vanishedCalls) events.onCall({ ...one, state: "ended" }, one);
  for (const one of calls) takeCall(one, events);
  const own = memory.value.own?.call;
  const vanished = own !== undefined && own === before && !alive.has(own);
  if (vanished) memory.set({ own: null });
  if (vanished || call.takeInterrupted()) conference.settle(memory.value.own?.uri);
  director.reconsider();
}
