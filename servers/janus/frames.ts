/** Audio as Janus takes it, whatever the phone sends: PCMU in packets of 20 ms (AudioBridge drops all other sizes). */
import { type Codec, g711 } from "#rtp/g711.ts";
import { type RtpHeader, writeRtp } from "#rtp/packet.ts";
import { ContinuousStream } from "#rtp/stream.ts";
import { FRAME, saturate } from "../media-server/frame.ts";
import { UNDER_PROMPT } from "../media-server/prompt-player.ts";

/** Payload type of PCMU (RFC 3551 §6). */
export const PCMU = 0;
/** More than any phone packs into one: 120 ms. */
const MAX_PAYLOAD = 6 * FRAME;

const AMPLITUDE = Uint16Array.from(g711.PCMU.decode, Math.abs);

const TO_PCMU = Uint8Array.from(g711.PCMA.decode, (sample) => g711.PCMU.encode[sample & 65_535] ?? 0);
const TO_PCMA = Uint8Array.from(g711.PCMU.decode, (sample) => g711.PCMA.encode[sample & 65_535] ?? 0);

/** The same sound in PCMU; what is PCMU comes back as it is. */
export function asPcmu(payload: Uint8Array, codec: Codec): Uint8Array {
  return codec === "PCMU" ? payload : translated(payload, TO_PCMU);
}

/** PCMU in this codec; as it is when that is PCMU. */
export function fromPcmu(payload: Uint8Array, codec: Codec): Uint8Array {
  return codec === "PCMU" ? payload : translated(payload, TO_PCMA);
}

// By index, here and below: it is done a hundred times a second for each participant.
function translated(payload: Uint8Array, table: Uint8Array): Uint8Array {
  const out = new Uint8Array(payload.length);
  for (let i = 0; i < out.length; i++) out[i] = table[payload[i] ?? 0] ?? 0;
  return out;
}

/** The mean amplitude of a frame of PCMU, as the mixer measures it. */
export function levelOf(frame: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < frame.length; i++) sum += AMPLITUDE[frame[i] ?? 0] ?? 0;
  return sum / Math.max(1, frame.length);
}

/** A frame of PCMU as samples to put a prompt over: softer, as the mixer does. */
export function under(frame: Uint8Array): Int32Array {
  return Int32Array.from(frame, (code) => (g711.PCMU.decode[code] ?? 0) >> UNDER_PROMPT);
}

/** Samples as PCMU, cut off at full scale. */
export function encoded(samples: Int32Array): Uint8Array {
  const { encode } = g711.PCMU;
  return Uint8Array.from(samples, (sample) => encode[saturate(sample)] ?? 0);
}

/** One phone's audio, cut or joined to frames, numbered as one stream. */
export class Framer {
  readonly #out = new ContinuousStream();
  #rest: Uint8Array = new Uint8Array(0);
  #restSsrc = 0;
  #cut = 0;

  /** The packets for Janus that one of the phone's makes; each has the header of 12 bytes and one frame. */
  take(header: RtpHeader, payload: Uint8Array): Buffer[] {
    if (payload.length === 0 || payload.length > MAX_PAYLOAD) return [];
    if (payload.length === FRAME && this.#rest.length === 0) return [this.#whole(header, payload)];
    return this.#split(header, payload);
  }

  /** A frame of silence: Janus begins to send when it has heard something. */
  silence(): Buffer {
    return this.#numbered(new Uint8Array(FRAME).fill(g711.PCMU.silence), 0);
  }

  #whole({ sequence, timestamp, ssrc }: RtpHeader, payload: Uint8Array): Buffer {
    const packet = writeRtp({ payloadType: PCMU, marker: false, sequence, timestamp, ssrc }, payload);
    return this.#out.forward(packet, "whole");
  }

  /** Order is as they come: of packets that are not of 20 ms the numbers tell nothing to Janus. */
  #split({ ssrc }: RtpHeader, payload: Uint8Array): Buffer[] {
    const rest = this.#restSsrc === ssrc ? this.#rest : new Uint8Array(0);
    const bytes = Buffer.concat([rest, payload]);
    const whole = bytes.length - (bytes.length % FRAME);
    this.#rest = bytes.subarray(whole);
    this.#restSsrc = ssrc;
    const packets: Buffer[] = [];
    for (let at = 0; at < whole; at += FRAME)
      packets.push(this.#numbered(bytes.subarray(at, at + FRAME), ssrc));
    return packets;
  }

  #numbered(frame: Uint8Array, ssrc: number): Buffer {
    const sequence = ++this.#cut;
    const header = { payloadType: PCMU, marker: false, sequence, timestamp: sequence * FRAME, ssrc };
    return this.#out.forward(writeRtp(header, frame), "cut");
  }
}
