/** What the two ends of a leg have said about its session, and who owes whom an answer (RFC 3264, RFC 6337 §2). */
import type { Origin } from "#sdp/origin.ts";
import type { Sdp } from "./message.ts";
import { Once } from "./once.ts";

interface Offer {
  readonly from: "us" | "peer";
  readonly sdp: Sdp;
  readonly closed: Once;
}

/** One offer at a time: it is open until it is answered or refused, and only then may the next be made. */
export class Agreement {
  /** The peer's description, from its last offer or answer; "" before there is one. */
  description: Sdp = "";
  /** Ours, from the last offer or answer. */
  localDescription: Sdp = "";
  readonly #origin: Origin;
  #open: Offer | undefined;
  #reached = false;

  constructor(origin: Origin) {
    this.#origin = origin;
  }

  /** Whose offer waits for its answer. */
  get open(): "us" | "peer" | undefined {
    return this.#open?.from;
  }

  /** There was an answer: from here on either end may change the session. */
  get reached(): boolean {
    return this.#reached;
  }

  /** Resolves when the offer that is open now has been answered or refused. */
  get closed(): Promise<void> {
    return this.#open?.closed.promise ?? Promise.resolve();
  }

  /** Our offer; returns it under this leg's own o= line. */
  offer(sdp: Sdp): Sdp {
    const local = this.#origin.offer(sdp);
    if (!this.#reached) this.localDescription = local;
    return this.#begin("us", local);
  }

  /** The peer's offer. */
  offered(sdp: Sdp): void {
    if (!this.#reached) this.description = sdp;
    this.#begin("peer", sdp);
  }

  /** Our answer ahead of its time, in a response that nobody confirms: the same must follow in the 2xx. */
  preview(sdp: Sdp): Sdp {
    this.localDescription = this.#fitting(sdp);
    return this.localDescription;
  }

  /** The peer's answer ahead of its time: early media. */
  previewed(sdp: Sdp): void {
    this.description = sdp;
  }

  /** Our answer to the open offer; returns it under this leg's own o= line. */
  answer(sdp: Sdp): Sdp {
    const local = this.#fitting(sdp);
    this.#agree(local, this.#open?.sdp ?? this.description);
    return local;
  }

  /** The peer's answer to our open offer. */
  answered(sdp: Sdp): void {
    this.#agree(this.#open?.sdp ?? this.localDescription, sdp);
  }

  /** The open offer came to nothing: what was agreed before stands (RFC 3264 §8). */
  refused(): void {
    this.#close();
  }

  #fitting(sdp: Sdp): Sdp {
    return this.#open ? this.#origin.answer(sdp, this.#open.sdp) : this.#origin.stamp(sdp);
  }

  #begin(from: Offer["from"], sdp: Sdp): Sdp {
    this.#close();
    this.#open = { from, sdp, closed: new Once() };
    return sdp;
  }

  #agree(local: Sdp, remote: Sdp): void {
    this.localDescription = local;
    this.description = remote;
    this.#reached = true;
    this.#close();
  }

  #close(): void {
    const open = this.#open;
    this.#open = undefined;
    open?.closed.happen();
  }
}
