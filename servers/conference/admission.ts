/** Whether a caller may come into a conference, into which, and by what right (RFC 4353 §4.3, RFC 4579 §5). */

import { joinIn } from "#sip/join.ts";
import type { DialogId, ExtraHeaders, IncomingInvite } from "#sip/leg.ts";
import type { ReferTo } from "#sip/refer-to.ts";
import { SipError } from "#sip/sip-error.ts";
import { parseUri } from "#sip/uri.ts";
import { conferenceId } from "./conference-id.ts";
import type { Door } from "./door.ts";
import { newConferenceId } from "./factory.ts";
import { type Identity, sameOwner } from "./identity.ts";
import { listedIn } from "./listed.ts";
import { hasToWait, type Obstacle } from "./lobby.ts";
import type { Members } from "./members.ts";
import type { Moderators } from "./moderators.ts";
import type { Participant } from "./participant.ts";
import type { Policies } from "./policies.ts";
import type { Returning } from "./returning.ts";
import { isPrivate } from "./rights.ts";
import type { Standing } from "./standing.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** A caller who may come in. */
export interface Arrival {
  readonly id: string;
  readonly invite: IncomingInvite;
  readonly identity: Identity;
  /** Whom the caller wants to have called in (RFC 5366). */
  readonly guests: readonly ReferTo[];
  /** A configured moderator, who has shown it. */
  readonly moderator: boolean;
  /** The conference is made for this caller. */
  readonly isNew: boolean;
  /** Whose call this one takes the place of (RFC 3891). */
  readonly old: Participant | undefined;
}

/** What keeps an arrival out for now, if anything does. */
export interface Admitted {
  readonly arrival: Arrival;
  readonly obstacle: Obstacle | undefined;
}

/** Has to show first that he is who he says. */
export interface Challenge {
  readonly challenge: ExtraHeaders;
}

export interface AdmissionOptions {
  readonly members: Members;
  readonly policies: Policies;
  readonly moderators: Moderators;
  readonly door: Door;
  readonly proxies: TrustedProxies;
  /** Who was in before the server died, if that is known. */
  readonly returning?: Returning | undefined;
  /** The user part of the factory's URI. */
  readonly factory: string;
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Throws SipError: 400, 403, 404, 481, 482. */
  judge(invite: IncomingInvite): Admitted | Challenge {
    const identity = this.#options.proxies.identityOf(invite);
    const id = this.#conferenceOf(invite, identity);
    // Two foci in one another's conference would hear themselves.
    if (isFocus(invite)) throw new SipError(482, "Loop Detected");
    const verdict = this.#options.moderators.judge(invite.request, identity.asserted);
    if (verdict?.name === "challenge") return { challenge: verdict.headers };
    const arrival = {
      id,
      invite,
      identity,
      guests: listedIn(invite.request),
      moderator: verdict?.name === "moderator",
      isNew: this.isFactory(invite.target),
      old: invite.replaces && this.#replaced(invite.replaces, identity),
    };
    return { arrival, obstacle: this.#obstacle(arrival) };
  }

  isFactory(target: IncomingInvite["target"]): boolean {
    return parseUri(target)?.user === this.#options.factory;
  }

  /** By what right somebody comes in: whoever opens a conference of their own is its moderator. */
  standing({ id, guests, moderator, isNew, old, identity }: Arrival): Standing {
    const { members, returning } = this.#options;
    const same = old && members.homeOf(old)?.id === id ? old.standing : undefined;
    const opens = guests.length > 0 && isPrivate(id) && !members.conferences.get(id)?.moderated;
    const was = returning?.find(id, identity);
    return {
      key: old?.key ?? Symbol(id),
      moderator: moderator || isNew || opens || same?.moderator === true || was?.moderator === true,
      everywhere: moderator || same?.everywhere === true,
      method: same?.method ?? "dialed-in",
      invitedBy: same?.invitedBy,
    };
  }

  /** That of the call which Join names, a new one of the factory's, or the one that is called. */
  #conferenceOf(invite: IncomingInvite, identity: Identity): string {
    const joined = joinIn(invite.request);
    if (joined) return this.#joined(joined);
    const id = this.isFactory(invite.target) ? newConferenceId(identity) : conferenceId(invite.target);
    if (id === undefined) throw new SipError(404, "Not Found");
    return id;
  }

  /** Who knows a call's tags was told of it by one of its ends; the conference's own rules are not his to pass (RFC 3911 §4). */
  #joined(dialog: DialogId): string {
    const { members } = this.#options;
    const participant = members.inCall(dialog);
    const conference = participant && members.homeOf(participant);
    if (!participant || !conference?.has(participant))
      throw new SipError(481, "Call/Transaction Does Not Exist");
    return conference.id;
  }

  /** The participant whose dialog is to be replaced; tags and Call-ID prove knowledge, From and origin ownership. */
  #replaced(dialog: DialogId, identity: Identity): Participant {
    const participant = this.#options.members.inCall(dialog);
    if (!participant) throw new SipError(481, "Call/Transaction Does Not Exist");
    if (!sameOwner(participant.identity, identity)) throw new SipError(403, "Forbidden");
    return participant;
  }

  /** Those who are in may come again, and moderators come in always. Throws SipError 403. */
  #obstacle(arrival: Arrival): Obstacle | undefined {
    const { id, invite, moderator, isNew, old, identity } = arrival;
    const conference = this.#options.members.conferences.get(id);
    const policy = this.#options.policies.of(id);
    if (moderator || isNew || (old && conference?.has(old))) return undefined;
    const wasIn = this.#options.returning?.find(id, identity) !== undefined;
    const isIn = () => wasIn || (!old && conference?.findMember(identity) !== undefined);
    if (policy.locked && !policy.lobby && !isIn()) throw new SipError(403, "The Conference Is Locked");
    const caller = { address: identity.address, conference: id };
    if (this.#options.door.judge(policy, invite.target, caller) === "ask") return "pin";
    const waits = hasToWait(policy, conference) && !isIn() && !this.standing(arrival).moderator;
    return waits ? "lobby" : undefined;
  }
}

function isFocus({ request }: IncomingInvite): boolean {
  const { contact } = request.headers;
  return contact !== "*" && contact?.[0] !== undefined && "isfocus" in contact[0].params;
}
