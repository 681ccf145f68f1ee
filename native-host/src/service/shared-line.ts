/**
 * One device on the line in several calls, of which one is heard: call waiting. Who leaves gives the line to those who
 * wait; a device that is hung up ends the call that is heard, and rings for the one that waited last.
 */

import type { ConnectOptions, DeviceLeg } from "../devices/device.ts";
import type { MediaPort } from "../devices/media-port.ts";
import { ContinuousStream } from "../rtp/stream.ts";
import { PAYLOAD } from "../sdp/offer-answer.ts";

/** What a call does that waits on a shared line when the device was hung up. */
export interface Waiting {
  /** Rings the device for this call; resolves when it was picked up. Throws ServiceError. */
  ringAgain(wanted: Pick<ConnectOptions, "codecs" | "signal">): Promise<DeviceLeg>;
  /** The device is back, and hears this call. */
  onBack(): void;
}

export class SharedLine {
  #real: DeviceLeg;
  /** While the device is not on the line but rings; aborted when nobody waits any more. */
  #ringing: AbortController | undefined;
  /** The device hears one stream, whichever call talks. */
  readonly #toDevice = new ContinuousStream();
  /** The one that is heard last. */
  readonly #ends: LineEnd[] = [];

  constructor(real: DeviceLeg) {
    this.#real = real;
    this.#attend(real);
  }

  /** Whether the device was hung up and rings for who waits: no other call gets the line meanwhile. */
  get rings(): boolean {
    return this.#ringing !== undefined;
  }

  get real(): DeviceLeg {
    return this.#real;
  }

  get codec() {
    return this.#real.codec;
  }

  /** One more call on the line, heard from now on. */
  join(): LineEnd {
    const end = new LineEnd(this);
    this.turnTo(end);
    return end;
  }

  /** The device hears this one from now on; the others must be on hold. */
  turnTo(end: LineEnd): void {
    this.#remove(end);
    this.#ends.push(end);
    // The call that had the device for itself has let go of its port.
    this.#listen();
  }

  /** Sends what this call says, if it is the one that is heard. */
  send(end: LineEnd, packet: Uint8Array): void {
    if (this.#ends.at(-1) === end && !this.#ringing)
      this.#real.port.send(this.#toDevice.forward(packet, end.name));
  }

  /** The call needs the device no more: the one that waited last has it again, or nobody, and then it is hung up. */
  async leave(end: LineEnd, reason: string | undefined): Promise<void> {
    if (!this.#remove(end) || this.#ends.length > 0) return;
    if (this.#ringing) this.#ringing.abort();
    else await this.#real.hangUp(reason);
  }

  #remove(end: LineEnd): boolean {
    const at = this.#ends.indexOf(end);
    if (at >= 0) this.#ends.splice(at, 1);
    return at >= 0;
  }

  #attend(real: DeviceLeg): void {
    this.#real = real;
    real.onEnded = (reason) => void this.#ended(reason);
    real.onChanged = () => this.#changed();
    this.#listen();
  }

  /** Those on hold make silence of it, for whom they keep waiting. */
  #listen(): void {
    this.#real.port.onPacket = (packet) => {
      for (const each of this.#ends) each.port.onPacket(packet);
    };
  }

  #changed(): void {
    for (const end of this.#ends) end.onChanged();
  }

  async #ended(reason: string): Promise<void> {
    const ringing = new AbortController();
    this.#ringing = ringing;
    this.#ends.pop()?.onEnded(reason);
    try {
      const leg = await this.#ends
        .at(-1)
        ?.waiting()
        ?.ringAgain({ codecs: [this.codec], signal: ringing.signal });
      if (leg) await this.#back(leg);
    } catch {
      // Nobody is there, or the phone cannot ring.
    }
    if (this.#ringing === ringing) for (const end of this.#ends.splice(0)) end.onEnded(reason);
  }

  /** The device was picked up, for whoever is to be heard by now. */
  async #back(leg: DeviceLeg): Promise<void> {
    const next = this.#ends.at(-1);
    if (!next) return leg.hangUp();
    this.#ringing = undefined;
    this.#attend(leg);
    this.#changed();
    next.waiting()?.onBack();
  }
}

let names = 0;

/** The device as one of those calls has it. */
export class LineEnd implements DeviceLeg {
  readonly line: SharedLine;
  readonly name = `line ${++names}`;
  readonly port: MediaPort;
  onEnded: (reason: string) => void = () => undefined;
  onChanged: () => void = () => undefined;
  /** Set by the owner: what its call does when the device was hung up on another one; all end together without it. */
  waiting: () => Waiting | undefined = () => undefined;

  constructor(line: SharedLine) {
    this.line = line;
    this.port = {
      onPacket: () => undefined,
      send: (packet) => line.send(this, packet),
      close: () => undefined,
      get counts() {
        return line.real.port.counts;
      },
    };
  }

  get codec() {
    return this.line.codec;
  }

  get payload() {
    return this.line.real.payload ?? PAYLOAD[this.codec];
  }

  get telephoneEvent() {
    return this.line.real.telephoneEvent;
  }

  hangUp(reason?: string): Promise<void> {
    return this.line.leave(this, reason);
  }
}
