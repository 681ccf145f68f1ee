/** One caller in a conference: the leg to their phone, the leg to the mixer, and what passes from one to the other. */

import { withDirection, withoutSending } from "#sdp/hold.ts";
import { answerDirection } from "#sdp/offer-answer.ts";
import { sameMedia } from "#sdp/origin.ts";
import { readAudio, receives, wayOf } from "#sdp/session.ts";
import type { DialogId, InDialogAnswer, Leg } from "#sip/leg.ts";
import type { Sdp, SipRequest } from "#sip/message.ts";
import { textHeader } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { CONFERENCE_CONTROL } from "./conference-control.ts";
import type { Identity } from "./identity.ts";
import type { Actor } from "./rights.ts";
import type { MediaStatus, Present } from "./roster.ts";
import { isTalking, TALKER_REPORT } from "./talkers.ts";

/** How long a mixer may take to say BYE on a leg whose stream it has moved. */
const MIXER_BYE_MS = 2_000;

/** What a phone may show when its media are gone (RFC 3326). */
const MIXER_GONE = "The mixer ended the media";

export interface ParticipantEvents {
  /** Media or talking changed. */
  onChanged(): void;
  /** The phone asks something of the conference. Throws SipError. */
  onAsked(body: { type: string; content: string } | undefined): void;
  /** Both legs are gone or going. */
  onEnded(): void;
}

/** By what right, and how, somebody is here. */
export interface Standing extends Pick<Actor, "key" | "moderator"> {
  /** Moderator of every conference, and so also after a move. */
  readonly everywhere?: boolean;
  readonly method: Present["method"];
  /** The key of whoever had them called. */
  readonly invitedBy?: symbol | undefined;
}

/** Gets a leg of a mixer for media that a phone has described; `replaces` is the leg whose stream is to go on there. */
export type Seating = (media: { readonly offer: Sdp; readonly replaces?: DialogId }) => Promise<{
  readonly leg: Leg;
  readonly answer: Sdp;
}>;

export class Participant implements Actor {
  readonly identity: Identity;
  /** Another one after a move. */
  standing: Standing;
  /** The conference as the mixer knows it: another than the roster's while somebody waits to be let in. */
  room: string;
  readonly joined = new Date();
  readonly phone: Leg;
  readonly #events: ParticipantEvents;
  #mixer: Leg;
  #media: MediaStatus;
  #talking = false;
  #ended = false;
  #moving = false;
  #silenced = false;
  #last: Promise<unknown> = Promise.resolve();

  /** Takes over both legs: they end together. */
  constructor(
    {
      identity,
      standing,
      room,
    }: { readonly identity: Identity; readonly standing: Standing; readonly room: string },
    legs: { phone: Leg; mixer: Leg },
    events: ParticipantEvents,
  ) {
    this.identity = identity;
    this.standing = standing;
    this.room = room;
    this.phone = legs.phone;
    this.#mixer = legs.mixer;
    this.#events = events;
    this.#media = direction(legs.phone.description);
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
    return this.#silenced ? wayOf(false, receives(this.#media)) : this.#media;
  }

  /** Whether nobody hears them, whatever their phone sends. */
  get silenced(): boolean {
    return this.#silenced;
  }

  get talking(): boolean {
    return this.#talking;
  }

