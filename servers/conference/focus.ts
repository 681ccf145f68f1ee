/** The focus: the SIP end of every conference on this server, which each participant has a dialog with (RFC 4353 §3). */

import type { Logger } from "pino";
import type { IncomingRefer } from "#sip/incoming-refer.ts";
import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { AcceptOptions, DialogId, IncomingInvite, Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { isSipUri, parseUri } from "#sip/uri.ts";
import { Conference } from "./conference.ts";
import { conferenceId } from "./conference-id.ts";
import { CONFERENCE_EVENT } from "./conference-package.ts";
import type { Connection, Legs } from "./connect.ts";
import { connect } from "./connect.ts";
import type { Identity } from "./identity.ts";
import { identityOf, sameOwner } from "./identity.ts";
import type { MediaOrder } from "./mixer-control.ts";
import { Participant } from "./participant.ts";

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
  readonly log: Pick<Logger, "info" | "error">;
  readonly limits?: Limits;
}

/** By what somebody who asks for something shows that he is a member. */
type Asking = Pick<IncomingSubscribe, "leg" | "targetDialog" | "from" | "source">;

/** A caller on the way in. */
interface Arrival {
  readonly id: string;
  readonly invite: IncomingInvite;
  readonly identity: Identity;
  readonly cancelled: AbortSignal;
}

export class Focus {
  readonly #options: FocusOptions;
  readonly #limits: Limits;
  readonly #conferences = new Map<string, Conference>();
  readonly #participants = new Map<Leg, Participant>();
  readonly #homes = new Map<Participant, Conference>();
  #arriving = 0;

  constructor(options: FocusOptions) {
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
  }

