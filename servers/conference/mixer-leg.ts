/**
 * A participant's leg at the mixer: whether he is heard there, the keys he presses, and what is played to him (RFC 5022).
 *
 * Two gates keep him silent, and either is enough. The mixer is told `mute` by MSCML, which takes effect at its next tick, leaves
 * the session alone and lets keys through; or it is offered media that send nothing, which every mixer understands and which
 * holds from the first packet of a new leg on. A leg that begins silent is ordered with the second gate shut (`quieted`), and
 * that opens when the first has shut.
 */

import { withDirection } from "#sdp/hold.ts";
import { answerDirection } from "#sdp/offer-answer.ts";
import { readAudio } from "#sdp/session.ts";
import type { DialogId, InDialogAnswer, Leg } from "#sip/leg.ts";
import type { Sdp, SipRequest } from "#sip/message.ts";
import { textHeader } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { MSCML } from "../mscml/document.ts";
import { type MscmlResponse, readNotification } from "../mscml/notification.ts";
import { configureLeg, type LegConfiguration, type MixMode, play } from "../mscml/request.ts";
import type { Seat } from "./mixer-control.ts";
import type { Prompt } from "./prompts.ts";
import { directionOf, toMixer, toPhone } from "./quiet.ts";
import { Turns } from "./turns.ts";

export interface MixerLegEvents {
  /** The mixer offers something to the phone; returns the phone's answer. */
  onOffer(offer: Sdp): Promise<Sdp>;
  onTalking(talking: boolean): void;
  /** One of `0-9`, `*`, `#`, `A-D`. */
  onKey(key: string): void;
  onEnded(): void;
}

export interface MixerLegOptions {
  /** The phone's description, which the leg was ordered with. */
  readonly phone: Sdp;
  readonly silenced: boolean;
  /** It is a stream of its own, in the full mix as all are at first, and none that went on from another leg. */
  readonly fresh?: boolean;
  /** Of somebody who is heard already the mixer is told the rest, such as to report keys, when that resolves; at once when missing. */
  readonly rest?: Promise<void> | undefined;
}

/** A mixer that answers so has no use for MSCML. */
const NOT_TAKEN: ReadonlySet<number> = new Set([405, 415, 420, 469, 488, 489, 501]);

/** Each leg ends: one error for all of them, for an error is dear to make. */
const OVER = new SipError(481, "The leg has ended");

export class MixerLeg {
  readonly #leg: Leg;
  readonly #events: MixerLegEvents;
  #phone: Sdp;
  /** How it is to be. */
  #silenced: boolean;
  /** What the mixer does by MSCML; that of a stream which went on from another leg is what it was there. */
  #mode: MixMode | undefined;
  #reportsKeys = false;
  #takesMscml = true;
  /** Rejects when the leg has ended: a mixer that is dead answers nobody. */
  readonly #over = Promise.withResolvers<never>();
  readonly #controlling = new Turns();
  readonly #offering = new Turns();

