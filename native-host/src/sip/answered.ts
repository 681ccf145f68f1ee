/** A request that has its final response: waits for its copies, and for the ACK of a refusal (RFC 3261 §17.2, RFC 6026 §7.1). */
import { Waiting } from "./forgetful.ts";
import type { Machine } from "./machine.ts";
import type { Hop } from "./message.ts";
import type { ServerEvent, ServerState } from "./server-transaction.ts";

/** Where answered requests are kept. */
export interface AnsweredHome {
  /** Sends the text of a response once more; never throws. */
  again(text: string, from: Hop): void;
  ended(key: string): void;
}

export interface AnsweredOptions {
  readonly key: string;
  readonly home: AnsweredHome;
  readonly machine: Machine<ServerState, ServerEvent>;
  /** Where the request, or its last copy, came from. */
  readonly from: Hop;
  /** The response as it was written; undefined when its owner repeats it. */
  readonly text: string | undefined;
  /** The tag the owner has given. */
  readonly toTag: string | undefined;
}

/** It waits half a minute: neither the request nor the call behind it must wait with it. */
export class Answered extends Waiting {
  readonly toTag: string | undefined;
  readonly #key: string;
  readonly #home: AnsweredHome;
  readonly #machine: Machine<ServerState, ServerEvent>;
  readonly #text: string | undefined;
  #from: Hop;

  constructor({ key, home, machine, from, text, toTag }: AnsweredOptions) {
    super();
    this.toTag = toTag;
    this.#key = key;
    this.#home = home;
    this.#machine = machine;
    this.#text = text;
    this.#from = from;
    machine.handTo((state, event) => this.#entered(state, event));
  }

  /** Characters it keeps. */
  get chars(): number {
    return this.#key.length + (this.#text?.length ?? 0);
  }

  /** Where a 2xx that its owner repeats goes; undefined when nobody waits for one. */
  get caller(): Hop | undefined {
    return this.#machine.state === "accepted" ? this.#from : undefined;
  }

  repeat(from: Hop): void {
    this.#from = from;
    this.#machine.send("request");
  }

  /** Returns false when the ACK is for a 2xx, and so the owner's. */
  acknowledge(): boolean {
    this.#machine.send("ack");
    return this.#machine.state !== "accepted";
  }

  close(): void {
    this.#machine.send("closed");
  }

  #entered(state: ServerState, event: ServerEvent): void {
    const repeats = event === "request" || event === "resend";
    if (repeats && this.#text !== undefined) this.#home.again(this.#text, this.#from);
    if (state === "terminated") this.#home.ended(this.#key);
  }
}
