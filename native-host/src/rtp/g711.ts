/** G.711: PCMU and PCMA to and from 16-bit linear samples, by exact tables (ITU-T G.711; RFC 3551 §4.5.14). */

export type Codec = "PCMU" | "PCMA";

/** One row per codec: 256 code words to samples, 65536 samples (as unsigned 16 bits) to code words. */
export interface G711 {
  readonly decode: Int16Array;
  readonly encode: Uint8Array;
  /** The code word of a zero sample. */
  readonly silence: number;
}

const BIAS = 132;
const MU_CLIP = 32_635;

function muToLinear(code: number): number {
  const bits = ~code & 255;
  const magnitude = ((((bits & 15) << 3) + BIAS) << ((bits >> 4) & 7)) - BIAS;
  return bits & 128 ? -magnitude : magnitude;
}

function linearToMu(sample: number): number {
  const biased = Math.min(Math.abs(sample), MU_CLIP) + BIAS;
  const segment = 31 - Math.clz32(biased) - 7;
  return ~((sample < 0 ? 128 : 0) | (segment << 4) | ((biased >> (segment + 3)) & 15)) & 255;
}

function aToLinear(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + 8;
  const magnitude = segment === 0 ? mantissa : (mantissa + 256) << (segment - 1);
  return bits & 128 ? magnitude : -magnitude;
}

function linearToA(sample: number): number {
  // One's complement of a negative sample, so that -1 to -8 fall in the same step as 0 to 7.
  const magnitude = sample < 0 ? ~sample : sample;
  const segment = Math.max(0, 31 - Math.clz32(magnitude | 1) - 7);
  const mantissa = (magnitude >> (segment === 0 ? 4 : segment + 3)) & 15;
  return ((sample < 0 ? 0 : 128) | (segment << 4) | mantissa) ^ 0x55;
}

function tables(toLinear: (code: number) => number, fromLinear: (sample: number) => number): G711 {
  const decode = Int16Array.from({ length: 256 }, (_, code) => toLinear(code));
  const encode = Uint8Array.from({ length: 65_536 }, (_, bits) => fromLinear((bits << 16) >> 16));
  return { decode, encode, silence: fromLinear(0) };
}

export const g711: Readonly<Record<Codec, G711>> = {
  PCMU: tables(muToLinear, linearToMu),
  PCMA: tables(aToLinear, linearToA),
};
