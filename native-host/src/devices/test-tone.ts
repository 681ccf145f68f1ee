/** Somebody to talk to while a phone is tried out: says a tone, and measures what the phone says. */

import { type Codec, g711 } from "../rtp/g711.ts";
import { readRtp, sequenceAhead, writeRtp } from "../rtp/packet.ts";
import type { MediaPort } from "./media-port.ts";

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
const RATE = 8000;
const HZ = 440;
/** A quarter of full scale: clearly there, and nobody starts. */
const AMPLITUDE = 8192;
const FULL_SCALE = 32_768;

export interface Heard {
  readonly packets: number;
  /** Frames that are missing between the first and the last packet. */
  readonly missing: number;
  /** The loudest frame, dB of full scale (RMS); -Infinity for nothing but zeros. */
  readonly loudestDb: number;
}

/** A far end of a relay. Speaks `codec` under its usual payload type, and is spoken to under the same. */
export class TestTone implements MediaPort {
  onPacket: (packet: Uint8Array) => void = () => undefined;
  readonly counts = { received: 0, sent: 0 };
  readonly #codec: Codec;
  readonly #payloadType: number;
  #timer: NodeJS.Timeout | undefined;
  #first: number | undefined;
  #last = 0;
  #loudest = 0;

  constructor(codec: Codec, payloadType: number) {
    this.#codec = codec;
    this.#payloadType = payloadType;
  }

  get heard(): Heard {
    const { received } = this.counts;
    const span = this.#first === undefined ? 0 : sequenceAhead(this.#last, this.#first) + 1;
    return {
      packets: received,
      missing: Math.max(0, span - received),
      loudestDb: 20 * Math.log10(this.#loudest / FULL_SCALE),
    };
  }

  /** A frame every 20 ms until `close`. */
  play(): void {
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor((performance.now() - startedAt) / FRAME_MS);
      while (this.counts.sent < due) this.#sendFrame();
    }, FRAME_MS);
  }

  /** What the phone says, as it comes out of the relay. */
  send(packet: Uint8Array): void {
    const header = readRtp(packet);
    if (header?.payloadType !== this.#payloadType) return;
    this.#first ??= header.sequence;
    this.#last = header.sequence;
    this.counts.received += 1;
    const payload = packet.subarray(header.payloadStart, header.payloadEnd);
    this.#loudest = Math.max(this.#loudest, loudness(payload, this.#codec));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sendFrame(): void {
    const sequence = this.counts.sent;
    this.counts.sent += 1;
    const start = sequence * FRAME_SAMPLES;
    const { encode } = g711[this.#codec];
    const payload = Buffer.alloc(FRAME_SAMPLES);
    for (let i = 0; i < FRAME_SAMPLES; i += 1) {
      const sample = Math.round(AMPLITUDE * Math.sin((2 * Math.PI * HZ * (start + i)) / RATE));
      payload[i] = encode[sample & 0xffff] ?? 0;
    }
    const fields = { payloadType: this.#payloadType, marker: sequence === 0, sequence: sequence & 0xffff };
    this.onPacket(writeRtp({ ...fields, timestamp: start, ssrc: 1 }, payload));
  }
}

/** Root mean square of the samples, 0 to 32768. */
function loudness(payload: Uint8Array, codec: Codec): number {
  const { decode } = g711[codec];
  let power = 0;
  for (const code of payload) power += (decode[code] ?? 0) ** 2;
  return payload.length === 0 ? 0 : Math.sqrt(power / payload.length);
}
