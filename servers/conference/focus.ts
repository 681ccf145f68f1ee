/** The focus: the SIP end of every conference on this server, which each participant has a dialog with (RFC 4353 §3). */

import type { Logger } from "pino";
import type { IncomingRefer } from "#sip/incoming-refer.ts";
import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { Caller, DialogId, IncomingInvite, Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import type { ReferTo } from "#sip/refer-to.ts";
import { SipError } from "#sip/sip-error.ts";
import { parseUri } from "#sip/uri.ts";
import { asFocus } from "./as-focus.ts";
import type { Conference } from "./conference.ts";
import { conferenceId } from "./conference-id.ts";
import type { Connection } from "./connect.ts";
import { connect } from "./connect.ts";
import type { Identity } from "./identity.ts";
import { identityOf, sameOwner } from "./identity.ts";
import { Invitations, type InviteLimits } from "./invitations.ts";
import { listedIn } from "./listed.ts";
import { Members } from "./members.ts";
import type { MediaOrder } from "./mixer-control.ts";
import { Moderators } from "./moderators.ts";
import { Mover } from "./mover.ts";
import type { Participant, Standing } from "./participant.ts";
import { Policies } from "./policies.ts";
import { referred } from "./referrals.ts";
import { type Actor, isPrivate } from "./rights.ts";

/** What one server takes on; whoever comes after that is told to come again later (RFC 3261 §21.5.4). */
export interface Limits {
  readonly conferences: number;
  readonly participants: number;
  readonly subscriptionsEach: number;
}

export const LIMITS: Limits = { conferences: 2_000, participants: 4_000, subscriptionsEach: 4 };

const RETRY_AFTER = { "retry-after": "10" };

/** What the focus needs of the world around it. */
export interface FocusOptions {
  /** The URI under which a conference is known. */
  entity(id: string): SipUri;
  order(conference: string, order: MediaOrder): Promise<{ leg: Leg; answer: Sdp }>;
  findLeg(id: DialogId): Leg | undefined;
  /** Calls phones. */
  readonly caller: Caller;
  readonly log: Pick<Logger, "info" | "error">;
  readonly limits?: Limits;
  readonly inviteLimits?: InviteLimits | undefined;
  /** Who may do everything in every conference; nobody when missing. */
  readonly moderators?: Moderators | undefined;
}

/** A caller on the way in. */
interface Arrival {
  readonly id: string;
  readonly invite: IncomingInvite;
  readonly identity: Identity;
  readonly cancelled: AbortSignal;
  /** Whom the caller wants to have called in (RFC 5366). */
  readonly guests: readonly ReferTo[];
  readonly moderator: boolean;
}

export class Focus {
  /** What was set up for each conference, held or not. */
  readonly policies = new Policies();
  /** No conference is begun any more; those that are held go on, and people may join them. */
  draining = false;
  readonly #options: FocusOptions;
  readonly #limits: Limits;
  readonly #members: Members;
  readonly #invitations: Invitations;
  readonly #moderators: Moderators;
  /** Moves participants to other conferences. */
  readonly mover: Mover;
  #arriving = 0;

  constructor(options: FocusOptions) {
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
    this.#members = new Members({
      entity: (id) => options.entity(id),
      policies: this.policies,
      findLeg: (id) => options.findLeg(id),
      onEmpty: (conference) => {
        this.#invitations.end(conference);
        if (conference.locked) conference.setPolicy({ locked: false });
        options.log.info({ conference: conference.id }, "conference ended");
      },
    });
    this.#moderators = options.moderators ?? new Moderators();
    this.mover = new Mover({
      members: this.#members,
      order: (room, order) => options.order(room, order),
      makeRoom: (id) => this.#makeRoom(id, 0),
      onMoved: (from, to) => this.#moved(from, to),
    });
    this.#invitations = new Invitations({
      outside: options,
      limits: options.inviteLimits,
      makeRoom: (id) => this.#makeRoom(id, this.#arriving + 1),
      joined: (conference, who, legs) => conference.add(this.#members.enlist(who, legs, conference)),
    });
  }

  /** For those who operate the server. */
  get members(): Members {
    return this.#members;
  }

  /** For the same. */
  get invitations(): Invitations {
    return this.#invitations;
  }

  /** The conferences there are, by their ids. */
  get conferences(): ReadonlyMap<string, Conference> {
    return this.#members.conferences;
  }

  /** Whose call that is. */
  participantOf(dialog: DialogId): Participant | undefined {
    return this.#members.inCall(dialog);
  }

  /** An INVITE outside a dialog: somebody joins a conference, or moves to it (RFC 4579 §5.2, RFC 3891). */
  async invited(invite: IncomingInvite): Promise<void> {
    this.#arriving += 1;
    try {
      await this.#admit(invite);
    } catch (cause) {
      this.#refuse(invite, cause);
    } finally {
      this.#arriving -= 1;
    }
  }

  /** A SUBSCRIBE outside a dialog: only members get the roster; a stranger does not even learn that there is one. */
  subscribed(subscribe: IncomingSubscribe): void {
    const members = this.#members;
    const conference = this.conferences.get(conferenceId(subscribe.target) ?? "");
    const member = conference && members.memberOf(conference, subscribe);
    const comes = !member && conference && members.isComing(subscribe) && this.#invitations.next(conference);
    if (comes) void comes.then(() => this.subscribed(subscribe));
    else if (!member) subscribe.reject(403);
    else if (conference.watches(member) >= this.#limits.subscriptionsEach) subscribe.reject(503);
    else watch(conference, member, subscribe);
  }

  /** A REFER: only members may ask, in their call or by naming it, and moderators (RFC 4579 §5.5, RFC 4538). */
  referred(refer: IncomingRefer): void {
    const conference = this.#members.meant(refer);
    const member = conference && this.#members.callerOf(conference, refer);
    const verdict = member ? undefined : this.#moderators.judge(refer.request);
    if (verdict?.name === "challenge") refer.reject(401, undefined, verdict.headers);
    else if (conference && member) referred(refer, { conference, actor: member }, this.#invitations);
    else if (conference && verdict)
      referred(refer, { conference, actor: stranger(refer) }, this.#invitations);
    else refer.reject(403);
  }

  /** What an INVITE to this URI would get now (RFC 3261 §11.2). */
  inviteStatus(target: SipUri): number {
    const id = conferenceId(target);
    if (id === undefined && parseUri(target)?.user !== undefined) return 404;
    if (id === undefined) return this.draining ? 503 : 200;
    return this.#hasRoom(id, this.#arriving + 1) ? 200 : 503;
  }

  /** Ends every participant's legs; the phones are told why (RFC 3326). */
  async close(): Promise<void> {
    const reason = "The conference server closes";
    this.#invitations.close();
    await Promise.all(this.#members.all.map((participant) => participant.end(reason)));
  }

  async #admit(invite: IncomingInvite): Promise<void> {
    const cancel = new AbortController();
    invite.onCancelled = () => cancel.abort();
    const id = conferenceId(invite.target);
    if (id === undefined) throw new SipError(404, "Not Found");
    // Two foci in one another's conference would hear themselves.
    if (isFocus(invite)) throw new SipError(482, "Loop Detected");
    const verdict = this.#moderators.judge(invite.request);
    if (verdict?.name === "challenge") return invite.reject(401, undefined, verdict.headers);
    const identity = identityOf(invite.from, invite.source);
    const moderator = verdict?.name === "moderator";
    const guests = listedIn(invite.request);
    const arrival = { id, invite, identity, cancelled: cancel.signal, guests, moderator };
    const old = invite.replaces && this.#replaced(invite.replaces, identity);
    this.#makeRoom(id, old ? 0 : this.#arriving);
    this.#checkLock(arrival, old);
    await (old ? this.#move(arrival, old) : this.#join(arrival));
  }

  async #join(arrival: Arrival): Promise<void> {
    const { id, invite, identity, cancelled } = arrival;
    const order = (media: MediaOrder) => this.#options.order(id, { ...media, signal: cancelled });
    const undo = (mixer: Leg) => mixer.bye();
    const legs = await connect({ invite, cancelled, order, undo }, asFocus(id));
    const conference = this.#members.open(id);
    const participant = this.#members.enlist(
      { identity, standing: this.#standing(arrival) },
      legs,
      conference,
    );
    conference.add(participant);
    this.#options.log.info({ conference: id, participants: conference.size }, "participant joined");
    void this.#callGuests(arrival, conference, participant);
  }

  /** The mixer carries the stream over, the new dialog stands, then the old one ends (RFC 3891 §3, make before break). */
  async #move(arrival: Arrival, old: Participant): Promise<void> {
    const { id, identity } = arrival;
    await old.handOver(async (stream) => {
      const legs = await connect(this.#takeover(arrival, old, stream), asFocus(id));
      const from = this.#members.homeOf(old);
      const to = this.#members.open(id);
      const standing = this.#standing(arrival, old);
      const participant = this.#members.enlist({ identity, standing }, legs, to);
      if (to === from) to.replace(old, participant);
      else to.add(participant);
      old.replaced();
      void this.#callGuests(arrival, to, participant);
      this.#moved(from, to);
    });
  }

  #moved(from: Conference | undefined, { id, size }: Conference): void {
    this.#options.log.info({ from: from?.id, conference: id, participants: size }, "participant moved");
  }

  /** A caller who cancels when the mixer has moved the stream already gets it moved back. */
  #takeover({ id, invite, cancelled }: Arrival, old: Participant, stream: DialogId): Connection {
    const { order } = this.#options;
    return {
      invite,
      cancelled,
      order: (media) => order(id, { ...media, replaces: stream }),
      undo: async ({ id: replaces }) => {
        const back = await order(old.room, { offer: old.phone.description, replaces });
        old.takeBack(back.leg);
      },
    };
  }

  /** The participant whose dialog is to be replaced; tags and Call-ID prove knowledge, From and address ownership. */
  #replaced(dialog: DialogId, identity: Identity): Participant {
    const participant = this.#members.inCall(dialog);
    if (!participant) throw new SipError(481, "Call/Transaction Does Not Exist");
    if (!sameOwner(participant.identity, identity)) throw new SipError(403, "Forbidden");
    return participant;
  }

  /** Those who are in may come again; the others learn why they may not. */
  #checkLock({ id, identity, moderator }: Arrival, old: Participant | undefined): void {
    const conference = this.conferences.get(id);
    if (!conference?.locked || moderator) return;
    const isIn = old
      ? this.#members.homeOf(old) === conference
      : conference.findMember(identity) !== undefined;
    if (!isIn) throw new SipError(403, "The Conference Is Locked");
  }

  /** By what right somebody comes in: whoever opens a private conference with a list of people is its moderator. */
  #standing({ id, guests, moderator }: Arrival, old?: Participant): Standing {
    const same = old && this.#members.homeOf(old)?.id === id ? old.standing : undefined;
    const opens = guests.length > 0 && isPrivate(id) && !this.conferences.get(id)?.moderated;
    return {
      key: old?.key ?? Symbol(id),
      moderator: moderator || opens || same?.moderator === true,
      everywhere: moderator || same?.everywhere === true,
      method: same?.method ?? "dialed-in",
      invitedBy: same?.invitedBy,
    };
  }

  /**
   * Who cannot be called is left out: the caller is in already, and sees in the roster who comes (RFC 5366 §5). Nobody is
   * called before the caller's ACK, for who forges a source address never sends it (promise A1).
   */
  async #callGuests({ guests }: Arrival, conference: Conference, actor: Participant): Promise<void> {
    if (guests.length === 0 || !(await actor.phone.acknowledged()) || !conference.has(actor)) return;
    for (const place of guests) {
      try {
        this.#invitations.check(conference, actor, [place]);
        this.#invitations.invite({ conference, actor, place }, () => undefined);
      } catch (err) {
        this.#options.log.info({ conference: conference.id, err }, "somebody of a list is not called");
      }
    }
  }

  #makeRoom(id: string, arriving: number): void {
    if (!this.#hasRoom(id, arriving)) throw new SipError(503, "Service Unavailable");
  }

  #hasRoom(id: string, arriving: number): boolean {
    const { conferences, participants } = this.#limits;
    const coming = arriving + this.#invitations.size;
    const full = arriving > 0 && this.#members.size + coming > participants;
    const crowded = !this.conferences.has(id) && (this.draining || this.conferences.size >= conferences);
    return !full && !crowded;
  }

  #refuse(invite: IncomingInvite, cause: unknown): void {
    const known = cause instanceof SipError ? cause : undefined;
    const status = known?.status ?? 500;
    if (!known) this.#options.log.error({ err: cause }, "INVITE failed");
    invite.reject(status, status === 403 ? known?.reason : undefined, status === 503 ? RETRY_AFTER : {});
  }
}

function watch(conference: Conference, member: Participant, subscribe: IncomingSubscribe): void {
  const notifier = subscribe.accept({
    onRefresh: () => conference.refresh(notifier),
    onEnded: () => conference.unwatch(notifier),
  });
  conference.watch(member, notifier);
}

function isFocus({ request }: IncomingInvite): boolean {
  const { contact } = request.headers;
  return contact !== "*" && contact?.[0] !== undefined && "isfocus" in contact[0].params;
}

/** A moderator who is not in the conference. */
function stranger({ from, source }: IncomingRefer): Actor {
  return { identity: identityOf(from, source), key: Symbol("moderator"), moderator: true };
}
