/** Media through our relay: the device keeps its one stream while far ends, or devices, are exchanged around it. */

import type { Codec, DeviceEnd, DeviceLeg } from "../devices/device.ts";
import { Relay, type RelayFar, type RelaySide } from "../devices/relay.ts";
import { openRtpPort, type RtpPort } from "../devices/rtp-port.ts";
import { ServiceError } from "../errors.ts";
import type { KeyPress } from "../rtp/telephone-event.ts";
import { makeAnswer, makeOffer, PAYLOAD, TELEPHONE_EVENT } from "../sdp/offer-answer.ts";
import { PayloadNumbers } from "../sdp/payload-numbers.ts";
import { type AudioMedia, type Direction, readAudio, receives } from "../sdp/session.ts";
import type { Sdp } from "../sip/message.ts";
import { SipError } from "../sip/sip-error.ts";
import type { FarMedia, MediaPath } from "./media-path.ts";
import { LineEnd, SharedLine, type Waiting } from "./shared-line.ts";

const CODECS: readonly Codec[] = ["PCMU", "PCMA"];

export class AnchoredPath implements MediaPath {
  onEnded: (reason: string) => void = () => undefined;
  waiting?: Waiting;
  readonly gates = true;
  readonly #relay = new Relay();
  readonly #mediaHost: string;
  readonly #codecs: readonly Codec[];
  #device: DeviceLeg | undefined;
  #wish: Direction = "sendrecv";
  #closed = false;

  /** `mediaHost`: our address towards far ends, a literal one; `codecs`: what a device is offered, best first. */
  constructor(mediaHost: string, codecs: readonly Codec[] = CODECS) {
    this.#mediaHost = mediaHost;
    this.#codecs = codecs;
  }

  get wish(): Direction {
    return this.#wish;
  }

  /** On hold the user is not heard either: what is `sendonly` then is silence. */
  set wish(wish: Direction) {
    this.#wish = wish;
    this.#relay.muted = wish !== "sendrecv";
    this.#relay.held = !receives(wish);
  }