  /** Takes over a confirmed leg, and has it configured unless its INVITE has done so. */
  constructor(
    { leg, configured = {} }: Omit<Seat, "answer">,
    { phone, silenced, fresh, rest }: MixerLegOptions,
    events: MixerLegEvents,
  ) {
    this.#leg = leg;
    this.#phone = phone;
    this.#silenced = silenced;
    const { mixmode = fresh ? "full" : undefined, keypresses = false } = configured;
    this.#mode = mixmode;
    this.#reportsKeys = keypresses;
    this.#events = events;
    leg.handlers = {
      onOffer: (offer) => this.#offered(offer),
      onEnded: () => {
        this.#over.reject(OVER);
        events.onEnded();
      },
      onRequest: (request) => this.#informed(request),
    };
    this.#over.promise.catch(() => undefined);
    // What fails is tried again with the next change; until then the second gate stays shut.
    const settled = rest && !silenced ? rest.then(() => this.#settle()) : this.#settle();
    settled.catch(() => undefined);
  }

  get id(): DialogId {
    return this.#leg.id;
  }

  get ended(): boolean {
    return this.#leg.state === "ended";
  }

  get leg(): Leg {
    return this.#leg;
  }

  /** Resolves when the mixer listens to him no longer, or again. Throws SipError. */
  silence(silenced: boolean): Promise<void> {
    this.#silenced = silenced;
    return this.#settle();
  }

  /** The phone's new description; returns the mixer's answer to it. Throws SipError: the old one then stands. */
  offer(phone: Sdp): Promise<Sdp> {
    const before = this.#phone;
    return this.#offering.take(async () => {
      this.#phone = phone;
      try {
        const answer = await this.#leg.offer(toMixer(phone, this.#shut));
        void this.#settle().catch(() => undefined);
        return toPhone(answer, phone);
      } catch (cause) {
        this.#phone = before;
        throw cause;
      }
    });
  }

  /** Plays it to him alone; false when the mixer cannot. */
  async play(prompt: Prompt): Promise<boolean> {
    return this.#control(play(prompt)).catch(() => false);
  }

  bye(): Promise<void> {
    this.#over.reject(OVER);
    return this.#leg.bye();
  }

  /** The phone is asked for all it wants, whatever it was allowed before; the second gate stays as it is. */
  async #offered(offer: Sdp): Promise<Sdp> {
    this.#phone = await this.#events.onOffer(withDirection(offer, "sendrecv"));
    const answer = toMixer(this.#phone, this.#shut);
    return withDirection(answer, answerDirection(directionOf(offer), directionOf(answer)));
  }

  /** Whether he is to be kept silent by the direction of his media. */
  get #shut(): boolean {
    return this.#silenced && this.#mode !== "mute";
  }

  /** Brings the mixer where it should be: first what it does with the media, then the media. */
  async #settle(): Promise<void> {
    const silenced = this.#silenced;
    await this.#controlling
      .take(() => this.#configure())
      .catch((cause) => {
        // Kept silent at least.
        if (!silenced) throw cause;
      });
    // Who is muted by now need not wait for his media to flow again.
    const aligned = this.#offering.take(() => this.#align());
    if (silenced && this.#mode === "mute") aligned.catch(() => undefined);
    else await aligned;
  }

  /** One request at a time, each with what is wanted then. */
  async #configure(): Promise<void> {
    const mixmode = this.#silenced ? "mute" : "full";
    const keypresses = this.#sendsKeys && !this.#reportsKeys;
    if (mixmode === this.#mode && !keypresses) return;
    const wanted: LegConfiguration = { mixmode, ...(keypresses && { keypresses }) };
    if (!(await this.#control(configureLeg(wanted)))) return;
    this.#mode = mixmode;
    this.#reportsKeys ||= keypresses;
  }

  async #align(): Promise<void> {
    const wanted = toMixer(this.#phone, this.#shut);
    if (directionOf(this.#leg.localDescription) !== directionOf(wanted)) await this.#leg.offer(wanted);
  }

  get #sendsKeys(): boolean {
    return readAudio(this.#phone)?.telephoneEvent !== undefined;
  }

  /** False when the mixer takes no MSCML. Throws SipError when it refuses for another reason. */
  async #control(content: string): Promise<boolean> {
    if (!this.#takesMscml) return false;
    const asked = this.#leg.request("INFO", { type: MSCML, content });
    const { status, reason } = await Promise.race([asked, this.#over.promise]);
    if (status < 300) return true;
    if (!NOT_TAKEN.has(status)) throw new SipError(status, reason);
    this.#takesMscml = false;
    return false;
  }

  #informed(request: SipRequest): InDialogAnswer {
    if (request.method !== "INFO") return { status: 501 };
    if (request.content === "") return { status: 200 };
    if (textHeader(request, "content-type") !== MSCML) return { status: 415 };
    const told = this.#told(request.content);
    return { status: told ? 200 : 400 };
  }

  #told(content: string): boolean {
    const news = readSafely(content);
    if (news?.kind === "talkers") this.#events.onTalking(news.callIds.includes(this.id.callId));
    else if (news?.kind === "keypress") this.#events.onKey(news.digit);
    else if (news?.kind === "response") this.#responded(news);
    return news !== undefined;
  }

  /** The mixer took what it cannot do after all: the second gate has to do. */
  #responded({ request, code }: MscmlResponse): void {
    if (request !== "configure_leg" || code < 300) return;
    this.#takesMscml = false;
    this.#mode = undefined;
    this.#settle().catch(() => undefined);
  }
}

function readSafely(content: string): ReturnType<typeof readNotification> {
  try {
    return readNotification(content);
  } catch {
    return undefined;
  }
}
