/** The calls of the user that are not over, and which of them a client means. */

import type { ClientId } from "../api/call-control.ts";
import type { Device } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import type { LoopCall } from "./loop-call.ts";
import type { Roster } from "./roster.ts";

export class Calls {
  /** The one used last at the end. */
  readonly #calls = new Map<string, LoopCall>();
  #count = 0;

  get all(): readonly LoopCall[] {
    return [...this.#calls.values()];
  }

  get size(): number {
    return this.#calls.size;
  }

  nextId(): string {
    this.#count += 1;
    return `c${this.#count}`;
  }

  /** From now on the call used last. */
  use(call: LoopCall): void {
    this.#calls.delete(call.id);
    this.#calls.set(call.id, call);
  }

  forget(call: LoopCall): void {
    this.#calls.delete(call.id);
  }

  /** The call named, or the last used one of this client, or of anybody. Throws ServiceError for a name nobody knows. */
  find(name: string | undefined, client: ClientId): LoopCall | undefined {
    const calls = this.all;
    if (name === undefined) return calls.findLast((call) => call.client === client) ?? calls.at(-1);
    const call = this.#calls.get(name);
    if (call) return call;
    const wasOurs = /^c[1-9]\d*$/.test(name) && Number(name.slice(1)) <= this.#count;
    if (wasOurs) return undefined;
    throw new ServiceError("no-such-call", [name]);
  }

  /** The call that device is in. */
  of(device: Device): LoopCall | undefined {
    return this.all.find((call) => call.device === device);
  }

  /** The roster of a conference that some call is in. */
  rosterOf(conf: SipUri): Roster | undefined {
    return this.all.find(({ roster }) => roster?.conf === conf)?.roster;
  }
}
