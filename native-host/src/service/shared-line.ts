/** One device on the line in several calls, of which one is heard: call waiting. Who leaves gives the line to those who wait. */

import type { DeviceLeg } from "../devices/device.ts";
import type { MediaPort } from "../devices/media-port.ts";
import { ContinuousStream } from "../rtp/stream.ts";
import { PAYLOAD } from "../sdp/offer-answer.ts";

export class SharedLine {
  readonly #real: DeviceLeg;
  /** The device hears one stream, whichever call talks. */
  readonly #toDevice = new ContinuousStream();
  /** The one that is heard last. */
  readonly #ends: LineEnd[] = [];

  constructor(real: DeviceLeg) {
    this.#real = real;
    real.onEnded = (reason) => this.#ended(reason);
    real.onChanged = () => {
      for (const end of this.#ends) end.onChanged();
    };
  }

  get real(): DeviceLeg {
    return this.#real;
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
    // Those on hold make silence of it, for whom they keep waiting.
    this.#real.port.onPacket = (packet) => {
      for (const each of this.#ends) each.port.onPacket(packet);
    };
  }

  /** Sends what this call says, if it is the one that is heard. */
  send(end: LineEnd, packet: Uint8Array): void {
    if (this.#ends.at(-1) === end) this.#real.port.send(this.#toDevice.forward(packet, end.name));
  }

  /** The call needs the device no more: the one that waited last has it again, or nobody, and then it is hung up. */
  async leave(end: LineEnd, reason: string | undefined): Promise<void> {
    if (this.#remove(end) && this.#ends.length === 0) await this.#real.hangUp(reason);
  }

  #remove(end: LineEnd): boolean {
    const at = this.#ends.indexOf(end);
    if (at >= 0) this.#ends.splice(at, 1);
    return at >= 0;
  }

  #ended(reason: string): void {
    for (const end of this.#ends.splice(0)) end.onEnded(reason);
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

  constructor(line: SharedLine) {
    this.line = line;
    const { real } = line;
    this.port = {
      onPacket: () => undefined,
      send: (packet) => line.send(this, packet),
      close: () => undefined,
      counts: real.port.counts,
    };
  }

  get codec() {
    return this.line.real.codec;
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
