/** What the conference server counts for Prometheus. */

import { Counter, Gauge, Histogram } from "prom-client";
import type { SipMessage } from "#sip/message.ts";
import type { Metrics, OnTrace } from "../metrics.ts";
import type { Focus } from "./focus.ts";
import type { Happening } from "./happenings.ts";

export interface ConferenceFigures {
  readonly focus: Focus;
  mixers(): readonly { readonly uri: string; readonly up: boolean; readonly legs: number }[];
}

/** INVITEs without a final answer that are timed at once. */
const MOST_TIMED = 10_000;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts from now on, into `metrics`. */
export function countConferences(metrics: Metrics, figures: ConferenceFigures): void {
  const { focus } = figures;
  countHappenings(metrics, focus);
  addGauges(metrics, figures);
  metrics.watch(timeInvites(metrics));
  metrics.watch(countNotifies(metrics));
}

function counter<Label extends string>({ registry }: Metrics, name: string, help: string, label?: Label) {
  const labelNames: Label[] = label === undefined ? [] : [label];
  return new Counter<Label>({ name: `partyline_${name}`, help, labelNames, registers: [registry] });
}

function countHappenings(metrics: Metrics, { members }: Focus): void {
  const joins = counter(metrics, "joins_total", "Participants who came in", "method");
  const leaves = counter(metrics, "leaves_total", "Participants who left, or were taken out");
  const moves = counter(metrics, "moves_total", "Participants who went on in another conference or call");
  const count: { readonly [Name in Happening["name"]]?: (happening: Happening) => void } = {
    "participant-joined": (happening) => {
      if ("participant" in happening) joins.inc({ method: happening.participant.standing.method });
    },
    "participant-left": () => leaves.inc(),
    "participant-moved": () => moves.inc(),
  };
  members.happenings.follow((happening) => count[happening.name]?.(happening));
}

function addGauges({ registry }: Metrics, { focus, mixers }: ConferenceFigures): void {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name: `partyline_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge("conferences", "Conferences that are held", () => focus.conferences.size);
  gauge("participants", "Participants, also those who wait to be let in", () => focus.members.size);
  gauge("calling", "Phones that are being called in", () => focus.invitations.size);
  gauge("draining", "1 when no conference begins any more", () => Number(focus.draining));
  const ofMixer = (name: string, help: string, value: (mixer: ReturnType<typeof mixers>[number]) => number) =>
    new Gauge({
      name: `partyline_mixer_${name}`,
      help,
      labelNames: ["mixer"],
      registers: [registry],
      collect() {
        for (const mixer of mixers()) this.set({ mixer: mixer.uri }, value(mixer));
      },
    });
  ofMixer("up", "1 when the mixer answers", ({ up }) => Number(up));
  ofMixer("legs", "Legs at the mixer", ({ legs }) => legs);
}

/** From the INVITE that asks to join to its final answer, as seen on the wire. */
function timeInvites(metrics: Metrics): OnTrace {
  const refusals = counter(metrics, "refusals_total", "Joins that were refused", "status");
  const seconds = new Histogram({
    name: "partyline_join_seconds",
    help: "From the INVITE of whoever joins to the 200",
    buckets: SECONDS,
    registers: [metrics.registry],
  });
  const begun = new Map<string, number>();
  const answered = (key: string, status: number) => {
    const at = begun.get(key);
    if (status < 200 || at === undefined) return;
    begun.delete(key);
    if (status < 300) seconds.observe((performance.now() - at) / 1000);
    else refusals.inc({ status: String(status) });
  };
  return (direction, message) => {
    if (message.headers.cseq.method !== "INVITE") return;
    if (direction === "out" && "status" in message) answered(keyOf(message), message.status);
    else if (direction === "in" && isJoin(message)) begin(begun, keyOf(message));
  };
}

/** An INVITE outside a dialog. */
function isJoin(message: SipMessage): boolean {
  return "method" in message && message.method === "INVITE" && message.headers.to.params["tag"] === undefined;
}

function begin(begun: Map<string, number>, key: string): void {
  if (begun.has(key)) return;
  const [first] = begun.keys();
  if (begun.size >= MOST_TIMED && first !== undefined) begun.delete(first);
  begun.set(key, performance.now());
}

function keyOf({ headers }: SipMessage): string {
  return `${headers["call-id"]} ${headers.cseq.seq} ${headers.from.params["tag"]}`;
}

function countNotifies(metrics: Metrics): OnTrace {
  const notifies = counter(metrics, "notifies_total", "Rosters sent, each time");
  return (direction, message) => {
    if (direction === "out" && "method" in message && message.method === "NOTIFY") notifies.inc();
  };
}
