/** What the owner of a leg is told in INFOs on it: who talks, keys, answers (RFC 5022); one at a time and in order. */
import type { Leg } from "#sip/leg.ts";
import { MSCML } from "../mscml/document.ts";
import { talkerReport } from "../mscml/notification.ts";

export interface Talk {
  readonly on: boolean;
  /** How many of the conference talk. */
  readonly talkers: number;
}

/** So many wait at most for an owner that does not answer. */
const MOST_WAITING = 32;

export class LegReports {
  readonly #leg: Leg;
  readonly #conference: string;
  readonly #waiting: string[] = [];
  #told = false;
  #now: Talk = { on: false, talkers: 0 };
  #busy = false;

  constructor(leg: Leg, conference: string) {
    this.#leg = leg;
    this.#conference = conference;
  }

  /** Whether no more can wait. */
  get full(): boolean {
    return this.#waiting.length >= MOST_WAITING;
  }

  /** Sends a document when it is its turn; what comes when too many wait is dropped. */
  tell(document: string): void {
    if (this.full) return;
    this.#waiting.push(document);
    // What this answers is accepted first.
    setImmediate(() => this.#begin());
  }

  /** What changes while another report is under way is told when that is answered, and only how it is by then. */
  talk(talk: Talk): void {
    this.#now = talk;
    this.#begin();
  }

  #begin(): void {
    if (!this.#busy) void this.#send();
  }

  async #send(): Promise<void> {
    this.#busy = true;
    for (let content = this.#next(); content !== undefined; content = this.#next()) {
      // An owner that does not want it says so, and a leg that is lost thereby ends: nothing is said twice.
      await this.#leg.request("INFO", { type: MSCML, content });
    }
    this.#busy = false;
  }

  #next(): string | undefined {
    if (this.#leg.state !== "confirmed") this.#waiting.length = 0;
    else if (this.#waiting.length > 0) return this.#waiting.shift();
    else if (this.#now.on !== this.#told) return this.#talkers();
    return undefined;
  }

  /** The talker is named by the Call-ID of his leg (RFC 5022 §5.7). */
  #talkers(): string {
    const { on, talkers } = this.#now;
    this.#told = on;
    const callIds = on ? [this.#leg.id.callId] : [];
    return talkerReport({ conference: this.#conference, talkers, callIds });
  }
}
