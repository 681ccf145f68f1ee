/** One caller in a conference: the leg to their phone, the leg to the mixer, and what passes from one to the other. */

import { withDirection } from "#sdp/hold.ts";
import { sameMedia } from "#sdp/origin.ts";
import { receives, wayOf } from "#sdp/session.ts";
import type { DialogId, Leg } from "#sip/leg.ts";
import type { Sdp } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import type { Bearing } from "./bearing.ts";
import { Conduct } from "./conduct.ts";
import { CONFERENCE_CONTROL } from "./conference-control.ts";
import type { Legs } from "./connect.ts";
import type { Identity } from "./identity.ts";
import type { Keys } from "./keys.ts";
import type { Seat } from "./mixer-control.ts";
import { MixerLeg, type MixerLegOptions } from "./mixer-leg.ts";
import type { By } from "./muting.ts";
import type { Prompt } from "./prompts.ts";
import { directionOf, isOnHold, samePlace } from "./quiet.ts";
import type { Actor } from "./rights.ts";
import type { MediaStatus } from "./roster.ts";
import type { Entering, ParticipantEvents, Seating, Standing } from "./standing.ts";
import { Turns } from "./turns.ts";

/** How long a mixer may take to say BYE on a leg whose stream it has moved. */
const MIXER_BYE_MS = 2_000;

/** What a phone may show when its media are gone (RFC 3326). */
export const MIXER_GONE = "The mixer ended the media";

export class Participant implements Actor {
  readonly identity: Identity;
  /** Another one after a move. */
  standing: Standing;
  /** The conference as the mixer knows it: another than the roster's while somebody waits to be let in. */
  room: string;
  readonly joined = new Date();
  readonly phone: Leg;
  /** What he presses; whoever needs digits reads them here. */
  readonly keys: Pick<Keys, "read" | "onKey">;
  readonly #events: ParticipantEvents;
  readonly conduct: Conduct;
  readonly #turns = new Turns();
  #mixer: MixerLeg;
  #description: Sdp;
  #talking = false;
  #ended = false;
  #moving = false;

  /** Takes over both legs: they end together. */
  constructor(who: Entering, { phone, mixer }: Legs, events: ParticipantEvents) {
    this.identity = who.identity;
    this.standing = who.standing;
    this.room = who.room;
    this.phone = phone;
    this.#events = events;
    this.#description = phone.description;
    this.conduct = new Conduct({
      bearing: who.bearing,
      isModerator: () => this.moderator,
      quieten: (silenced) => this.#quieten(silenced),
      play: (prompt) => void this.play(prompt),
      onChanged: () => events.onChanged(),
    });
    this.keys = this.conduct.keys;
    this.#mixer = this.#seatedOn(mixer, { fresh: who.bearing === undefined });
    this.#listen();
  }

  get key(): symbol {
    return this.standing.key;
  }

  get moderator(): boolean {
    return this.standing.moderator;
  }

