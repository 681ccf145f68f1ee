/** The frame of all media here: 20 ms of G.711. */

/** Samples, and bytes of G.711, of one frame at 8000 Hz. */
export const FRAME = 160;

/** A sum of samples cut to 16 bits, as the unsigned index of the encoding tables. */
export function saturate(sum: number): number {
  return Math.max(-32_768, Math.min(32_767, sum)) & 65_535;
}
