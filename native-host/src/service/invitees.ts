/** The people of one Invite and how far each has come, by what the focus reports and by what its roster shows. */

import type { Invitee, InviteeState } from "../api/requests.ts";
import type { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { SipError } from "../sip/sip-error.ts";
import { isSipUri, parseUri } from "../sip/uri.ts";
import type { Roster } from "./roster.ts";
import { asFailure, callFailure } from "./sip-failure.ts";

/** Somebody of an Invite, or why they cannot be called at all. */
export interface Wanted extends Invitee {
  readonly refused?: ServiceError;
}

interface Guest extends Invitee {
  /** `asked`: nothing was heard of them yet; `ringing`: they are being called, at least. */
  readonly state: "asked" | InviteeState["state"];
  readonly error?: ServiceError;
}

export class Invitees {
  readonly #order: readonly SipUri[];
  /** By whom they are, whatever a URI looks like; somebody named twice is one. */
  readonly #guests = new Map<string, Guest>();
  readonly #settled = Promise.withResolvers<void>();

  constructor(invitees: readonly Wanted[]) {
    this.#order = invitees.map(({ id }) => id);
    for (const { refused: _refused, ...one } of invitees) {
      const name = personOf(one.id);
      if (!this.#guests.has(name)) this.#guests.set(name, { ...one, state: "asked" });
    }
    for (const { id, refused } of invitees) if (refused) this.fail(id, refused);
  }

  /** Those of whom nothing is known yet. */
  get open(): readonly Invitee[] {
    return [...this.#guests.values()].filter(({ state }) => state === "asked");
  }

  /** One for each that was named, in that order; of whom nothing is known the conference was told. */
  get states(): readonly InviteeState[] {
    return this.#order.map((id) => {
      const { state = "asked", error } = this.#guests.get(personOf(id)) ?? {};
      return { id, state: state === "asked" ? "referred" : state, ...(error && { error: asFailure(error) }) };
    });
  }

  /** Resolves when nothing more can become of any of them. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Why some were not invited. */
  get refusals(): readonly ServiceError[] {
    return [...this.#guests.values()].flatMap(({ error }) => error ?? []);
  }

  /** A status of the call to them, as it was reported or is shown in the roster. */
  heard(id: string, status: number, reason: string): void {
    if (status >= 300) this.fail(id, callFailure(id, new SipError(status, reason)));
    else if (status >= 200) this.#become(id, { state: "joined" });
    else if (status >= 100) this.#become(id, { state: "ringing" });
  }

  /** The conference took the wish and tells no more. */
  referred(id: string): void {
    this.#become(id, { state: "referred" });
  }

  fail(id: string, error: ServiceError): void {
    this.#become(id, { state: "failed", error });
  }

  /** Who is there has come; who is being called, or was in vain, is shown so by a focus that calls them. */
  seen({ users, called }: Roster): void {
    for (const { entity } of users) this.#become(entity, { state: "joined" });
    for (const { entity, status, cause } of called) {
      if (status === "disconnected") this.heard(entity, cause?.status ?? 480, cause?.reason ?? "");
      else this.#become(entity, { state: "ringing" });
    }
  }

  /** Those who may not be invited at all: by which rule. */
  refuse(rule: (id: SipUri) => ServiceError | undefined): void {
    for (const { id } of this.open) {
      const error = rule(id);
      if (error) this.fail(id, error);
    }
  }

  #become(id: string, news: Pick<Guest, "state" | "error">): void {
    const name = personOf(id);
    const guest = this.#guests.get(name);
    if (!guest || isFinal(guest)) return;
    this.#guests.set(name, { ...guest, ...news });
    if ([...this.#guests.values()].every(isFinal)) this.#settled.resolve();
  }
}

function isFinal({ state }: Guest): boolean {
  return state === "joined" || state === "failed" || state === "referred";
}

/** User and place: what makes two URIs the same person (RFC 3261 §19.1.4, without what only says how to get there). */
export function personOf(id: string): string {
  const uri = parseUri(id);
  if (!uri || !isSipUri(id)) return id;
  const port = uri.port ?? (uri.scheme === "sips" ? 5061 : 5060);
  return `${uri.user ?? ""}@${uri.host}:${port}`;
}
