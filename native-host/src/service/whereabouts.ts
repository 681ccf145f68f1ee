/** Where a call is: its far end, as the call's state, its name and its roster follow that. */

import type { CallRecord } from "./call-record.ts";
import { after } from "./call-state.ts";
import type { FarEnd } from "./far-end.ts";
import type { FarSide } from "./far-side.ts";
import { type Roster, RosterWatch, type Subscriber } from "./roster.ts";
import type { Wishes } from "./wishes.ts";

export interface WhereaboutsOptions {
  readonly record: CallRecord;
  readonly subscriber: Subscriber;
  readonly wishes: Pick<Wishes, "held" | "listed">;
  readonly onChange: () => void;
  readonly onRoster: () => void;
}

export class Whereabouts {
  readonly #options: WhereaboutsOptions;
  readonly #roster: RosterWatch;

  constructor(options: WhereaboutsOptions) {
    this.#options = options;
    this.#roster = new RosterWatch(options.subscriber, (now, before) => this.#rosterChanged(now, before));
  }

  get roster(): Roster | undefined {
    return this.#roster.roster;
  }

  /** A far end answered and is heard. */
  reached(far: FarEnd): void {
    const { record } = this.#options;
    record.begin();
    record.rejoining = false;
    this.#roster.follow(far);
  }

  /** Its focus moved us; the name a client chose for the conference before is not that of this one. */
  moved(far: FarEnd): void {
    const { record, onChange } = this.#options;
    if (far.target !== record.to.target) record.to = { target: far.target, from: far.from };
    this.#roster.follow(far);
    onChange();
  }

  /** Its focus is gone, and is called again. */
  gone(): void {
    const { record, onChange } = this.#options;
    record.rejoining = true;
    if (after(record.state, "moves")) record.step("moves");
    else onChange();
  }

  /** Nothing is under way any more: we are with whoever is there. */
  settle({ moving, current }: FarSide): void {
    const { record, wishes } = this.#options;
    if (moving || record.state === "ended" || !current) return;
    record.to = { ...record.to, target: current.target };
    record.step(wishes.held ? "holds" : "connected");
  }

  end(): void {
    this.#roster.end();
  }

  #rosterChanged(now: Roster, before: Roster | undefined): void {
    const { wishes, onChange, onRoster } = this.#options;
    onRoster();
    const muting = now.me?.mutedBy !== before?.me?.mutedBy;
    if (muting) wishes.listed(now.me?.mutedBy);
    if (muting || now.waiting !== before?.waiting) onChange();
  }
}
