/** The calls of the user that are not over, and which of them a client means. */

import type { ClientId } from "../api/call-control.ts";
import type { OnCall } from "../api/requests.ts";
import type { Device } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import { withoutSecrets } from "../secrets.ts";
import type { SipUri } from "../sip/message.ts";
import type { Call } from "./call.ts";
import type { Rights } from "./rights.ts";
import type { Roster } from "./roster.ts";

export class Calls {
  readonly #rights: Rights;
  /** The one used last at the end. */
  readonly #calls = new Map<string, Call>();
  #count = 0;

  constructor(rights: Rights) {
    this.#rights = rights;
  }

  get all(): readonly Call[] {
    return [...this.#calls.values()];
  }

  get size(): number {
    return this.#calls.size;
  }

  nextId(): string {
    this.#count += 1;
    return `c${this.#count}`;
  }

  /** From now on the call used last; takes the place of one with the same name. */
  use(call: Call): void {
    this.#calls.delete(call.id);
    this.#calls.set(call.id, call);
  }

  /** One that is there, but not used yet: it is not in the way of those that are. */
  add(call: Call): void {
    const others = this.all;
    this.#calls.clear();
    for (const one of [call, ...others]) this.#calls.set(one.id, one);
  }

  forget(call: Call): void {
    if (this.#calls.get(call.id) === call) this.#calls.delete(call.id);
  }

  /** The call with that name while it is not over. */
  get(id: string): Call | undefined {
    return this.#calls.get(id);
  }

  /** The call named, or the last used one of this client, or of anybody. Throws ServiceError for a name nobody knows. */
  find(name: string | undefined, client: ClientId): Call | undefined {
    // A call that nobody answered yet is nobody's current one.
    const calls = this.all.filter(({ state }) => state !== "incoming");
    if (name === undefined) return calls.findLast((call) => call.client === client) ?? calls.at(-1);
    const call = this.#calls.get(name);
    if (call) return call;
    const wasOurs = /^c[1-9]\d*$/.test(name) && Number(name.slice(1)) <= this.#count;
    if (wasOurs) return undefined;
    throw new ServiceError("no-such-call", [name]);
  }

  /** As `find`, but only a call the client may end and change. Throws ServiceError `forbidden`. */
  own({ call: name, client }: OnCall): Call | undefined {
    const call = this.find(name, client);
    if (call) this.#rights.checkControl(client, call.client);
    return call;
  }

  /** As `own`. Throws ServiceError `no-active-call` when there is none. */
  active(which: OnCall): Call {
    const call = this.own(which);
    if (!call) throw new ServiceError("no-active-call", []);
    return call;
  }

  /** Those the client may end and change. */
  allOf(client: ClientId): Call[] {
    return this.all.filter((call) => this.#rights.mayControl(client, call.client));
  }

  /** The call that device is in. */
  of(device: Device): Call | undefined {
    return this.all.find((call) => call.holds(device));
  }

  /** The roster of a conference that some call is in. */
  rosterOf(conf: SipUri): Roster | undefined {
    const shown = withoutSecrets(conf);
    return this.all.find(({ roster }) => roster?.conf === shown)?.roster;
  }
}