  /** Ends both legs; the phone reads the reason (RFC 3326). */
  async end(reason?: string): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onEnded();
    await Promise.all([this.phone.bye(reason), this.#mixer.bye()]);
  }

  /** Has the mixer listen to them no longer, or again; the phone is not asked and goes on sending. Throws SipError. */
  silence(silenced: boolean): Promise<void> {
    return this.#alone(async () => {
      if (silenced === this.#silenced) return;
      const { description } = this.phone;
      await this.#mixer.offer(silenced ? withoutSending(description) : description);
      this.#silenced = silenced;
      this.#events.onChanged();
    });
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
        if (this.#mixer.state === "ended") await this.end(MIXER_GONE);
      }
    });
  }

  /**
   * The mixer's leg is exchanged for the one that `seat` gets; the phone is asked for nothing unless its media have to go
   * elsewhere now. Runs `seated` at that moment. Throws SipError; the participant then is as before.
   */
  reseat(seat: Seating, seated: () => void): Promise<void> {
    return this.handOver(async (replaces) => {
      const left = this.#mixer;
      const { leg, answer } = await seat({ offer: this.#towardsMixer(this.phone.description), replaces });
      this.takeBack(leg);
      try {
        const stays = await this.#follow(answer);
        if (this.#ended) throw new SipError(481, "Call Does Not Exist");
        seated();
        setTimeout(() => void left.bye(), stays ? MIXER_BYE_MS : 0).unref();
      } catch (cause) {
        this.takeBack(left);
        await leg.bye();
        throw cause;
      }
    });
  }

  /** The stream that was taken comes back on this leg of the mixer. */
  takeBack(mixer: Leg): void {
    this.#mixer = mixer;
    this.#listen();
  }

  /** Another participant has the stream now: the phone's old dialog ends, the mixer ends its own (RFC 3891 §3). */
  replaced(): void {
    this.#ended = true;
    this.#events.onEnded();
    void this.phone.bye();
    setTimeout(() => void this.#mixer.bye(), MIXER_BYE_MS).unref();
  }

  #listen(): void {
    const mixer = this.#mixer;
    this.phone.handlers = {
      onOffer: (offer) => this.#alone(() => this.#passOn(offer)),
      // A phone that asks what we can do now may have been on hold before: the mixer always speaks and listens.
      makeOffer: () => withDirection(this.phone.localDescription, "sendrecv"),
      onAnswer: (answer) => void this.#alone(() => this.#passOn(answer)).catch(() => this.end(MIXER_GONE)),
      infoPackages: [CONFERENCE_CONTROL],
      onInfo: (_package, body) => this.#events.onAsked(body),
      onEnded: () => void this.end(),
    };
    mixer.handlers = {
      onOffer: (offer) => this.phone.offer(offer),
      onEnded: () => void this.#mixerEnded(mixer),
      onRequest: (request) => this.#informed(request),
    };
  }

  /** The phone's new description goes to the mixer as it is; the mixer's answer comes back (RFC 3264 §8). */
  async #passOn(description: Sdp): Promise<Sdp> {
    const answer = await this.#mixer.offer(this.#towardsMixer(description));
    this.#media = direction(description);
    this.#events.onChanged();
    return this.#towardsPhone(answer);
  }

  #towardsMixer(description: Sdp): Sdp {
    return this.#silenced ? withoutSending(description) : description;
  }

  /** A phone that is told to send nothing would not begin again by itself. */
  #towardsPhone(answer: Sdp): Sdp {
    return this.#silenced ? withDirection(answer, answerDirection(this.#media, "sendrecv")) : answer;
  }

  /** Tells the phone where its media go now, unless they go on where they went: whether they do. */
  async #follow(answer: Sdp): Promise<boolean> {
    if (samePlace(answer, this.phone.localDescription)) return true;
    const before = this.phone.description;
    const now = await this.phone.offer(this.#towardsPhone(answer));
    if (!sameMedia(now, before)) await this.#mixer.offer(this.#towardsMixer(now));
    return false;
  }

  #mixerEnded(mixer: Leg): void {
    if (mixer === this.#mixer && !this.#moving) void this.end(MIXER_GONE);
  }

  #informed(request: SipRequest): InDialogAnswer {
    if (request.method !== "INFO") return { status: 501 };
    if (textHeader(request, "content-type") !== TALKER_REPORT) return { status: 415 };
    const talking = readReport(request.content, this.#mixer.id.callId);
    if (talking === undefined) return { status: 400 };
    if (talking !== this.#talking) {
      this.#talking = talking;
      this.#events.onChanged();
    }
    return { status: 200 };
  }

  /** One thing at a time: a re-INVITE waits for a move, and a move for a re-INVITE. */
  #alone<Result>(task: () => Promise<Result>): Promise<Result> {
    const run = this.#last.then(() => {
      if (this.#ended) throw new SipError(481, "Call Does Not Exist");
      return task();
    });
    this.#last = run.catch(() => undefined);
    return run;
  }
}

/** Whether both have the audio sent to the same address and port. */
function samePlace(one: Sdp, other: Sdp): boolean {
  const [here, there] = [readAudio(one), readAudio(other)];
  return here?.address === there?.address && here?.port === there?.port;
}

/** A description without usable audio says nothing about direction; the default is both ways (RFC 3264 §5.1). */
function direction(description: Sdp): MediaStatus {
  return readAudio(description)?.direction ?? "sendrecv";
}

function readReport(report: string, callId: string): boolean | undefined {
  try {
    return isTalking(report, callId);
  } catch {
    return undefined;
  }
}