  async connect(end: DeviceEnd, signal: AbortSignal): Promise<void> {
    const leg = await end.connect({ codecs: this.#codecs, signal });
    if (this.#closed) {
      await leg.hangUp();
      throw new ServiceError("cancelled", []);
    }
    this.#use(leg);
  }

  /** A device that is on the line already. */
  adopt(leg: DeviceLeg): void {
    this.#use(leg);
  }

  share(): SharedLine | undefined {
    const leg = this.#device;
    if (!leg || this.#closed) return undefined;
    if (leg instanceof LineEnd) return leg.line;
    const line = new SharedLine(leg);
    this.#use(line.join());
    return line;
  }

  turnLine(): void {
    if (this.#device instanceof LineEnd) this.#device.line.turnTo(this.#device);
  }

  async replaceDevice(end: DeviceEnd, signal: AbortSignal): Promise<void> {
    const old = this.#device;
    const leg = await end.connect({ codecs: old ? [old.codec] : this.#codecs, signal });
    // Also when the old device is to be kept for another call.
    if (this.#closed || signal.aborted) {
      await leg.hangUp();
      throw new ServiceError("cancelled", []);
    }
    this.#use(leg);
    void old?.hangUp("replaced by another device");
  }

  async openFar(): Promise<FarMedia> {
    const device = this.#device;
    if (!device || this.#closed) throw new ServiceError("cancelled", []);
    const port = await openRtpPort(this.#mediaHost);
    return new AnchoredFar(this.#relay, port, { codec: device.codec, wish: () => this.#wish });
  }

  measureGap(): () => number {
    return this.#relay.measureGap();
  }

  park(): boolean {
    if (!this.#device) return false;
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
    if (leg instanceof LineEnd) leg.waiting = () => this.waiting;
    leg.onEnded = (reason) => {
      if (this.#device === leg) this.onEnded(reason);
    };
    leg.onChanged = () => {
      if (this.#device === leg) this.#relay.changeDevice(deviceSide(leg));
    };
    this.#relay.setDevice(deviceSide(leg));
  }
}

function deviceSide({ port, codec, payload = PAYLOAD[codec], telephoneEvent }: DeviceLeg): RelaySide {
  return { port, codec, audio: payload, telephoneEvent, declared: declared(codec, TELEPHONE_EVENT) };
}

function declared(codec: Codec, telephoneEvent: number) {
  return { audio: PAYLOAD[codec], telephoneEvent };
}

class AnchoredFar implements FarMedia {
  /** Never called: the device's offers are answered by its own leg. */
  onOffer = async (offer: Sdp): Promise<Sdp> => this.offered(offer);
  readonly #relay: Relay;
  readonly #port: RtpPort;
  readonly #codec: Codec;
  readonly #wish: () => Direction;
  readonly #numbers = new PayloadNumbers();
  readonly #far: RelayFar;

  /** `codec`: the device's; `wish`: what we want of far ends now. */
  constructor(relay: Relay, port: RtpPort, { codec, wish }: { codec: Codec; wish: () => Direction }) {
    this.#relay = relay;
    this.#port = port;
    this.#codec = codec;
    this.#wish = wish;
    this.#far = relay.attach(this.#sideOf(undefined));
  }

  offer(wish: Direction): Sdp {
    return makeOffer({ ...this.#local(wish), eventsPayload: this.#numbers.events });
  }

  async answered(answer: Sdp): Promise<void> {
    const audio = this.#usable(answer);
    if (!audio) throw new ServiceError("media-mismatch", ["the far end"]);
    this.#agree(audio, this.#numbers.events);
    // Silence goes on while the user is muted: it keeps a NAT open and the stream continuous.
    if (this.#wish() === "recvonly" && audio.direction === "sendonly") this.#port.held = false;
    this.#numbers.learn(answer);
  }

  hear(): Promise<void> {
    return this.#relay.hear(this.#far);
  }

  async offered(offer: Sdp): Promise<Sdp> {
    const audio = this.#usable(offer);
    const answer = makeAnswer(offer, this.#local(this.#wish()));
    if (!audio || !answer) throw new SipError(488, "Not Acceptable Here");
    this.#numbers.learn(offer);
    this.#agree(audio, audio.telephoneEvent ?? TELEPHONE_EVENT);
    return answer;
  }

  async press(key: KeyPress): Promise<void> {
    if (this.#far.side.telephoneEvent === undefined)
      throw new ServiceError("device-unsupported", [
        "the far end",
        "take digits; it understands no telephone-event",
      ]);
    if (this.#port.held) throw new ServiceError("wrong-state", ["the far end has put the call on hold"]);
    await this.#relay.press(this.#far, key);
  }

  close(): void {
    this.#relay.detach(this.#far);
  }

  #local(direction: Direction) {
    const { address, port } = this.#port;
    // The service itself can press keys, whatever the device can.
    return { address, port, codecs: [this.#codec], telephoneEvent: true, direction } as const;
  }

  #usable(description: Sdp): AudioMedia | undefined {
    return readAudio(description, [this.#codec]);
  }

  /** `events`: the number under which we declared telephone-event. */
  #agree(audio: AudioMedia, events: number): void {
    this.#port.agree(audio);
    this.#far.side = this.#sideOf(audio, events);
  }

  #sideOf(audio: AudioMedia | undefined, events = TELEPHONE_EVENT): RelaySide {
    const payload = audio?.codecs.find(({ name }) => name === this.#codec)?.payload ?? PAYLOAD[this.#codec];
    const telephoneEvent = audio ? audio.telephoneEvent : TELEPHONE_EVENT;
    const codec = this.#codec;
    return { port: this.#port, codec, audio: payload, telephoneEvent, declared: declared(codec, events) };
  }
}
