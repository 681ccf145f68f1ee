/** Tells one subscriber what changes in a conference: at once, then at most every 100 ms (RFC 4575 §4.5, RFC 6665 §4.2.2). */

import type { Table } from "#sip/machine.ts";
import { Machine } from "#sip/machine.ts";
import type { Notifier } from "#sip/notify.ts";
import { CONFERENCE_INFO, fullDocument, partialDocument } from "./conference-package.ts";
import type { Roster } from "./roster.ts";

/** A roster that people look at is live at ten documents a second; the RFC's five seconds are too slow. */
const PACE_MS = 100;

type Pace = "quiet" | "paced" | "ended";
type PaceEvent = "sent" | "calm" | "over";

/**
 *     quiet ──sent──▶ paced ──calm, 100 ms──▶ quiet
 *       └──────over─────┴───────▶ ended
 */
const PACES: Table<Pace, PaceEvent> = {
  quiet: { on: { sent: "paced", over: "ended" } },
  paced: { on: { calm: "quiet", over: "ended" }, after: { ms: PACE_MS, event: "calm" } },
  ended: { on: {} },
};

/** Versions rise by one with each document of this subscription (RFC 4575 §5.1). */
export class RosterNotifier {
  readonly #notifier: Notifier;
  readonly #read: () => Roster;
  readonly #pace: Machine<Pace, PaceEvent>;
  #version = 0;
  /** What the subscriber knows; undefined: it needs the whole roster. */
  #known: Roster | undefined;
  #answered = true;

  /** `read` gives the roster as it is when the next document is due. */
  constructor(notifier: Notifier, read: () => Roster) {
    this.#notifier = notifier;
    this.#read = read;
    this.#pace = new Machine(PACES, "quiet", (_pace, event) => {
      if (event === "calm") this.changed();
    });
  }

  /** The roster may have changed: tells the subscriber now, or as soon as its pace and its last answer allow. */
  changed(): void {
    if (this.#pace.state !== "quiet" || !this.#answered) return;
    const document = this.#document();
    if (document === undefined) return;
    this.#pace.send("sent");
    this.#send(document);
  }

  /** The subscriber asked for the whole roster: a new or refreshed subscription, which no pace holds back. */
  full(): void {
    if (this.#pace.state === "ended") return;
    this.#known = undefined;
    if (this.#pace.state === "paced") this.#pace.send("calm");
    else this.changed();
  }

  /** The last word: NOTIFY with Subscription-State terminated and this reason (RFC 6665 §4.1.3). */
  end(reason: string): void {
    if (this.#pace.send("over") && this.#notifier.active) void this.#notifier.terminate(reason);
  }

  /** The subscription is over and the subscriber knows it. */
  ended(): void {
    this.#pace.send("over");
  }

  #document(): string | undefined {
    const now = this.#read();
    const was = this.#known;
    this.#known = now;
    return was === undefined ? fullDocument(now, this.#version) : partialDocument(was, now, this.#version);
  }

  /** One NOTIFY at a time, so that a lost one cannot be overtaken by the next. */
  #send(document: string): void {
    this.#version += 1;
    this.#answered = false;
    const answered = (): void => {
      this.#answered = true;
      this.changed();
    };
    this.#notifier.notify(CONFERENCE_INFO, document).then(answered, answered);
  }
}
