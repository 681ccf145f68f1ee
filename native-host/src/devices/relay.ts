/**
 * The anchor: RTP between one device and one far end, whom it may exchange. The device hears a single stream throughout
 * (one SSRC, sequence and timestamp), and so does each far end, whichever device talks.
 */

import { readRtp, writeRtp } from "../rtp/packet.ts";
import { ContinuousStream } from "../rtp/stream.ts";
import { type KeyPress, pressKey } from "../rtp/telephone-event.ts";
import type { MediaPort } from "./media-port.ts";

/** One peer of the relay as it was negotiated. */
export interface RelaySide {
  readonly port: MediaPort;
  readonly codec: "PCMU" | "PCMA";
  /** Payload type of the audio, usually 0 for PCMU and 8 for PCMA (RFC 3551 §6). */
  readonly audio: number;
  /** Payload type of telephone-event (RFC 4733), where it is understood. */
  readonly telephoneEvent: number | undefined;
  /** The numbers we declared, where they are others: a peer may send under ours (RFC 3264 §5.1, §6.1). */
  readonly declared?: { readonly audio: number; readonly telephoneEvent: number };
}

/** A far end on the relay. */
export interface RelayFar {
  side: RelaySide;
  readonly stream: ContinuousStream;
  /** A key is pressed by ourselves: the device is not heard meanwhile (RFC 4733 §2.5.1.1). */
  pressing?: boolean;
}

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

/** A frame that comes sooner than this after the last one would be one too many: the device's buffer would grow. */
const HALF_FRAME_MS = 10;

/** How long a new far end may take to its first packet before the device is turned to it all the same. */
const HEAR_WITHIN_MS = 400;

/** Digital silence: the code of a zero sample (G.711). */
const SILENCE = { PCMU: 0xff, PCMA: 0xd5 } as const;

export class Relay {
  /** Whether what the device says is replaced by silence. */
  muted = false;
  #held = false;
  readonly counts = { toDevice: 0, fromDevice: 0, notRtp: 0, unheard: 0, tooSoon: 0 };
  readonly #toDevice = new ContinuousStream();
  readonly #fars = new Set<RelayFar>();
  #device: RelaySide | undefined;
  #devices = 0;
  #keys = 0;
  #source: RelayFar | undefined;
  #next: { readonly far: RelayFar; readonly heard: () => void } | undefined;
  #skipOne = false;
  #lastToDeviceAt: number | undefined;
  #largestGapMs = 0;
  #silence: NodeJS.Timeout | undefined;

  get held(): boolean {
    return this.#held;
  }

  /** Whether the device hears silence instead of the far end. */
  set held(held: boolean) {
    this.#held = held;
    this.playSilence(held);
  }