  /** Which way the participant's media flow, as their own description and our silence say; `recvonly` is muted. */
  get media(): MediaStatus {
    const quiet = this.silenced || this.onHold;
    const direction = directionOf(this.#description);
    return quiet ? wayOf(false, receives(direction)) : direction;
  }

  /** Whether nobody hears them, whatever their phone sends. */
  get silenced(): boolean {
    return this.conduct.silenced;
  }

  /** Whether the phone has put the conference on hold; what it sends then is not heard. */
  get onHold(): boolean {
    return isOnHold(this.#description);
  }

  get hand(): boolean {
    return this.conduct.hand;
  }

  get talking(): boolean {
    return this.#talking && !this.silenced && !this.onHold;
  }

  /** As the phone last described itself; its leg has that only once it was answered. */
  get description(): Sdp {
    return this.#description;
  }

  get bearing(): Bearing {
    return this.conduct.bearing;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether a mixer has a leg for them. */
  get seated(): boolean {
    return !this.#mixer.ended;
  }

  /** Ends both legs; the phone reads the reason (RFC 3326). */
  async end(reason?: string): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.conduct.keys.stop();
    this.#events.onEnded();
    await Promise.all([this.phone.bye(reason), this.#mixer.bye()]);
  }

  /**
   * Has the mixer listen to them no longer, or again; the phone is not asked and goes on sending. Resolves when the mixer
   * does so, and they are told. Throws SipError: 403 for whoever may not lift another's mute.
   */
  silence(muted: boolean, by: By = "moderator"): Promise<void> {
    return this.conduct.silence(muted, by);
  }

  /** Plays it to them alone; false when the mixer cannot. */
  play(prompt: Prompt): Promise<boolean> {
    return this.#mixer.play(prompt);
  }

  /** In another conference nobody else's mute is in force: they stay silent, and may lift it themselves. */
  enterAnother(): void {
    this.conduct.enterAnother();
  }

  /**
   * Runs `take`, during which the mixer may move this leg's stream to another leg; nothing else happens to this
   * participant meanwhile. When it throws, the participant is as before. Throws SipError 481 when it has ended.
   */
  handOver<Result>(take: (stream: DialogId) => Promise<Result>): Promise<Result> {
    return this.#alone(async () => {
      this.#moving = true;
      try {
        return await take(this.#mixer.id);
      } finally {
        this.#moving = false;
        if (this.#mixer.ended) this.#events.onUnseated();
      }
    });
  }

  /**
   * The mixer's leg is exchanged for the one that `seat` gets; the phone is asked for nothing unless its media have to go
   * elsewhere now. Runs `seated` at that moment; what need not be at once waits for `rest`. Throws SipError; the participant
   * then is as before.
   */
  reseat(seat: Seating, seated: () => void, rest?: Promise<void>): Promise<void> {
    return this.handOver(async (replaces) => {
      const left = this.#mixer;
      const offer = this.#description;
      const mixer = await seat({ offer, silenced: this.conduct.muted, replaces });
      this.takeBack(mixer, rest);
      try {
        const stays = await this.#follow(mixer.answer);
        if (this.#ended) throw new SipError(481, "Call Does Not Exist");
        seated();
        setTimeout(() => void left.bye(), stays ? MIXER_BYE_MS : 0).unref();
      } catch (cause) {
        this.#mixer = left;
        // Whoever hung up meanwhile has ended the new leg alone.
        if (this.#ended) void left.bye();
        await mixer.leg.bye();
        throw cause;
      }
    });
  }

  /** The stream that was taken comes back on that leg of the mixer. */
  takeBack(mixer: Seat, rest?: Promise<void>): void {
    this.#mixer = this.#seatedOn(mixer, { rest });
  }

  /** Whether that leg of a mixer has the stream which this phone hears. */
  hears({ description }: Leg): boolean {
    return samePlace(description, this.phone.localDescription);
  }

  /** Another participant has this mixer leg now, mostly with the stream: the phone's old dialog ends, the mixer ends its own (RFC 3891 §3). */
  replaced(mixer: Leg): void {
    this.#ended = true;
    this.conduct.keys.stop();
    this.#events.onEnded();
    void this.phone.bye();
    setTimeout(() => void this.#mixer.bye(), this.hears(mixer) ? MIXER_BYE_MS : 0).unref();
  }

  #listen(): void {
    this.phone.handlers = {
      onOffer: (offer) => this.#alone(() => this.#passOn(offer)),
      // A phone that asks what we can do now may have been on hold before: the mixer always speaks and listens.
      makeOffer: () => withDirection(this.phone.localDescription, "sendrecv"),
      onAnswer: (answer) => void this.#alone(() => this.#passOn(answer)).catch(() => this.end(MIXER_GONE)),
      infoPackages: [CONFERENCE_CONTROL],
      onInfo: (_package, body) => this.#events.onAsked(body),
      onRequest: (request) => this.conduct.keys.informed(request),
      onEnded: () => void this.end(),
    };
  }

  /** Their place at the mixer from now on, which is silent if they are. */
  #seatedOn(seat: Seat, when: Pick<MixerLegOptions, "fresh" | "rest">): MixerLeg {
    const silenced = this.conduct.muted;
    const mixer: MixerLeg = new MixerLeg(
      seat,
      { phone: this.#description, silenced, ...when },
      {
        onOffer: (offer) => this.#offered(offer),
        onTalking: (talking) => this.#talks(talking),
        onKey: (key) => this.conduct.keys.press(key, "mixer"),
        onEnded: () => void this.#mixerEnded(mixer),
      },
    );
    return mixer;
  }

  /** An offer of the mixer's; while one of the phone's is under way each would wait for the other (RFC 3261 §14.2). */
  async #offered(offer: Sdp): Promise<Sdp> {
    if (this.#turns.busy) throw new SipError(491, "Request Pending");
    const answer = await this.phone.offer(offer);
    this.#flows(answer);
    return answer;
  }

  /** The phone's new description goes to the mixer; the mixer's answer comes back (RFC 3264 §8). */
  async #passOn(description: Sdp): Promise<Sdp> {
    const answer = await this.#mixer.offer(description).catch((cause: unknown) => {
      // Another place is being looked for, and then the phone is offered its media itself.
      throw this.seated ? cause : new SipError(491, "Request Pending");
    });
    this.#flows(description);
    return answer;
  }

  #flows(phone: Sdp): void {
    this.#description = phone;
    this.#events.onChanged();
  }

  /** Tells the phone where its media go now, unless they go on where they went: whether they do. */
  async #follow(answer: Sdp): Promise<boolean> {
    if (samePlace(answer, this.phone.localDescription)) return true;
    const before = this.#description;
    const now = await this.phone.offer(answer);
    if (!sameMedia(now, before)) await this.#passOn(now);
    return false;
  }

  #mixerEnded(mixer: MixerLeg): void {
    if (mixer === this.#mixer && !this.#moving && !this.#ended) this.#events.onUnseated();
  }

  #talks(talking: boolean): void {
    if (talking === this.#talking) return;
    this.#talking = talking;
    this.#events.onChanged();
  }

  /** The mixer is told at once, whatever else is going on; one that is just being exchanged is told when that is done. */
  async #quieten(silenced: boolean): Promise<void> {
    const mixer = this.#mixer;
    try {
      await mixer.silence(silenced);
    } catch (cause) {
      if (!this.#moving && mixer === this.#mixer) throw cause;
      await this.#turns.over();
      await this.#mixer.silence(this.conduct.muted);
    }
  }

  /** One thing at a time: a re-INVITE waits for a move, and a move for a re-INVITE. */
  #alone<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(async () => {
      if (this.#ended) throw new SipError(481, "Call Does Not Exist");
      return task();
    });
  }
}
