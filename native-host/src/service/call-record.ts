/** What a call knows of itself: the state it is in, whom it is with, since when; and how applications see that. */

import type { CallState, CallView, ClientId } from "../api/call-control.ts";
import type { ServiceError } from "../errors.ts";
import { withoutSecrets } from "../secrets.ts";
import type { SipUri } from "../sip/message.ts";
import type { CallOptions, NewFarEnd } from "./call.ts";
import { after, type CallEvent } from "./call-state.ts";
import { type CallFacts, callView } from "./call-view.ts";

export class CallRecord {
  readonly id: string;
  readonly client: ClientId | undefined;
  /** Whom it is with, or is to be with. */
  to: NewFarEnd;
  /** The server of the conference is gone, and called again. */
  rejoining = false;
  error: ServiceError | undefined;
  readonly #dir: CallView["dir"];
  readonly #onChange: () => void;
  #state: CallState = "choosing";
  #since: Date | undefined;

  constructor({ id, client, dir = "out", target, from, display }: CallOptions, onChange: () => void) {
    this.id = id;
    this.client = client;
    this.to = { target, from, display };
    this.#dir = dir;
    this.#onChange = onChange;
  }

  get state(): CallState {
    return this.#state;
  }

  /** As a device shows it. */
  get who(): { readonly uri: SipUri; readonly name?: string } {
    const { target: uri, display: name } = this.to;
    return { uri, ...(name !== undefined && { name }) };
  }

  /** Somebody answered: it counts from now, if it does not yet. */
  begin(): void {
    this.#since ??= new Date();
  }

  step(event: CallEvent): void {
    const next = after(this.#state, event);
    if (next === undefined) return;
    this.#state = next;
    this.#onChange();
  }

  view(now: Pick<CallFacts, "mode" | "mutedBy" | "focus" | "waiting" | "device">): CallView {
    const { id: call, client, to, error } = this;
    const { target, display } = to;
    const id = withoutSecrets(target);
    const rejoining = this.rejoining && this.#state !== "ended";
    const own = { call, id, dir: this.#dir, state: this.#state, since: this.#since };
    return callView({ ...own, client, display, rejoining, error, ...now });
  }
}
