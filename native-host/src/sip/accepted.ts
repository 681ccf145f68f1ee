/** A 2xx of ours to an INVITE, sent again until its ACK comes (RFC 3261 §13.3.1.4). */
import type { Core } from "./core.ts";
import type { SipResponse } from "./message.ts";
import { Repetition } from "./repetition.ts";

export class Accepted {
  readonly #seq: number;
  readonly #repetition: Repetition;

  constructor(core: Core, response: SipResponse, onLost: () => void) {
    const { timers, stack } = core;
    this.#seq = response.headers.cseq.seq;
    const onSettled = () => core.unconfirmed.ended(this.#repetition);
    const again = () => stack.sendStateless(response);
    this.#repetition = new Repetition({ timers, capMs: timers.t2, again, onLost, onSettled });
    core.unconfirmed.keep(this.#repetition);
  }

  /** Resolves when there is nothing more to wait for: the ACK came, never came, or the leg ended. */
  get settled(): Promise<void> {
    return this.#repetition.settled;
  }

  /** Whether this ACK is for our response; a repeated one is not news. */
  acknowledge(seq: number): boolean {
    return seq === this.#seq && this.#repetition.confirm();
  }

  stop(): void {
    this.#repetition.stop();
  }
}
