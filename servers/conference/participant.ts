/** One caller in a conference: the leg to their phone, the leg to the mixer, and what passes from one to the other. */

import { withDirection } from "#sdp/hold.ts";
import { readAudio } from "#sdp/session.ts";
import type { DialogId, InDialogAnswer, Leg } from "#sip/leg.ts";
import type { Sdp, SipRequest } from "#sip/message.ts";
import { textHeader } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import type { Identity } from "./identity.ts";
import type { MediaStatus } from "./roster.ts";
import { isTalking, TALKER_REPORT } from "./talkers.ts";

/** How long a mixer may take to say BYE on a leg whose stream it has moved. */
const MIXER_BYE_MS = 2_000;

/** What a phone may show when its media are gone (RFC 3326). */
const MIXER_GONE = "The mixer ended the media";

export interface ParticipantEvents {
  /** Media or talking changed. */
  onChanged(): void;
  /** Both legs are gone or going. */
  onEnded(): void;
}

export class Participant {
  readonly identity: Identity;
  readonly joined = new Date();
  readonly phone: Leg;
  readonly #events: ParticipantEvents;
  #mixer: Leg;
  #media: MediaStatus;
  #talking = false;
  #ended = false;
  #moving = false;
  #last: Promise<unknown> = Promise.resolve();

  /** Takes over both legs: they end together. */
  constructor(identity: Identity, legs: { phone: Leg; mixer: Leg }, events: ParticipantEvents) {
    this.identity = identity;
    this.phone = legs.phone;
    this.#mixer = legs.mixer;
    this.#events = events;
    this.#media = direction(legs.phone.description);
    this.#listen();
  }

  /** Which way the participant's media flow, as their own description says; `recvonly` is muted. */
  get media(): MediaStatus {
    return this.#media;
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
    const answer = await this.#mixer.offer(description);
    this.#media = direction(description);
    this.#events.onChanged();
    return answer;
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
