/** Media through our relay: the device keeps its one stream while far ends, or devices, are exchanged around it. */

import type { DeviceEnd, DeviceLeg } from "../devices/device.ts";
import { Relay, type RelayFar, type RelaySide } from "../devices/relay.ts";
import { openRtpPort, type RtpPort } from "../devices/rtp-port.ts";
import { ServiceError } from "../errors.ts";
import { makeAnswer, makeOffer } from "../sdp/offer-answer.ts";
import { type AudioMedia, readAudio } from "../sdp/session.ts";
import type { Sdp } from "../sip/message.ts";
import { SipError } from "../sip/sip-error.ts";
import type { FarMedia, MediaPath } from "./media-path.ts";

const CODECS = ["PCMU", "PCMA"] as const;
const PAYLOAD = { PCMU: 0, PCMA: 8 } as const;
/** Where nobody has said otherwise, telephone-event is 101. */
const TELEPHONE_EVENT = 101;

export class AnchoredPath implements MediaPath {
  onEnded: (reason: string) => void = () => undefined;
  readonly mutes = true;
  readonly #relay = new Relay();
  readonly #mediaHost: string;
  #device: DeviceLeg | undefined;
  #closed = false;

  /** `mediaHost`: our address towards far ends, a literal one. */
  constructor(mediaHost: string) {
    this.#mediaHost = mediaHost;
  }

  get muted(): boolean {
    return this.#relay.muted;
  }

  set muted(muted: boolean) {
    this.#relay.muted = muted;
  }

  async connect(end: DeviceEnd, signal: AbortSignal): Promise<void> {
    this.#use(await end.connect({ codecs: CODECS, signal }));
  }

  async replaceDevice(end: DeviceEnd, signal: AbortSignal): Promise<void> {
    const old = this.#device;
    const leg = await end.connect({ codecs: old ? [old.codec] : CODECS, signal });
    if (this.#closed) {
      await leg.hangUp();
      throw new ServiceError("cancelled", []);
    }
    this.#use(leg);
    await old?.hangUp("replaced by another device");
  }

  async openFar(): Promise<FarMedia> {
    const device = this.#device;
    if (!device || this.#closed) throw new ServiceError("cancelled", []);
    const port = await openRtpPort(this.#mediaHost);
    return new AnchoredFar(this.#relay, port, device);
  }

  measureGap(): () => number {
    return this.#relay.measureGap();
  }

  park(): boolean {
    this.#relay.playSilence(true);
    return true;
  }

  async hangUp(reason?: string): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#relay.close();
    await this.#device?.hangUp(reason);
  }

  dump(): Record<string, unknown> {
    return this.#relay.dump();
  }

  #use(leg: DeviceLeg): void {
    this.#device = leg;
    leg.onEnded = (reason) => {
      if (this.#device === leg) this.onEnded(reason);
    };
    const { port, codec, telephoneEvent } = leg;
    this.#relay.setDevice({ port, codec, audio: PAYLOAD[codec], telephoneEvent });
  }
}

class AnchoredFar implements FarMedia {
  /** Never called: the device's offers are answered by its own leg. */
  onOffer = async (offer: Sdp): Promise<Sdp> => this.offered(offer);
  readonly #relay: Relay;
  readonly #port: RtpPort;
  readonly #codec: DeviceLeg["codec"];
  readonly #telephoneEvent: boolean;
  readonly #far: RelayFar;

  constructor(relay: Relay, port: RtpPort, device: DeviceLeg) {
    this.#relay = relay;
    this.#port = port;
    this.#codec = device.codec;
    this.#telephoneEvent = device.telephoneEvent !== undefined;
    this.#far = relay.attach(this.#sideOf(undefined));
  }

  offer(muted: boolean): Sdp {
    return makeOffer(this.#local(muted));
  }

  async answered(answer: Sdp): Promise<void> {
    const audio = this.#usable(answer);
    if (!audio) throw new ServiceError("media-mismatch", ["the far end"]);
    this.#agree(audio);
  }

  hear(): Promise<void> {
    return this.#relay.hear(this.#far);
  }

  async offered(offer: Sdp): Promise<Sdp> {
    const audio = this.#usable(offer);
    const answer = makeAnswer(offer, this.#local(this.#relay.muted));
    if (!audio || !answer) throw new SipError(488, "Not Acceptable Here");
    this.#agree(audio);
    return answer;
  }

  close(): void {
    this.#relay.detach(this.#far);
  }

  #local(muted: boolean) {
    const { address, port } = this.#port;
    const direction = muted ? "recvonly" : "sendrecv";
    return { address, port, codecs: [this.#codec], telephoneEvent: this.#telephoneEvent, direction } as const;
  }

  #usable(description: Sdp): AudioMedia | undefined {
    const audio = readAudio(description);
    return audio?.codecs.some(({ name }) => name === this.#codec) ? audio : undefined;
  }

  #agree(audio: AudioMedia): void {
    this.#port.latch(audio);
    this.#far.side = this.#sideOf(audio);
  }

  #sideOf(audio: AudioMedia | undefined): RelaySide {
    const payload = audio?.codecs.find(({ name }) => name === this.#codec)?.payload ?? PAYLOAD[this.#codec];
    const telephoneEvent = audio ? audio.telephoneEvent : TELEPHONE_EVENT;
    return { port: this.#port, codec: this.#codec, audio: payload, telephoneEvent };
  }
}