  /** The device whose media these are from now on; the former one is no longer heard, its port is its owner's. */
  setDevice(side: RelaySide): void {
    if (this.#device) this.#device.port.onPacket = () => undefined;
    this.#devices += 1;
    this.#device = side;
    const device = this.#devices;
    side.port.onPacket = (packet) => this.#fromDevice(packet, side, device);
  }

  /** The same device said something new of its media. */
  changeDevice(side: RelaySide): void {
    this.#device = side;
    const device = this.#devices;
    side.port.onPacket = (packet) => this.#fromDevice(packet, side, device);
  }

  /** A further far end: hears the device as soon as its port has a peer; is not yet heard. */
  attach(side: RelaySide): RelayFar {
    const far: RelayFar = { side, stream: new ContinuousStream() };
    this.#fars.add(far);
    side.port.onPacket = (packet) => this.#fromFar(packet, far);
    return far;
  }

  /** Turns the device to `far` at its first packet, or after 400 ms without one; resolves when that is done. */
  async hear(far: RelayFar): Promise<void> {
    this.playSilence(this.#held);
    this.#next?.heard();
    // Nothing is heard of a far end that is on hold from its first moment.
    if (!this.#source || this.#held) {
      this.#source = far;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#next = { far, heard: resolve };
    const overdue = setTimeout(resolve, HEAR_WITHIN_MS);
    await promise;
    clearTimeout(overdue);
    if (this.#next?.far !== far) return;
    this.#next = undefined;
    if (this.#fars.has(far)) this.#source = far;
  }

  /** The far end is gone: nothing more to or from it. */
  detach(far: RelayFar): void {
    this.#fars.delete(far);
    far.side.port.close();
    if (this.#source === far) this.#source = undefined;
    if (this.#next?.far === far) this.#next.heard();
  }

  /** Presses a key in the stream to `far`; resolves when it is released and that was said three times. */
  async press(far: RelayFar, key: KeyPress): Promise<void> {
    this.#keys += 1;
    const source = `key:${this.#keys}`;
    let sequence = 0;
    far.pressing = true;
    try {
      await pressKey(key, (report, first) => {
        const { port, telephoneEvent } = far.side;
        if (telephoneEvent === undefined) return;
        sequence += 1;
        const fields = { payloadType: telephoneEvent, marker: first, sequence, timestamp: 0, ssrc: 0 };
        const packet = far.stream.forward(writeRtp(fields, report), source);
        // The stream clears it where sources change; here an event does begin.
        if (first) packet[1] = telephoneEvent | 0x80;
        port.send(packet);
      });
    } finally {
      far.pressing = false;
    }
  }

  /** Begins to watch the stream to the device; the function returned ends with the largest gap beyond 20 ms so far, in ms. */
  measureGap(): () => number {
    this.#largestGapMs = 0;
    return () => {
      const open = this.#lastToDeviceAt === undefined ? 0 : performance.now() - this.#lastToDeviceAt;
      return Math.max(0, Math.round(Math.max(this.#largestGapMs, open) - FRAME_MS));
    };
  }

  /** While nobody talks to the device: silence, so that it stays on the line. */
  playSilence(on: boolean): void {
    clearInterval(this.#silence);
    this.#silence = undefined;
    if (!on) return;
    let frames = 0;
    this.#silence = setInterval(() => {
      frames += 1;
      this.#sendSilence(frames);
    }, FRAME_MS);
  }

  close(): void {
    this.playSilence(false);
    for (const far of [...this.#fars]) this.detach(far);
    if (this.#device) this.#device.port.onPacket = () => undefined;
    this.#device = undefined;
  }

  /** Counters of the relay and of each port, for a diagnosis. */
  dump(): Record<string, unknown> {
    const fars = [...this.#fars].map((far) => ({ ...far.side.port.counts, source: far === this.#source }));
    return { ...this.counts, muted: this.muted, device: { ...this.#device?.port.counts }, fars };
  }

  #fromFar(packet: Uint8Array, far: RelayFar): void {
    if (this.#next?.far === far) this.#turnTo(far);
    if (this.#source !== far || !this.#device || this.#held) {
      this.counts.unheard += 1;
    } else {
      this.#toDeviceFrom(packet, far);
    }
  }

  #turnTo(far: RelayFar): void {
    this.#source = far;
    this.#next?.heard();
    this.#next = undefined;
    const elapsed = this.#lastToDeviceAt === undefined ? FRAME_MS : performance.now() - this.#lastToDeviceAt;
    this.#skipOne = elapsed < HALF_FRAME_MS;
  }

  #toDeviceFrom(packet: Uint8Array, far: RelayFar): void {
    if (this.#skipOne) {
      this.#skipOne = false;
      this.counts.tooSoon += 1;
      return;
    }
    if (!this.#device) return;
    const out = this.#forwarded(packet, {
      from: far.side,
      to: this.#device,
      stream: this.#toDevice,
      key: "far",
    });
    if (out) this.#sendToDevice(out);
  }

  #sendToDevice(packet: Uint8Array): void {
    const now = performance.now();
    if (this.#lastToDeviceAt !== undefined) {
      this.#largestGapMs = Math.max(this.#largestGapMs, now - this.#lastToDeviceAt);
    }
    this.#lastToDeviceAt = now;
    this.counts.toDevice += 1;
    this.#device?.port.send(packet);
  }

  #fromDevice(packet: Uint8Array, device: RelaySide, number: number): void {
    this.counts.fromDevice += 1;
    const said = this.muted ? silenced(packet, device) : packet;
    for (const far of this.#fars) {
      if (far.pressing) continue;
      const out = this.#forwarded(said, { from: device, to: far.side, stream: far.stream, key: number });
      if (out) far.side.port.send(out);
    }
  }

  #forwarded(packet: Uint8Array, way: Way): Buffer | undefined {
    const header = readRtp(packet);
    if (!header) {
      this.counts.notRtp += 1;
      return undefined;
    }
    const payload = translated(header.payloadType, way);
    if (payload === undefined) return undefined;
    const out = way.stream.forward(packet, `${way.key}:${header.ssrc}`);
    out[1] = ((out[1] ?? 0) & 0x80) | payload;
    return out;
  }

  #sendSilence(frames: number): void {
    if (!this.#device) return;
    const { audio, codec } = this.#device;
    const fields = { payloadType: audio, marker: false, sequence: frames, timestamp: frames * FRAME_SAMPLES };
    const frame = writeRtp({ ...fields, ssrc: 0 }, Buffer.alloc(FRAME_SAMPLES, SILENCE[codec]));
    this.#sendToDevice(this.#toDevice.forward(frame, "silence"));
  }
}

interface Way {
  readonly from: RelaySide;
  readonly to: RelaySide;
  readonly stream: ContinuousStream;
  readonly key: string | number;
}

/** The receiver's number for what the sender calls `payload`; undefined for what was not negotiated. */
function translated(payload: number, { from, to }: Way): number | undefined {
  const meant = meaning(payload, from);
  return meant && to[meant];
}

function meaning(payload: number, side: RelaySide): "audio" | "telephoneEvent" | undefined {
  for (const numbers of [side, side.declared]) {
    if (payload === numbers?.audio) return "audio";
    if (payload === numbers?.telephoneEvent) return "telephoneEvent";
  }
  return undefined;
}

/** The same packet with its audio silent; key presses pass. */
function silenced(packet: Uint8Array, device: RelaySide): Uint8Array {
  const header = readRtp(packet);
  if (!header || meaning(header.payloadType, device) !== "audio") return packet;
  const silent = Buffer.from(packet);
  silent.fill(SILENCE[device.codec], header.payloadStart, header.payloadEnd);
  return silent;
}
