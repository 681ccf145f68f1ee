/**
 * Multi-Invite (paper §IV): brings people into the conference one is in; a call between two becomes one first, and
 * without a call one is made. Whoever refuses, those who are in a call stay in it.
 */

import type { Invited, InviteRequest, JoinRequest } from "../api/requests.ts";
import { ServiceError } from "../errors.ts";
import type { Leg } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import { asSipError, SipError } from "../sip/sip-error.ts";
import { isSipUri, parseUri } from "../sip/uri.ts";
import type { Call } from "./call.ts";
import type { Calls } from "./calls.ts";
import type { FarEnd } from "./far-end.ts";
import { Invitees, personOf, type Wanted } from "./invitees.ts";
import { type Joining, joinedOf } from "./joining.ts";
import { type NewConference, type NewConferenceOptions, newConference } from "./new-conference.ts";
import { referAll } from "./refer-all.ts";
import { callFailure } from "./sip-failure.ts";

export interface MultiInviteOptions {
  readonly calls: Calls;
  readonly joining: Joining;
  /** Our own addresses: nobody invites himself. */
  readonly own: () => readonly SipUri[];
  /** Where conferences are made; nowhere when undefined. */
  readonly conferences: NewConferenceOptions | undefined;
  /** Aborted when the service ends. */
  readonly over: AbortSignal;
}

/** So long people may let it ring before the command is answered; their phones go on. */
const RING_MS = 30_000;
/** A focus that shows or reports nothing of somebody for so long will not. */
const QUIET_MS = 5_000;
/** A far end that is sent to the conference gets there, or says why not, within this time. */
const MOVE_MS = 10_000;

/** Answers to a REFER that mean "not so", rather than "I do not want to". */
const CANNOT_BE_REFERRED: readonly number[] = [403, 405, 420, 489, 501];

export class MultiInvite {
  readonly #options: MultiInviteOptions;
  /** Who wants to know when some roster changed. */
  readonly #looks = new Set<() => void>();

  constructor(options: MultiInviteOptions) {
    this.#options = options;
  }

