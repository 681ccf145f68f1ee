/** The ports a server may use for media, as its command line says them. */

/** `FIRST-LAST`, both ends included, or 0 for any free ones; throws a sentence. */
export function readRtpRange(text: string): { readonly first: number; readonly last: number } {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  // RTP ports are even (RFC 3550 §11).
  const range = { first: first + (first % 2), last };
  const free = first === 0 && last === 0;
  if (!free && !(first > 0 && range.first <= last && last <= 65_535))
    throw new Error(`--rtp ${text} is no range of ports.`);
  return range;
}
