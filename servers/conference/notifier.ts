/** Tells one subscriber what changes in a conference, in versions of its own (RFC 4575 §5.2, RFC 6665 §4.2.2). */

import type { Notifier } from "#sip/notify.ts";
import { CONFERENCE_INFO, type Sheet } from "./conference-package.ts";

/** What a kind of subscriber may know of a conference, revision by revision. */
export interface Told {
  readonly revision: number;
  /** One after the other. */
  whole(): readonly Sheet[];
  /** The same for whoever hears once. */
  atOnce(): Sheet;
  /** Nothing when nothing has changed since that revision. */
  since(revision: number): readonly Sheet[];
  unchanged(): Sheet;
  over(): Sheet;
}

/** Each document is made when it can be sent, so that it is the newest; the pace is the subscription's. */
export class RosterNotifier {
  readonly #notifier: Notifier;
  readonly #told: Told;
  readonly #onCalm: () => void;
  #version = 0;
  /** The revision that the subscriber knows; undefined: it needs the whole roster. */
  #known: number | undefined;
  /** What is left of the documents that lead there. */
  #left: readonly Sheet[] = [];
  #state: "calm" | "behind" | "over" = "calm";
  #due = false;

  /** `onCalm` hears that the next change is to be told with changed(). */
  constructor(notifier: Notifier, told: Told, onCalm: () => void = () => undefined) {
    this.#notifier = notifier;
    this.#told = told;
    this.#onCalm = onCalm;
  }

  /** Something changed: the subscriber hears of it now, or as soon as its pace and its last answer allow. */
  changed(): void {
    if (this.#state !== "calm") return;
    this.#state = "behind";
    this.#push();
  }

  /** The subscriber asked for the whole roster: a new or refreshed subscription, which no pace holds back. */
  full(): void {
    if (this.#state === "over") return;
    this.missed();
    this.#state = "behind";
    this.#push();
  }

  /** The subscriber wants to hear, changed or not. */
  due(): void {
    this.#due = true;
    this.changed();
  }

  /** The subscriber has not got what was said last: next time it gets everything. */
  missed(): void {
    this.#known = undefined;
    this.#left = [];
  }

  /** The last word: NOTIFY with Subscription-State terminated and this reason (RFC 6665 §4.1.3). */
  end(reason: string, conferenceIsOver: boolean): void {
    if (this.#state === "over") return;
    this.#state = "over";
    if (!this.#notifier.active) return;
    const last = conferenceIsOver ? this.#told.over()(this.#version) : "";
    void this.#notifier.terminate(reason, CONFERENCE_INFO, last);
  }

  /** The subscription is over and the subscriber knows it. */
  ended(): void {
    this.#state = "over";
  }

  #push(): void {
    void this.#notifier.notify(CONFERENCE_INFO, () => this.#document());
  }

  #document(): string | undefined {
    if (this.#state === "over") return undefined;
    if (this.#state === "behind") {
      this.#state = "calm";
      this.#onCalm();
    }
    const sheet = this.#sheet();
    const more = this.#left.length > 0 || (this.#known !== undefined && this.#known !== this.#told.revision);
    // Not now: this is asked while the queue is about to send.
    if (more) queueMicrotask(() => this.changed());
    if (sheet === undefined) return undefined;
    this.#version += 1;
    return sheet(this.#version - 1);
  }

  #sheet(): Sheet | undefined {
    const due = this.#due;
    this.#due = false;
    if (!this.#notifier.active) return this.#told.atOnce();
    if (this.#left.length === 0) {
      this.#left = this.#known === undefined ? this.#told.whole() : this.#told.since(this.#known);
      this.#known = this.#told.revision;
    }
    const [sheet, ...left] = this.#left;
    this.#left = left;
    return sheet ?? (due ? this.#told.unchanged() : undefined);
  }
}
