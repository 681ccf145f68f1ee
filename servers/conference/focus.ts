/** The focus: the SIP end of every conference on this server, which each participant has a dialog with (RFC 4353 §3). */

import type { Logger } from "pino";
import type { IncomingRefer } from "#sip/incoming-refer.ts";
import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { Caller, DialogId, IncomingInvite, Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { parseUri } from "#sip/uri.ts";
import { Admission } from "./admission.ts";
import { Arrivals } from "./arrivals.ts";
import { Capacity, LIMITS, type Limits } from "./capacity.ts";
import type { Conference } from "./conference.ts";
import { conferenceId } from "./conference-id.ts";
import { control, type Powers } from "./control.ts";
import { Door } from "./door.ts";
import { FACTORY } from "./factory.ts";
import type { Identity } from "./identity.ts";
import { Invitations, type InviteLimits } from "./invitations.ts";
import { Lobby, type LobbyOptions } from "./lobby.ts";
import { Members } from "./members.ts";
import type { MediaOrder, Seat } from "./mixer-control.ts";
import { Moderators } from "./moderators.ts";
import { Mover } from "./mover.ts";
import type { Participant } from "./participant.ts";
import { Policies } from "./policies.ts";
import { referred } from "./referrals.ts";
import type { Returning } from "./returning.ts";
import type { Actor } from "./rights.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

/** What the focus needs of the world around it. */
export interface FocusOptions {
  /** The URI under which a conference is known. */
  entity(id: string): SipUri;
  order(conference: string, order: MediaOrder): Promise<Seat>;
  /** Whether any mixer lives; always when missing. */
  hasMixer?(): boolean;
  findLeg(id: DialogId): Leg | undefined;
  /** Calls phones. */
  readonly caller: Caller;
  readonly log: Pick<Logger, "info" | "error">;
  readonly limits?: Partial<Limits> | undefined;
  readonly inviteLimits?: InviteLimits | undefined;
  /** Who may do everything in every conference; nobody when missing. */
  readonly moderators?: Moderators | undefined;
  /** Who was in before the server died. */
  readonly returning?: Returning | undefined;
  /** The user part of the URI that gives whoever calls it a conference of their own. */
  readonly factory?: string | undefined;
  /** Addresses of proxies whose word is taken for where a call comes from, and whose it is (RFC 3325). */
  readonly trustedProxies?: readonly string[] | undefined;
}

export class Focus {
  /** What was set up for each conference, held or not. */
  readonly policies = new Policies();
  /** For those who operate the server. */
  readonly members: Members;
  /** For the same. */
  readonly invitations: Invitations;
  /** Those who wait to be let in. */
  readonly lobby: Lobby;
  /** Moves participants to other conferences. */
  readonly mover: Mover;
  readonly #log: FocusOptions["log"];
  readonly #capacity: Capacity;
  readonly #hasMixer: () => boolean;
  readonly #moderators: Moderators;
  readonly #admission: Admission;
  readonly #arrivals: Arrivals;
  readonly #proxies: TrustedProxies;

  constructor(options: FocusOptions) {
    const { policies } = this;
    const proxies = new TrustedProxies(options.trustedProxies);
    this.#proxies = proxies;
    const onMoved = (from: Conference | undefined, to: Conference) => this.#moved(from, to);
    const order = (room: string, media: MediaOrder) => options.order(room, media);
    this.#log = options.log;
    this.#hasMixer = () => options.hasMixer?.() ?? true;
    this.#capacity = new Capacity({ ...LIMITS, ...options.limits }, () => this.#load);
    const capacity = this.#capacity;
    this.members = new Members({
      entity: (id) => options.entity(id),
      policies,
      proxies,
      findLeg: (id) => options.findLeg(id),
      onUnseated: (participant) => void this.mover.rehome(participant),
      onEmpty: (conference) => this.#ended(conference),
      onAsked: (asked) => control(asked, this.#powers),
    });
    const { members } = this;
    this.mover = new Mover({ members, order, moving: (id, move) => capacity.moving(id, move), onMoved });
    this.invitations = new Invitations({
      outside: options,
      limits: options.inviteLimits,
      makeRoom: (id, count) => capacity.makeRoomForCalls(id, count),
      comesMuted: (conference, who) => members.comesMuted(conference.id, who),
      joined: (conference, who, legs) => conference.add(members.enlist(who, legs, conference)),
    });
    this.#moderators = options.moderators ?? new Moderators();
    const { factory = FACTORY, returning } = options;
    const door = new Door();
    const moderators = this.#moderators;
    this.#admission = new Admission({
      members,
      policies,
      proxies,
      moderators,
      door,
      factory,
      returning,
    });
    const seat: LobbyOptions["seat"] = (who, room, seated) => this.mover.seat(who, room, seated);
    this.lobby = new Lobby({ members, policies, door, seat, log: options.log });
    this.#arrivals = new Arrivals({
      order,
      members,
      admission: this.#admission,
      capacity,
      proxies,
      lobby: this.lobby,
      invitations: this.invitations,
      onMoved,
      log: options.log,
    });
  }

  /** No conference is begun any more; those that are held go on, and people may join them. */
  get draining(): boolean {
    return this.#capacity.draining;
  }

  set draining(draining: boolean) {
    this.#capacity.draining = draining;
  }

  /** The conferences there are, by their ids. */
  get conferences(): ReadonlyMap<string, Conference> {
    return this.members.conferences;
  }

  /** Whose call that is. */
  participantOf(dialog: DialogId): Participant | undefined {
    return this.members.inCall(dialog);
  }

  /** An INVITE outside a dialog: somebody joins a conference, or moves to it (RFC 4579 §5.1, RFC 3891, RFC 3911). */
  invited(invite: IncomingInvite): Promise<void> {
    return this.#arrivals.receive(invite);
  }

  /** A SUBSCRIBE outside a dialog: only members get the roster; a stranger the count, or nothing at all. */
  subscribed(subscribe: IncomingSubscribe): void {
    const conference = this.conferences.get(conferenceId(subscribe.target) ?? "");
    const waiting = conference && this.members.waitingAt(conference, subscribe);
    if (waiting) conference.waitingWatchers.subscribed(subscribe, waiting);
    else if (conference) this.#watches(subscribe, conference);
    else subscribe.reject(403);
  }

  #watches(subscribe: IncomingSubscribe, conference: Conference): void {
    const { members } = this;
    const member = members.memberOf(conference, subscribe);
    const comes = !member && members.isComing(subscribe) ? this.invitations.next(conference) : undefined;
    if (comes !== undefined) void comes.then(() => this.subscribed(subscribe));
    else if (member || conference.policy.countForAll) {
      const who = member ?? this.#proxies.originOf(subscribe).address;
      conference.subscribers.subscribed(subscribe, { who, most: this.#capacity.subscriptionsEach });
    } else subscribe.reject(403);
  }

  /** A REFER: only members may ask, in their call or by naming it, and moderators (RFC 4579 §5.5, RFC 4538). */
  referred(refer: IncomingRefer): void {
    const conference = this.members.meant(refer);
    const member = conference && this.members.callerOf(conference, refer);
    const identity = this.#proxies.identityOf(refer);
    const verdict = member ? undefined : this.#moderators.judge(refer.request, identity.asserted);
    if (verdict?.name === "challenge") refer.reject(401, undefined, verdict.headers);
    else if (conference && member) referred(refer, { conference, actor: member }, this.invitations);
    else if (conference && verdict)
      referred(refer, { conference, actor: stranger(identity) }, this.invitations);
    else refer.reject(403);
  }

  /** What an INVITE to this URI would get now (RFC 3261 §11.2). */
  inviteStatus(target: SipUri): number {
    const id = conferenceId(target);
    if (id === undefined && parseUri(target)?.user !== undefined) return 404;
    if (id === undefined) return this.draining ? 503 : 200;
    return this.#capacity.welcomes(id) ? 200 : 503;
  }

  /** Ends a conference for all, those who wait or are being called too; the phones are told why. */
  async end(conference: Conference, reason: string): Promise<void> {
    this.invitations.end(conference);
    await Promise.all(this.members.of(conference).map((participant) => participant.end(reason)));
  }

  /** Ends every participant's legs; the phones are told why (RFC 3326). */
  async close(): Promise<void> {
    const reason = "The conference server closes";
    this.invitations.close();
    await Promise.all(this.members.all.map((participant) => participant.end(reason)));
  }

  get #powers(): Powers {
    return {
      admit: (conference, who) => this.lobby.admit(conference, who),
      refuse: (conference, who) => this.lobby.refuse(conference, who),
      end: (conference, reason) => this.end(conference, reason),
    };
  }

  get #load() {
    const { conferences, members, invitations, policies, lobby } = this;
    return {
      mixed: this.#hasMixer(),
      conferences,
      participants: members.size + invitations.size,
      countOf: (id: string) => {
        const { size = 0, waiting } = conferences.get(id) ?? {};
        return size + (waiting?.size ?? 0) + lobby.typing(id) + invitations.ringing(id);
      },
      capacityOf: (id: string) => policies.of(id).capacity,
    };
  }

  /** Nobody is there to unlock it, and the next ones are others. */
  #ended(conference: Conference): void {
    this.invitations.end(conference);
    if (conference.locked) conference.setPolicy({ locked: false });
    this.#log.info({ conference: conference.id }, "conference ended");
  }

  #moved(from: Conference | undefined, { id, size }: Conference): void {
    this.#log.info({ from: from?.id, conference: id, participants: size }, "participant moved");
  }
}

/** A moderator who is not in the conference. */
function stranger(identity: Identity): Actor {
  return { identity, key: Symbol("moderator"), moderator: true };
}
