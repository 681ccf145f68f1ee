/** Tones for tests: made as G.711 frames, and found again in samples by Goertzel's filter. */
import { type Codec, g711 } from "#rtp/g711.ts";

export const SAMPLE_RATE = 8000;
export const FRAME_SAMPLES = 160;
export const FRAME_MS = 20;

/** A frame of 20 ms tells tones apart that are multiples of this; use such tones. */
export const TONE_STEP_HZ = 50;

/** How strong `hz` is in the samples: its amplitude as a part of full scale, 0 to 1. */
export function toneLevel(pcm: ArrayLike<number>, hz: number, rate = SAMPLE_RATE): number {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let last = 0;
  let before = 0;
  for (let i = 0; i < pcm.length; i++) {
    const now = (pcm[i] ?? 0) + turn * last - before;
    before = last;
    last = now;
  }
  const power = last * last + before * before - turn * last * before;
  return pcm.length === 0 ? 0 : (2 * Math.sqrt(Math.max(0, power))) / pcm.length / 32_768;
}

/** The tones in the samples (multiples of 50 Hz, 200 to 3400) above `floor` and not 20 dB below the strongest. */
export function tonesIn(pcm: ArrayLike<number>, floor = 0.02): number[] {
  const levels = new Map<number, number>();
  for (let hz = 200; hz <= 3400; hz += TONE_STEP_HZ) levels.set(hz, frameAverage(pcm, hz));
  const least = Math.max(floor, Math.max(...levels.values()) / 10);
  const level = (hz: number) => levels.get(hz) ?? 0;
  const peak = (hz: number) => level(hz) > level(hz - TONE_STEP_HZ) && level(hz) >= level(hz + TONE_STEP_HZ);
  return [...levels.keys()].filter((hz) => level(hz) >= least && peak(hz));
}

/** Average over frames of 20 ms: does not mind where a stream was cut and joined. */
function frameAverage(pcm: ArrayLike<number>, hz: number): number {
  const samples = Int16Array.from(pcm);
  const frames = Math.floor(samples.length / FRAME_SAMPLES);
  let sum = 0;
  for (let n = 0; n < frames; n++) {
    sum += toneLevel(samples.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES), hz);
  }
  return frames === 0 ? 0 : sum / frames;
}

/** A sine as 16-bit samples; `start` is the index of the first sample, so that frames join without a click. */
export function toneSamples(hz: number, length = FRAME_SAMPLES, start = 0, amplitude = 0.25): Int16Array {
  const turn = (2 * Math.PI * hz) / SAMPLE_RATE;
  return Int16Array.from({ length }, (_, i) => Math.round(32_767 * amplitude * Math.sin(turn * (start + i))));
}

/** Samples as G.711 code words. */
export function encodeFrame(pcm: Int16Array, codec: Codec = "PCMU"): Uint8Array {
  const { encode } = g711[codec];
  return Uint8Array.from(pcm, (sample) => encode[sample & 65_535] ?? 0);
}

/** G.711 code words as samples. */
export function decodeFrame(payload: Uint8Array, codec: Codec = "PCMU"): Int16Array {
  const { decode } = g711[codec];
  return Int16Array.from(payload, (code) => decode[code] ?? 0);
}

/** One frame of a tone as µ-law, frame number `n` of an endless one; `undefined` Hz is silence. */
export function toneFrame(hz: number | undefined, n: number, codec: Codec = "PCMU"): Uint8Array {
  if (hz === undefined) return new Uint8Array(FRAME_SAMPLES).fill(g711[codec].silence);
  return encodeFrame(toneSamples(hz, FRAME_SAMPLES, n * FRAME_SAMPLES), codec);
}
