/** The frame of all media here: 20 ms of G.711. */

/** Samples, and bytes of G.711, of one frame at 8000 Hz. */
export const FRAME = 160;