  /** Throws ServiceError where nobody could be invited at all. */
  async invite(request: InviteRequest & { readonly invitees: readonly Wanted[] }): Promise<Invited> {
    const call = this.#options.calls.own(request);
    const invitees = new Invitees(request.invitees);
    invitees.refuse((id) => this.#refusal(id));
    if (!call) return this.#fromNothing(request, invitees);
    const far = farOf(call);
    request.onAccepted(call.id);
    if (call.conference === undefined) await this.#fromTwo({ call, far }, request, invitees);
    else await this.#toConference(call, request, invitees);
    return this.#outcome(call, request, invitees);
  }

  /** Some roster changed. */
  rostersChanged(): void {
    for (const look of [...this.#looks]) look();
  }

  async #fromNothing(request: InviteRequest, invitees: Invitees): Promise<Invited> {
    if (request.call !== undefined) throw new ServiceError("no-active-call", []);
    if (!this.#hasPeople(invitees)) throw noneLeft(invitees);
    const conference = await this.#newConference();
    const { joining } = this.#options;
    const { client, signal, onAccepted, device } = request;
    const join: JoinRequest = { target: conference.target, client, signal, onAccepted };
    const guests = conference.takesList ? recipients(invitees) : undefined;
    const wish = { ...join, mode: "loop" as const, guests };
    const joined = await (device === undefined
      ? joining.externalJoin(wish)
      : joining.join({ ...wish, device }));
    const call = this.#options.calls.get(joined.call);
    if (!call?.far) throw new ServiceError("no-active-call", []);
    if (!guests) await this.#refer(call.far.leg, request, invitees);
    return this.#outcome(call, request, invitees);
  }

  /** First the other one goes to the conference, still heard in the old call, then we do: nobody is left alone. */
  async #fromTwo(
    { call, far }: { readonly call: Call; readonly far: FarEnd },
    request: InviteRequest,
    invitees: Invitees,
  ): Promise<void> {
    if (!this.#hasPeople(invitees)) return;
    const conference = await this.#newConference();
    const comes = await this.#sendAlong(far.leg, conference.target, request.signal);
    // Whoever cannot be sent is called by the conference, as the others are.
    const people = comes ? recipients(invitees) : [...recipients(invitees), { uri: calledAt(far) }];
    const guests = conference.takesList ? people : undefined;
    const { from } = call;
    await call.switchTo({ target: conference.target, from, guests }, this.#signal(request));
    const now = call.far;
    if (!now) throw new ServiceError("no-active-call", []);
    if (guests) return;
    if (!comes) now.leg.refer(calledAt(far)).catch(() => undefined);
    await this.#refer(now.leg, request, invitees);
  }

  async #toConference(call: Call, request: InviteRequest, invitees: Invitees): Promise<void> {
    const { far, roster, conference } = call;
    if (conference !== undefined) refuseThoseAt(conference, invitees);
    if (roster) invitees.seen(roster);
    if (far) await this.#refer(far.leg, request, invitees);
  }

  #refer(leg: Leg, request: InviteRequest, invitees: Invitees): Promise<void> {
    return referAll(leg, invitees, this.#signal(request));
  }

  /** REFERs the other end of a call to the conference; false when its phone cannot be referred. Throws ServiceError. */
  async #sendAlong(leg: Leg, conference: SipUri, signal: AbortSignal): Promise<boolean> {
    const limit = AbortSignal.timeout(MOVE_MS);
    try {
      const within = AbortSignal.any([signal, limit, this.#options.over]);
      const status = await leg.refer(conference, { signal: within });
      if (status >= 300) throw new SipError(status, "The transfer failed");
      return true;
    } catch (cause) {
      if (limit.aborted) throw new ServiceError("no-answer", [leg.peer.uri], { cause });
      const refused = asSipError(cause);
      if (CANNOT_BE_REFERRED.includes(refused.status)) return false;
      throw callFailure(leg.peer.uri, refused);
    }
  }

  /** Waits for what becomes of everybody: as long as something may, and the command has time. */
  async #outcome(call: Call, request: InviteRequest, invitees: Invitees): Promise<Invited> {
    const look = () => call.roster && invitees.seen(call.roster);
    this.#looks.add(look);
    look();
    const ends = AbortSignal.any([this.#signal(request), call.over, AbortSignal.timeout(RING_MS)]);
    const quiet = setTimeout(() => {
      for (const { id } of invitees.open) invitees.referred(id);
    }, QUIET_MS);
    try {
      await Promise.race([invitees.settled, aborted(ends)]);
    } finally {
      clearTimeout(quiet);
      this.#looks.delete(look);
    }
    return { ...joinedOf(call), invitees: invitees.states };
  }

  /** Whether there is anybody to make a conference for. */
  #hasPeople(invitees: Invitees): boolean {
    const { conferences } = this.#options;
    if (conferences) refuseThoseAt(conferences.server, invitees);
    return invitees.open.length > 0;
  }

  async #newConference(): Promise<NewConference> {
    const { own, conferences } = this.#options;
    if (!conferences) throw new ServiceError("unreachable", ["A conference server"]);
    const [owner = "sip:user@localhost"] = own();
    return newConference(owner, conferences);
  }

  #refusal(id: SipUri): ServiceError | undefined {
    if (!isSipUri(id)) return new ServiceError("bad-uri", [id, "telephone numbers need an account"]);
    const isOurs = this.#options.own().some((own) => personOf(own) === personOf(id));
    return isOurs ? new ServiceError("bad-uri", [id, "that is yourself"]) : undefined;
  }

  #signal(request: InviteRequest): AbortSignal {
    return AbortSignal.any([request.signal, this.#options.over]);
  }
}

/** Throws ServiceError unless the call has a far end that can be asked. */
function farOf(call: Call): FarEnd {
  const { far } = call;
  if (call.state === "transferred" || call.outOfReach) throw new ServiceError("no-control", [call.id]);
  if (!far || far.leg.state === "ended") {
    throw new ServiceError("wrong-state", ["the call is not answered yet"]);
  }
  return far;
}

function recipients(invitees: Invitees) {
  return invitees.open.map(({ id: uri, display: name }) => ({ uri, ...(name !== undefined && { name }) }));
}

/** Where the other end of a call can be called: as it was, or at its phone when it called us. */
function calledAt({ target, leg }: FarEnd): SipUri {
  const { uri } = leg.remoteContact;
  return isSipUri(target) ? target : isSipUri(uri) ? uri : target;
}

/** Conferences of the same server are not people who could be called into one of them. */
function refuseThoseAt(server: SipUri, invitees: Invitees): void {
  const why = "a conference cannot be invited into another";
  invitees.refuse((id) =>
    placeOf(id) === placeOf(server) ? new ServiceError("bad-uri", [id, why]) : undefined,
  );
}

function placeOf(id: SipUri): string {
  const { host = "", port = 5060 } = parseUri(id) ?? {};
  return `${host}:${port}`;
}

/** Why nobody was invited: as the first of them was refused. */
function noneLeft(invitees: Invitees): ServiceError {
  const [first] = invitees.refusals;
  return first ?? new ServiceError("partial-failure", []);
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
