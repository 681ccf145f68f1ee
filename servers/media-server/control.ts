/** The SIP face of a media server: INVITE sip:conf=ID@mixer puts its media into conference ID (RFC 4240 §5). */

import type { Codec } from "#rtp/g711.ts";
import { withDirection } from "#sdp/hold.ts";
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import type { DialogId, IncomingInvite, Leg, LegHandlers } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { parseUri } from "#sip/uri.ts";
import { agreedMedia } from "./agreed-media.ts";
import { firstOrder } from "./first-order.ts";
import { LegControl } from "./leg-control.ts";
import { LegReports } from "./leg-reports.ts";
import type { Media, MediaEngine, PlayEnd } from "./media-engine.ts";
import { Owners, type OwnersOptions } from "./owners.ts";
import { Prompts } from "./prompts.ts";

/** What the face needs of its surroundings. */
export interface ControlOptions {
  readonly mixer: MediaEngine;
  /** The literal address media are received on. */
  readonly host: string;
  /** What it understands, best first, whatever a caller prefers; when missing all it has, in the caller's order. */
  readonly codecs?: readonly Codec[];
  /** The leg of a dialog, as UserAgent.findLeg. */
  readonly findLeg: (id: DialogId) => Leg | undefined;
  /** How owners are watched; the usual when missing. */
  readonly watch?: Omit<OwnersOptions, "end">;
  readonly log: { info(fields: object, text: string): void; error(fields: object, text: string): void };
}

/** A stream of the mixer and the dialog that rules it now. */
interface Participant {
  readonly stream: number;
  readonly port: number;
  /** Address its signalling came from: only from there may it be replaced. */
  readonly owner: string;
  readonly room: string;
  readonly leg: Leg;
  readonly reports: LegReports;
  readonly control: LegControl;
}

const RETRY_AFTER_S = 5;
const CODECS = ["PCMU", "PCMA"] as const;
const MAX_ID = 256;

/** The conference a URI means, or `undefined` for one that means none. */
export function conferenceOf(target: SipUri): string | undefined {
  const id = /^conf=(.+)$/i.exec(parseUri(target)?.user ?? "")?.[1];
  return id !== undefined && id.length <= MAX_ID ? id : undefined;
}

