/** What happens in the service, as the configuration names it: from events of calls and conferences to occasions. */

import type { CallView, PresenceView, ServiceEvent } from "../api/call-control.ts";
import type { Occasion } from "../tunnel/plugin.ts";

export const WHEN = ["call-in", "missed", "call-ended", "joined", "left", "page-conference"] as const;
export type When = (typeof WHEN)[number];

/** Ends of a call nobody took. */
const MISSED: readonly string[] = ["no-answer", "cancelled"];

export class Occasions {
  readonly #tell: (occasion: Occasion & { readonly when: When }) => void;
  readonly #calls = new Map<string, CallView>();
  /** The conference whose members are told: those who are in it when we come do not come. */
  #conference: string | undefined;
  #settled = false;
  #page: string | undefined;

  constructor(tell: (occasion: Occasion & { readonly when: When }) => void) {
    this.#tell = tell;
  }

  happened(event: ServiceEvent): void {
    if (event.name === "Call") this.#called(event.call);
    else if (event.name === "Presence") this.#seen(event.presence);
  }

  #called(call: CallView): void {
    const before = this.#calls.get(call.call);
    if (call.state === "ended") this.#calls.delete(call.call);
    else this.#calls.set(call.call, call);
    const about = { who: call.display ?? call.id, where: call.id };
    if (call.state === "incoming" && before === undefined) this.#tell({ when: "call-in", ...about });
    if (call.state === "ended") this.#ended(call, about);
    if (call.state === "active" && call.focus) this.#movedTo(call);
  }

  #ended(call: CallView, about: { readonly who: string; readonly where: string }): void {
    const missed = call.dir === "in" && call.error !== undefined && MISSED.includes(call.error.code);
    this.#tell({ when: missed ? "missed" : "call-ended", ...about });
    if (this.#page === call.id) this.#page = undefined;
  }

  #movedTo({ id }: CallView): void {
    if (this.#page === id) return;
    this.#page = id;
    this.#tell({ when: "page-conference", who: id, where: id });
  }

  #seen({ conf, entity, display, here }: PresenceView): void {
    if (conf !== this.#conference) this.#enter(conf);
    if (this.#settled) this.#tell({ when: here ? "joined" : "left", who: display ?? entity, where: conf });
  }

  /** The first roster of a conference comes in one go. */
  #enter(conf: string): void {
    this.#conference = conf;
    this.#settled = false;
    setImmediate(() => {
      this.#settled = true;
    });
  }
}
