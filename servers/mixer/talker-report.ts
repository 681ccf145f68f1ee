/** Tells the owner of a leg when its participant begins or stops talking: INFO with an RFC 5022 notification. */
import type { Leg } from "#sip/leg.ts";
import { el, formatXml } from "#xml/strict.ts";

export interface Talk {
  readonly on: boolean;
  /** How many of the conference talk. */
  readonly talkers: number;
}

/** The body of one notification (RFC 5022 §5.9): the talker is named by the Call-ID of his leg. */
export function talkerNotification(conference: string, callId: string, { on, talkers }: Talk): string {
  const talker = on ? [el("talker", { callid: callId })] : [];
  return formatXml(
    el("MediaServerControl", { version: "1.0" }, [
      el("notification", {}, [
        el("conference", { uniqueid: conference, numtalkers: talkers }, [el("activetalkers", {}, talker)]),
      ]),
    ]),
  );
}

/** One INFO at a time on a leg; what changes meanwhile is told when the last one is answered. */
export class TalkerReport {
  readonly #leg: Leg;
  readonly #conference: string;
  #told = false;
  #now: Talk = { on: false, talkers: 0 };
  #busy = false;

  constructor(leg: Leg, conference: string) {
    this.#leg = leg;
    this.#conference = conference;
  }

  tell(talk: Talk): void {
    this.#now = talk;
    if (!this.#busy) void this.#send();
  }

  async #send(): Promise<void> {
    this.#busy = true;
    while (this.#now.on !== this.#told && this.#leg.state === "confirmed") {
      this.#told = this.#now.on;
      const content = talkerNotification(this.#conference, this.#leg.id.callId, this.#now);
      // An owner that does not want it says so, and is not asked: talkers are a service to him.
      await this.#leg.request("INFO", { type: "application/mediaservercontrol+xml", content });
    }
    this.#busy = false;
  }
}
