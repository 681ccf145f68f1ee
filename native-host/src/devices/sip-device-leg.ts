/** A SIP phone on the line with its media at our relay: one INVITE dialog and one RTP port. */

import { type LocalAudio, makeAnswer, makeOffer, PAYLOAD } from "../sdp/offer-answer.ts";
import { PayloadNumbers } from "../sdp/payload-numbers.ts";
import { type AudioMedia, readAudio } from "../sdp/session.ts";
import type { Caller, ExtraHeaders, Leg } from "../sip/leg.ts";
import type { Sdp, SipResponse, SipUri } from "../sip/message.ts";
import { SipError } from "../sip/sip-error.ts";
import type { Codec, ConnectOptions, DeviceLeg } from "./device.ts";
import { deviceFailure } from "./device-failure.ts";
import { openRtpPort, type RtpPort } from "./rtp-port.ts";

/** A phone that does not answer by itself is rung for this long. */
const RING_MS = 30_000;

/** What every wrapper of a device that is called by SIP is given. */
export interface CalledDeviceOptions {
  readonly id: string;
  readonly name: string;
  /** Its media run through the service in every call. */
  readonly anchored: boolean;
  readonly caller: Caller;
  /** Our address towards phones, a literal one. */
  readonly mediaHost: string;
}

export interface SipDeviceOptions extends Pick<CalledDeviceOptions, "id" | "caller" | "mediaHost"> {
  readonly headers: ExtraHeaders;
  /** Without an answer by then it is given up; 30 s when missing. */
  readonly answerWithinMs?: number;
  /** It rings, in the call of this Call-ID. */
  readonly onRinging?: (callId: string) => void;
}

/** Calls the phone with our offer. Throws ServiceError `device-*`, and leaves nothing open then. */
export async function connectSipDevice(
  address: SipUri,
  device: SipDeviceOptions,
  { codecs, ringMs, from, signal }: ConnectOptions,
): Promise<SipDeviceLeg> {
  const port = await openRtpPort(device.mediaHost);
  const local = { address: port.address, port: port.port, codecs, telephoneEvent: true };
  const options = {
    // A phone that is to ring must not answer by itself.
    headers: ringMs === undefined ? device.headers : {},
    timeoutMs: ringMs ?? device.answerWithinMs ?? RING_MS,
    ...(from && { from }),
    onProgress: (status: number, { headers }: SipResponse) => {
      if (status === 180) device.onRinging?.(headers["call-id"]);
    },
    signal,
  };
  try {
    const { leg, answer } = await device.caller.invite(address, { ...options, offer: makeOffer(local) });
    const agreed = agreement(answer, codecs);
    if (agreed) return new SipDeviceLeg(leg, port, agreed);
    await leg.bye("no audio in common");
    throw new SipError(488, "Not Acceptable Here");
  } catch (refused) {
    port.close();
    throw deviceFailure(device.id, refused);
  }
}

interface Agreement {
  readonly audio: AudioMedia;
  readonly codec: Codec;
}

function agreement(description: Sdp, codecs: readonly Codec[]): Agreement | undefined {
  const audio = readAudio(description, codecs);
  const codec = codecs.find((name) => audio?.codecs.some((offered) => offered.name === name));
  return audio && codec && { audio, codec };
}

export class SipDeviceLeg implements DeviceLeg {
  readonly port: RtpPort;
  readonly codec: Codec;
  payload: number;
  telephoneEvent: number | undefined;
  readonly leg: Leg;
  onEnded: (reason: string) => void = () => undefined;
  onChanged: () => void = () => undefined;
  readonly #numbers = new PayloadNumbers();
  #over = false;

  constructor(leg: Leg, port: RtpPort, { audio, codec }: Agreement) {
    this.leg = leg;
    this.port = port;
    this.codec = codec;
    this.payload = payloadOf(audio, codec);
    this.telephoneEvent = audio.telephoneEvent;
    this.#numbers.learn(leg.localDescription);
    this.#numbers.learn(leg.description);
    port.agree(audio);
    leg.handlers = {
      onOffer: (offer) => this.#answer(offer),
      makeOffer: () => makeOffer({ ...this.#local(), eventsPayload: this.#numbers.events }),
      onAnswer: (answer) => this.#agree(agreement(answer, [this.codec])),
      onEnded: (reason) => this.lost(reason),
    };
  }

  /** The phone is gone without our doing. */
  lost(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.port.close();
    this.onEnded(reason);
    // Only our half is left, if it was not the phone itself that ended it.
    void this.leg.bye(reason);
  }

  async hangUp(reason?: string): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.port.close();
    await this.leg.bye(reason);
  }

  /** The phone moves its media, or holds: we keep the codec the far end was promised. */
  #answer(offer: Sdp): Sdp {
    const answer = makeAnswer(offer, this.#local());
    const agreed = agreement(offer, [this.codec]);
    if (!answer || !agreed) throw new SipError(488, "Not Acceptable Here");
    this.#numbers.learn(offer);
    this.#agree(agreed);
    return answer;
  }

  #agree(agreed: Agreement | undefined): void {
    if (!agreed) return;
    const { audio } = agreed;
    this.port.agree(audio);
    const payload = payloadOf(audio, this.codec);
    const changed = payload !== this.payload || audio.telephoneEvent !== this.telephoneEvent;
    this.payload = payload;
    this.telephoneEvent = audio.telephoneEvent;
    if (changed) this.onChanged();
  }

  #local(): LocalAudio {
    const { address, port } = this.port;
    return { address, port, codecs: [this.codec], telephoneEvent: true };
  }
}

function payloadOf({ codecs }: AudioMedia, codec: Codec): number {
  return codecs.find(({ name }) => name === codec)?.payload ?? PAYLOAD[codec];
}
