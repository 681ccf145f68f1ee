/** Callers on their way into a conference: a leg of the mixer for each, then a seat (RFC 4579 §5.1), or that of an old call (RFC 3891). */

import type { Logger } from "pino";
import type { DialogId, IncomingInvite } from "#sip/leg.ts";
import { SipError } from "#sip/sip-error.ts";
import type { Admission, Arrival } from "./admission.ts";
import { asFocus } from "./as-focus.ts";
import { type Capacity, RETRY_AFTER } from "./capacity.ts";
import type { Conference } from "./conference.ts";
import { type Connection, connect } from "./connect.ts";
import type { Invitations } from "./invitations.ts";
import { type Lobby, type Obstacle, waitingRoom } from "./lobby.ts";
import type { Members } from "./members.ts";
import type { MediaOrder, Seat } from "./mixer-control.ts";
import type { Participant } from "./participant.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

export interface ArrivalsOptions {
  order(room: string, order: MediaOrder): Promise<Seat>;
  readonly members: Members;
  readonly admission: Admission;
  readonly capacity: Capacity;
  readonly lobby: Lobby;
  readonly proxies: TrustedProxies;
  readonly invitations: Invitations;
  onMoved(from: Conference | undefined, to: Conference): void;
  readonly log: Pick<Logger, "info" | "error">;
}

/** Statuses whose words tell a caller what he may do about it. */
const WORDED: ReadonlySet<number> = new Set([400, 403, 503]);

export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** Whom they want to have called in who have to wait themselves. */
  readonly #guests = new WeakMap<Participant, Arrival["guests"]>();

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    options.members.happenings.follow((happening) => {
      if (happening.name !== "participant-joined") return;
      const { participant, conference } = happening;
      this.#callGuests(this.#guests.get(participant) ?? [], conference, participant);
    });
  }

  /** Answers an INVITE outside a dialog; never rejects. */
  async receive(invite: IncomingInvite): Promise<void> {
    const cancel = new AbortController();
    invite.onCancelled = () => cancel.abort();
    try {
      const { address } = this.#options.proxies.originOf(invite);
      await this.#options.capacity.arriving(address, () => this.#admit(invite, cancel.signal));
    } catch (cause) {
      this.#refuse(invite, cause);
    }
  }

  async #admit(invite: IncomingInvite, cancelled: AbortSignal): Promise<void> {
    const { admission, capacity, members } = this.#options;
    const verdict = admission.judge(invite);
    if ("challenge" in verdict) return invite.reject(401, undefined, verdict.challenge);
    const { arrival, obstacle } = verdict;
    const { id, old } = arrival;
    capacity.makeRoom(id, old ? "participant" : "caller");
    if (obstacle === "pin") this.#options.lobby.makeRoomToType(id);
    const entry: Entry = { arrival, cancelled, obstacle, room: obstacle ? waitingRoom(id) : id };
    if (!old) return capacity.arrivingAt(id, () => this.#join(entry));
    if (members.homeOf(old)?.id === id) return this.#move(entry, old);
    return capacity.arrivingAt(id, () => this.#move(entry, old));
  }

  async #join(entry: Entry): Promise<void> {
    const { members, admission, log } = this.#options;
    const { arrival, cancelled, room } = entry;
    const { id, invite, identity } = arrival;
    const silenced = this.#comesMuted(arrival);
    const order = (media: MediaOrder) => this.#options.order(room, { ...media, silenced, signal: cancelled });
    const undo = ({ leg }: Seat) => leg.bye();
    const legs = await connect({ invite, cancelled, order, undo }, asFocus(id));
    const conference = members.open(id);
    const standing = admission.standing(arrival);
    const participant = members.enlist({ identity, standing, room }, legs, conference);
    this.#seat(entry, conference, participant);
    log.info({ conference: id, participants: conference.size }, "participant joined");
  }

  /** The mixer carries the stream over, the new dialog stands, then the old one ends (RFC 3891 §3, make before break). */
  async #move(entry: Entry, old: Participant): Promise<void> {
    const { members, admission, onMoved } = this.#options;
    const { arrival, room } = entry;
    const { id, identity } = arrival;
    await old.handOver(async (stream) => {
      const legs = await connect(this.#takeover(entry, old, stream), asFocus(id));
      const from = members.homeOf(old);
      const to = members.open(id);
      const standing = admission.standing(arrival);
      const participant = members.enlist({ identity, standing, room }, legs, to);
      if (to.has(old)) to.replace(old, participant);
      this.#seat(entry, to, participant);
      old.replaced(legs.mixer.leg);
      onMoved(from, to);
    });
  }

  #seat({ arrival, obstacle }: Entry, conference: Conference, participant: Participant): void {
    if (obstacle) this.#options.lobby.receive(participant, conference, obstacle);
    else if (!conference.has(participant)) conference.add(participant);
    void this.#receiveGuests(arrival, conference, participant);
  }

  #comesMuted(arrival: Arrival): boolean {
    const { admission, members } = this.#options;
    const { id, identity } = arrival;
    return members.comesMuted(id, { identity, standing: admission.standing(arrival) });
  }

  /** A caller who cancels when the mixer has moved the stream already gets it moved back. */
  #takeover({ arrival, room, cancelled }: Entry, old: Participant, replaces: DialogId): Connection {
    const { order } = this.#options;
    const silenced = this.#comesMuted(arrival);
    return {
      invite: arrival.invite,
      cancelled,
      order: (media) => order(room, { ...media, silenced, replaces }),
      undo: async ({ leg }) => {
        if (!old.hears(leg)) return leg.bye();
        const offer = old.description;
        old.takeBack(await order(old.room, { offer, silenced: old.silenced, replaces: leg.id }));
      },
    };
  }

  /**
   * Who cannot be called is left out: the caller is in already, and sees in the roster who comes (RFC 5366 §5). Nobody is
   * called before the caller's ACK, for who forges a source address never sends it (promise A1); nor before he is in.
   */
  async #receiveGuests({ guests }: Arrival, conference: Conference, actor: Participant): Promise<void> {
    if (guests.length === 0 || !(await actor.phone.acknowledged())) return;
    if (conference.has(actor)) this.#callGuests(guests, conference, actor);
    else this.#guests.set(actor, guests);
  }

  #callGuests(guests: Arrival["guests"], conference: Conference, actor: Participant): void {
    const { invitations, log } = this.#options;
    for (const place of guests) {
      try {
        invitations.check(conference, actor, [place]);
        invitations.invite({ conference, actor, place }, () => undefined);
      } catch (err) {
        log.info({ conference: conference.id, err }, "somebody of a list is not called");
      }
    }
  }

  #refuse(invite: IncomingInvite, cause: unknown): void {
    const known = cause instanceof SipError ? cause : undefined;
    const status = known?.status ?? 500;
    if (!known) this.#options.log.error({ err: cause }, "INVITE failed");
    const reason = WORDED.has(status) ? known?.reason : undefined;
    invite.reject(status, reason, status === 503 ? RETRY_AFTER : {});
  }
}

/** A caller who may come in, and where to. */
interface Entry {
  readonly arrival: Arrival;
  readonly cancelled: AbortSignal;
  readonly obstacle: Obstacle | undefined;
  /** At the mixer: the conference's, or one for this caller alone. */
  readonly room: string;
}