  /** The conferences there are, by their ids. */
  get conferences(): ReadonlyMap<string, Conference> {
    return this.#conferences;
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
    const conference = this.#conferences.get(conferenceId(subscribe.target) ?? "");
    const member = conference && this.#memberOf(conference, subscribe);
    if (!member) subscribe.reject(403);
    else if (conference.watches(member) >= this.#limits.subscriptionsEach) subscribe.reject(503);
    else watch(conference, member, subscribe);
  }

  /** A REFER: only members may ask for anything, in their call or by naming it (RFC 4579 §5.5, RFC 4538); none is granted yet. */
  referred(refer: IncomingRefer): void {
    const leg = refer.leg && this.#participants.get(refer.leg);
    const asked = isSipUri(refer.request.uri) ? conferenceId(refer.request.uri) : undefined;
    const conference = (leg && this.#homes.get(leg)) ?? this.#conferences.get(asked ?? "");
    const member = conference && this.#memberOf(conference, refer);
    refer.reject(member ? 603 : 403);
  }

  /** What an INVITE to this URI would get now (RFC 3261 §11.2). */
  inviteStatus(target: SipUri): number {
    const id = conferenceId(target);
    if (id === undefined) return parseUri(target)?.user === undefined ? 200 : 404;
    return this.#hasRoom(id, this.#arriving + 1) ? 200 : 503;
  }

  /** Ends every participant's legs; the phones are told why (RFC 3326). */
  async close(): Promise<void> {
    const reason = "The conference server closes";
    await Promise.all([...this.#participants.values()].map((participant) => participant.end(reason)));
  }

  async #admit(invite: IncomingInvite): Promise<void> {
    const cancel = new AbortController();
    invite.onCancelled = () => cancel.abort();
    const id = conferenceId(invite.target);
    if (id === undefined) throw new SipError(404, "Not Found");
    const identity = identityOf(invite.from, invite.source);
    const arrival = { id, invite, identity, cancelled: cancel.signal };
    const old = invite.replaces && this.#replaced(invite.replaces, identity);
    this.#makeRoom(id, old === undefined);
    await (old ? this.#move(arrival, old) : this.#join(arrival));
  }

  async #join({ id, invite, identity, cancelled }: Arrival): Promise<void> {
    const order = (media: MediaOrder) => this.#options.order(id, { ...media, signal: cancelled });
    const undo = (mixer: Leg) => mixer.bye();
    const legs = await connect({ invite, cancelled, order, undo }, asFocus(id));
    const conference = this.#conference(id);
    conference.add(this.#enlist(identity, legs, conference));
    this.#options.log.info({ conference: id, participants: conference.size }, "participant joined");
  }

  /** The mixer carries the stream over, the new dialog stands, then the old one ends (RFC 3891 §3, make before break). */
  async #move(arrival: Arrival, old: Participant): Promise<void> {
    const { id, identity } = arrival;
    await old.handOver(async (stream) => {
      const legs = await connect(this.#takeover(arrival, old, stream), asFocus(id));
      const from = this.#homes.get(old);
      const to = this.#conference(id);
      const participant = this.#enlist(identity, legs, to);
      if (to === from) to.replace(old, participant);
      else to.add(participant);
      old.replaced();
      this.#options.log.info({ from: from?.id, conference: id, participants: to.size }, "participant moved");
    });
  }

  /** A caller who cancels when the mixer has moved the stream already gets it moved back. */
  #takeover({ id, invite, cancelled }: Arrival, old: Participant, stream: DialogId): Connection {
    const { order } = this.#options;
    const home = this.#homes.get(old)?.id ?? id;
    return {
      invite,
      cancelled,
      order: (media) => order(id, { ...media, replaces: stream }),
      undo: async ({ id: replaces }) => {
        const back = await order(home, { offer: old.phone.description, replaces });
        old.takeBack(back.leg);
      },
    };
  }

  /** The participant whose dialog is to be replaced; tags and Call-ID prove knowledge, From and address ownership. */
  #replaced(dialog: DialogId, identity: Identity): Participant {
    const leg = this.#options.findLeg(dialog);
    const participant = leg && this.#participants.get(leg);
    if (!participant) throw new SipError(481, "Call/Transaction Does Not Exist");
    if (!sameOwner(participant.identity, identity)) throw new SipError(403, "Forbidden");
    return participant;
  }

  #makeRoom(id: string, another: boolean): void {
    if (!this.#hasRoom(id, another ? this.#arriving : 0)) throw new SipError(503, "Service Unavailable");
  }

  #hasRoom(id: string, arriving: number): boolean {
    const { conferences, participants } = this.#limits;
    const full = arriving > 0 && this.#participants.size + arriving > participants;
    const crowded = !this.#conferences.has(id) && this.#conferences.size >= conferences;
    return !full && !crowded;
  }

  #memberOf(
    conference: Conference,
    { leg: own, targetDialog, from, source }: Asking,
  ): Participant | undefined {
    const leg = own ?? (targetDialog && this.#options.findLeg(targetDialog));
    const participant = leg && this.#participants.get(leg);
    if (participant && conference.has(participant)) return participant;
    return conference.findMember(identityOf(from, source));
  }

  #conference(id: string): Conference {
    const conference = this.#conferences.get(id) ?? new Conference(id, this.#options.entity(id));
    this.#conferences.set(id, conference);
    return conference;
  }

  #enlist(identity: Identity, legs: Legs, conference: Conference): Participant {
    const participant = new Participant(identity, legs, {
      onChanged: () => conference.changed(participant),
      onEnded: () => this.#forget(participant),
    });
    this.#participants.set(legs.phone, participant);
    this.#homes.set(participant, conference);
    return participant;
  }

  /** The last one to leave ends the conference (RFC 4579 §5.2: it lives as long as somebody is in it). */
  #forget(participant: Participant): void {
    this.#participants.delete(participant.phone);
    const conference = this.#homes.get(participant);
    this.#homes.delete(participant);
    conference?.remove(participant);
    if (conference?.size !== 0) return;
    this.#conferences.delete(conference.id);
    this.#options.log.info({ conference: conference.id }, "conference ended");
  }

  #refuse(invite: IncomingInvite, cause: unknown): void {
    const status = cause instanceof SipError ? cause.status : 500;
    if (status === 500) this.#options.log.error({ err: cause }, "INVITE failed");
    invite.reject(status, undefined, status === 503 ? RETRY_AFTER : {});
  }
}

function watch(conference: Conference, member: Participant, subscribe: IncomingSubscribe): void {
  const notifier = subscribe.accept({
    onRefresh: () => conference.refresh(notifier),
    onEnded: () => conference.unwatch(notifier),
  });
  conference.watch(member, notifier);
}

/** How a focus answers: it says that it is one, and which events it has (RFC 4579 §4). */
function asFocus(id: string): AcceptOptions {
  return { contactUser: id, contactParams: { isfocus: null }, headers: { "allow-events": CONFERENCE_EVENT } };
}