export class Control {
  readonly #options: ControlOptions;
  readonly #byStream = new Map<number, Participant>();
  readonly #byLeg = new Map<Leg, Participant>();
  readonly #prompts = Prompts.read();
  readonly #owners: Owners;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#owners = new Owners({ ...options.watch, end: (leg) => this.#orphaned(leg) });
  }

  /** Watches no owners any more. */
  close(): void {
    this.#owners.close();
  }

  /** Decides about one INVITE; never rejects. */
  async receive(invite: IncomingInvite): Promise<void> {
    const room = conferenceOf(invite.target);
    if (room === undefined) invite.reject(404);
    else if (invite.replaces) this.#replace(invite, room, invite.replaces);
    else await this.#join(invite, room);
  }

  /** A participant began or stopped talking. */
  talking(stream: number, on: boolean, talkers: number): void {
    this.#byStream.get(stream)?.reports.talk({ on, talkers });
  }

  /** A participant pressed a key. */
  key(stream: number, key: string, sinceMs: number | undefined): void {
    this.#byStream.get(stream)?.control.key(key, sinceMs);
  }

  /** What a participant was played has ended. */
  played(stream: number, ask: number, end: PlayEnd): void {
    this.#byStream.get(stream)?.control.played(ask, end);
  }

  /** Which dialog rules which stream, for a person who looks for a fault. */
  dump(): { callId: string; stream: number; room: string; port: number; owner: string }[] {
    return [...this.#byLeg.values()].map(({ leg, stream, room, port, owner }) => ({
      callId: leg.id.callId,
      stream,
      room,
      port,
      owner,
    }));
  }

  /** A stream is gone, and not because its owner wished it. */
  failed(stream: number, cause: unknown): void {
    const leg = this.#byStream.get(stream)?.leg;
    if (!leg) return;
    this.#options.log.info({ err: cause, callId: leg.id.callId }, "what mixes has a leg no longer");
    this.#hangUp(leg, "Mixer failed");
  }

  /** What mixed died and all streams with it: their owners must know, to look for another mixer. */
  crashed(cause: unknown): void {
    const legs = [...this.#byLeg.keys()];
    this.#byLeg.clear();
    this.#byStream.clear();
    this.#options.log.error({ err: cause, legs: legs.length }, "what mixed died, and all legs end");
    for (const leg of legs) {
      this.#owners.remove(leg);
      leg.handlers = {};
      void leg.bye("Mixer failed");
    }
  }

  async #join(invite: IncomingInvite, room: string): Promise<void> {
    let cancelled = false;
    invite.onCancelled = () => {
      cancelled = true;
    };
    const opened = await this.#open(invite);
    if (!opened) return;
    const joined = !cancelled && this.#accept(invite, room, opened);
    if (!joined) this.#options.mixer.close(opened.stream);
  }

  async #open(invite: IncomingInvite): Promise<{ stream: number; port: number } | undefined> {
    try {
      return await this.#options.mixer.open();
    } catch (cause) {
      this.#options.log.info({ err: cause }, "no room for another leg");
      invite.reject(503, undefined, { "retry-after": `${RETRY_AFTER_S}` });
      return undefined;
    }
  }

  /** Takes over the stream of another dialog of the same owner (RFC 3891 §3): same port, and nothing of it stops. */
  #replace(invite: IncomingInvite, room: string, replaces: DialogId): void {
    const old = this.#options.findLeg(replaces);
    const participant = old && this.#byLeg.get(old);
    if (!participant) invite.reject(481);
    else if (participant.owner !== invite.source.address) invite.reject(403);
    else if (this.#accept(invite, room, participant)) this.#release(participant);
  }

  /** Answers 200 and puts the stream in its room; false, and 488, when the media do not fit. */
  #accept(invite: IncomingInvite, room: string, { stream, port }: { stream: number; port: number }): boolean {
    const ours = this.#describe(invite.offer, port);
    const media = ours && invite.offer !== undefined ? agreedMedia(invite.offer, ours) : undefined;
    if (!ours || (invite.offer !== undefined && !media)) {
      invite.reject(488);
      return false;
    }
    const { mixer } = this.#options;
    const order = firstOrder(invite.request);
    const leg = invite.accept(ours, order && { parts: [order.answer] });
    const reports = new LegReports(leg, room);
    const control = new LegControl({ mixer, prompts: this.#prompts, stream, reports });
    const participant = { stream, port, owner: invite.source.address, room, leg, reports, control };
    leg.handlers = this.#handlers(participant);
    this.#byLeg.set(leg, participant);
    const known = this.#byStream.has(stream);
    this.#byStream.set(stream, participant);
    // What was asked for on another leg ends with it.
    if (known) control.reset();
    else if (media) mixer.agree(stream, media);
    // Before he is in the room: who is ordered muted is heard in no frame.
    if (order?.settings) control.begin(order.settings);
    this.#whenAcknowledged(leg, stream, known ? media : undefined);
    mixer.move(stream, room);
    return true;
  }

  /** Speaks to a listener, and to a new address of one who has another already, only when he has shown to be there. */
  #whenAcknowledged(leg: Leg, stream: number, media: Media | undefined): void {
    const { mixer } = this.#options;
    const { description } = leg;
    void leg.acknowledged().then((live) => {
      if (!live) return;
      // Not before: the address it names may be forged (promise A1).
      if (this.#byLeg.has(leg)) this.#owners.add(leg);
      // A re-INVITE that overtook the ACK has the last word.
      if (media && leg.description === description) mixer.agree(stream, media);
      mixer.speak(stream);
    });
  }

  /** The old dialog of a stream that goes on in another. */
  #release({ leg }: Participant): void {
    this.#forget(leg);
    leg.handlers = {};
    void leg.bye("Replaced");
  }

  /** Nobody is there any more who could end this leg. */
  #orphaned(leg: Leg): void {
    this.#options.log.info({ callId: leg.id.callId }, "the owner of a leg is gone");
    this.#hangUp(leg, "Owner gone");
  }

  #hangUp(leg: Leg, reason: string): void {
    this.#end(leg);
    leg.handlers = {};
    void leg.bye(reason);
  }

  #forget(leg: Leg): void {
    this.#byLeg.delete(leg);
    this.#owners.remove(leg);
  }

  /** Our answer to an offer, or our offer where there is none; `undefined` when no codec is in common. */
  #describe(offer: Sdp | undefined, port: number): Sdp | undefined {
    const { host: address, codecs } = this.#options;
    const order = codecs ? ("ours" as const) : ("theirs" as const);
    const local = { address, port, codecs: codecs ?? CODECS, order, telephoneEvent: true };
    return offer === undefined ? makeOffer(local) : makeAnswer(offer, local);
  }

  #handlers({ leg, stream, port, control }: Participant): LegHandlers {
    return {
      onOffer: (offer) => {
        const ours = this.#describe(offer, port);
        const media = ours && agreedMedia(offer, ours);
        if (!media) throw new SipError(488, "Not Acceptable Here");
        this.#options.mixer.agree(stream, media);
        return ours;
      },
      makeOffer: () => withDirection(leg.localDescription, "sendrecv"),
      onAnswer: (answer) => this.#answered(leg, stream, agreedMedia(answer, leg.localDescription, "his")),
      onRequest: (request) => control.receive(request),
      onEnded: () => this.#end(leg),
    };
  }

  /** The answer to an offer of ours; without one that can be used there is no call (RFC 3261 §13.2.1). */
  #answered(leg: Leg, stream: number, media: Media | undefined): void {
    if (media) this.#options.mixer.agree(stream, media);
    else {
      this.#end(leg);
      void leg.bye("No usable media");
    }
  }

  #end(leg: Leg): void {
    const participant = this.#byLeg.get(leg);
    if (!participant) return;
    this.#forget(leg);
    this.#byStream.delete(participant.stream);
    this.#options.mixer.close(participant.stream);
  }
}
