/** Who is in which conference of this server, by which call, and by what somebody who asks shows that he is. */

import type { IncomingRefer } from "#sip/incoming-refer.ts";
import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { DialogId, Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { isSipUri } from "#sip/uri.ts";
import { type Bearing, inAnother, mutedBy } from "./bearing.ts";
import { Conference } from "./conference.ts";
import { conferenceId } from "./conference-id.ts";
import type { Legs } from "./connect.ts";
import type { Asked } from "./control.ts";
import { Happenings } from "./happenings.ts";
import { KeptMutes } from "./kept-mutes.ts";
import { HEARD, isMuted } from "./muting.ts";
import { Participant } from "./participant.ts";
import type { Policies } from "./policies.ts";
import type { Newcomer } from "./standing.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

export interface MembersOptions {
  /** The URI under which a conference is known. */
  entity(id: string): SipUri;
  findLeg(id: DialogId): Leg | undefined;
  readonly policies: Policies;
  readonly proxies: TrustedProxies;
  /** Somebody's mixer has ended his leg. */
  onUnseated(participant: Participant): void;
  /** A member asks something of his conference. Throws SipError. */
  onAsked(asked: Asked): void;
  /** Its last participant has left. */
  onEmpty(conference: Conference): void;
}

/** What a request says of the call it is about, and of its sender. */
type Asking = Pick<IncomingSubscribe, "leg" | "targetDialog" | "request" | "from" | "source">;
type Naming = Pick<Asking, "leg" | "targetDialog">;

export class Members {
  readonly happenings = new Happenings();
  readonly keptMutes = new KeptMutes();
  readonly #options: MembersOptions;
  readonly #conferences = new Map<string, Conference>();
  readonly #participants = new Map<Leg, Participant>();
  readonly #homes = new Map<Participant, Conference>();
  readonly #byKey = new Map<symbol, Participant>();

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  get conferences(): ReadonlyMap<string, Conference> {
    return this.#conferences;
  }

  get all(): readonly Participant[] {
    return [...this.#participants.values()];
  }

  get size(): number {
    return this.#participants.size;
  }

  /** The conference of that name, made if there is none. */
  open(id: string): Conference {
    const known = this.#conferences.get(id);
    if (known) return known;
    const { entity, policies } = this.#options;
    const conference = new Conference(id, entity(id), policies);
    this.#conferences.set(id, conference);
    this.happenings.tell({ name: "conference-created", conference });
    return conference;
  }

  /** From now on these legs are a participant's, until they end; the roster is the caller's to change. */
  enlist(who: Newcomer & { readonly room?: string }, legs: Legs, conference: Conference): Participant {
    const from = this.#homeOfFormer(who);
    const bearing = this.#bearing(conference.id, who);
    const participant = new Participant({ room: conference.id, ...who, bearing }, legs, {
      onChanged: () => this.#changed(participant),
      onAsked: (body) => this.#asked(body, participant),
      onUnseated: () => this.#options.onUnseated(participant),
      onEnded: () => this.#forget(participant),
    });
    this.#participants.set(legs.phone, participant);
    this.#homes.set(participant, conference);
    this.#byKey.set(participant.key, participant);
    this.keptMutes.note(conference.id, participant);
    // Whom the server has called may have answered when his mixer was gone.
    if (!participant.seated) this.#options.onUnseated(participant);
    if (participant.room !== conference.id) return participant;
    if (from) this.happenings.tell({ name: "participant-moved", from, conference, participant });
    else this.happenings.tell({ name: "participant-joined", conference, participant });
    return participant;
  }

  /** Whether somebody comes into a conference unheard: his leg at the mixer is to be silent from the first packet on. */
  comesMuted(id: string, who: Newcomer): boolean {
    return isMuted(this.#bearing(id, who)?.muting ?? HEARD);
  }

  /** From one conference to another, which nobody need open: both rosters say so, and one that nobody is in any more ends. */
  transfer(participant: Participant, id: string): Conference {
    const from = this.#homes.get(participant);
    const conference = this.open(id);
    if (from === undefined || from === conference) return conference;
    this.#homes.set(participant, conference);
    participant.enterAnother();
    conference.add(participant);
    this.happenings.tell({ name: "participant-moved", from, conference, participant });
    this.#leave(participant, from);
    return conference;
  }

  /** Somebody who has waited is in now. */
  admitted(participant: Participant, conference: Conference): void {
    conference.add(participant);
    this.happenings.tell({ name: "participant-joined", conference, participant });
  }

  /** All who are in it, wait, or type its PIN. */
  of(conference: Conference): Participant[] {
    return [...this.#homes].filter(([, home]) => home === conference).map(([participant]) => participant);
  }

  homeOf(participant: Participant): Conference | undefined {
    return this.#homes.get(participant);
  }

  /** Who is on the line and not yet in, of whom a SUBSCRIBE names the call. */
  waitingAt(conference: Conference, naming: Naming): Participant | undefined {
    const participant = this.#of(this.#legOf(naming));
    const waits = participant && this.homeOf(participant) === conference && !conference.has(participant);
    return waits ? participant : undefined;
  }

  /** Whose call that is. */
  inCall(dialog: DialogId): Participant | undefined {
    return this.#of(this.#options.findLeg(dialog));
  }

  /** The conference of the call that a REFER came in or names, or the one it was sent to. */
  meant({ leg, request }: IncomingRefer): Conference | undefined {
    const member = this.#of(leg);
    const asked = isSipUri(request.uri) ? conferenceId(request.uri) : undefined;
    return (member && this.#homes.get(member)) ?? this.#conferences.get(asked ?? "");
  }

  /** The member in whose call something is asked, or who names it: only he knows its tags (RFC 4538 §5). */
  callerOf(conference: Conference, naming: Naming): Participant | undefined {
    const participant = this.#of(this.#legOf(naming));
    return participant && conference.has(participant) ? participant : undefined;
  }

  /** The same, or a member by name and origin, which is enough to look. */
  memberOf(conference: Conference, asking: Asking): Participant | undefined {
    const { proxies } = this.#options;
    return this.callerOf(conference, asking) ?? conference.findMember(proxies.identityOf(asking));
  }

  /** Somebody who was called has answered, and asks before the mixer has agreed to it. */
  isComing(naming: Naming): boolean {
    const leg = this.#legOf(naming);
    return leg?.state === "confirmed" && !this.#participants.has(leg);
  }

  /** As in the call whose place this one takes (RFC 3891), as newcomers to this conference are, and as a moderator had him there. */
  #bearing(id: string, who: Newcomer): Bearing | undefined {
    const former = this.#byKey.get(who.standing.key)?.bearing;
    if (this.#homeOfFormer(who)?.id === id) return this.keptMutes.bearing(id, who, former);
    const before = former && inAnother(former);
    const muted = this.#options.policies.of(id).muteOnEntry && !who.standing.moderator;
    return this.keptMutes.bearing(id, who, muted ? mutedBy("self", before) : before);
  }

  /** Where the call is, or was, whose place somebody's call takes. */
  #homeOfFormer({ standing: { key } }: Newcomer): Conference | undefined {
    const former = this.#byKey.get(key);
    return former && this.#homes.get(former);
  }

  #changed(participant: Participant): void {
    const conference = this.#homes.get(participant);
    if (!conference) return;
    this.keptMutes.note(conference.id, participant);
    conference.changed(participant);
    this.happenings.tell({ name: "participant-changed", conference, participant });
  }

  #legOf({ leg, targetDialog }: Naming): Leg | undefined {
    return leg ?? (targetDialog && this.#options.findLeg(targetDialog));
  }

  #of(leg: Leg | undefined): Participant | undefined {
    return leg && this.#participants.get(leg);
  }

  /** The last one to leave ends the conference: it lives as long as somebody is in it. */
  #forget(participant: Participant): void {
    this.#participants.delete(participant.phone);
    const conference = this.#homes.get(participant);
    this.#homes.delete(participant);
    const replaced = this.#byKey.get(participant.key) !== participant;
    if (!replaced) this.#byKey.delete(participant.key);
    const wasSeen = conference?.id === participant.room || conference?.waiting.has(participant);
    if (conference && wasSeen && !replaced)
      this.happenings.tell({ name: "participant-left", conference, participant });
    if (conference) this.#leave(participant, conference);
  }

  /** Only who is in may ask for anything. Throws SipError. */
  #asked(body: Asked["body"], member: Participant): void {
    const conference = this.#homes.get(member);
    if (!conference?.has(member)) throw new SipError(403, "Not In The Conference");
    this.#options.onAsked({ body, conference, member });
  }

  #leave(participant: Participant, conference: Conference): void {
    conference.remove(participant);
    this.endIfEmpty(conference);
  }

  /** Also for a conference that was opened for somebody who did not come after all; as long as somebody waits it goes on. */
  endIfEmpty(conference: Conference): void {
    if (conference.size !== 0 || this.#conferences.get(conference.id) !== conference) return;
    if ([...this.#homes.values()].includes(conference)) return;
    this.#conferences.delete(conference.id);
    this.keptMutes.forget(conference.id);
    this.#options.onEmpty(conference);
    this.happenings.tell({ name: "conference-ended", conference });
  }
}
