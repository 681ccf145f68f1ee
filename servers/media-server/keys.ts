/** Keys in the telephone events of one stream (RFC 4733 §2): each press once, whatever is lost, repeated or flooded. */
import { type RtpHeader, timestampAhead } from "#rtp/packet.ts";

/** `0-9`, `*`, `#`, `A-D` are the events 0 to 15 (§3.2); the others, such as flash, are no keys. */
const KEYS = "0123456789*#ABCD";

/** Event, end bit and volume, duration (§2.3). */
const REPORT_BYTES = 4;
const END = 0x80;

/** The longest a report can tell; what is held longer goes on under a timestamp so much later (§2.5.1.3). */
const SEGMENT = 0xffff;

/** 60 ms: nobody presses the same key again so soon, but some phones give each report of one press a time of its own. */
const SAME_PRESS = 480;

/** A timestamp so far back, 8 s, is no late packet: the sender's clock began anew. */
const OLD_SAMPLES = 64_000;

/** Nobody presses faster than a machine that dials: ten keys a second, and twenty at once. */
const TICKS_PER_KEY = 5;
const MOST_SAVED = 20 * TICKS_PER_KEY;

export class KeyEvents {
  /** Presses of keys seen, and those of them that came too fast to be told. */
  presses = 0;
  excess = 0;
  /** Milliseconds between the last two presses told; undefined for the first. */
  sinceMs: number | undefined;
  #ssrc = -1;
  #timestamp = 0;
  #event = -1;
  #ended = true;
  #ticks = 0;
  #pressedAt: number | undefined;
  #saved = MOST_SAVED;

  /** Time goes on by so many times 20 ms. */
  tick(ticks = 1): void {
    this.#ticks += ticks;
    this.#saved = Math.min(MOST_SAVED, this.#saved + ticks);
  }

  /** The key that this packet is the first to report, if it is. */
  read(header: RtpHeader, packet: Uint8Array): string | undefined {
    const { payloadStart, payloadEnd } = header;
    if (payloadEnd - payloadStart < REPORT_BYTES) return undefined;
    const event = packet[payloadStart] as number;
    const isNew = this.#isNew(header, event);
    if (isNew === undefined) return undefined;
    this.#ssrc = header.ssrc;
    this.#timestamp = header.timestamp;
    this.#event = event;
    this.#ended = ((packet[payloadStart + 1] as number) & END) !== 0;
    return isNew ? this.#press(KEYS[event]) : undefined;
  }

  /** True for a press, false for more of the last one, undefined for what is left of one before it. */
  #isNew({ ssrc, timestamp, marker }: RtpHeader, event: number): boolean | undefined {
    if (ssrc !== this.#ssrc) return true;
    const ahead = timestampAhead(timestamp, this.#timestamp);
    if (ahead === 0) return false;
    if (ahead < 0 && ahead > -OLD_SAMPLES) return undefined;
    if (event !== this.#event || marker) return true;
    return ahead > SAME_PRESS && (ahead !== SEGMENT || this.#ended);
  }

  #press(key: string | undefined): string | undefined {
    if (key === undefined) return undefined;
    this.presses++;
    if (this.#saved < TICKS_PER_KEY) {
      this.excess++;
      return undefined;
    }
    this.#saved -= TICKS_PER_KEY;
    this.sinceMs = this.#pressedAt === undefined ? undefined : (this.#ticks - this.#pressedAt) * 20;
    this.#pressedAt = this.#ticks;
    return key;
  }
}
