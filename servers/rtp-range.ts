/** The ports a server may use for media, as its command line says them. */

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65_535;

/** `FIRST-LAST`, or 0 for any free ones: both ends included; throws a sentence. */
export function readRtpRange(text: string): { readonly first: number; readonly last: number } {
  const [first = Number.NaN, last = first] = text.split("-").map(Number);
  // RTP ports are even (RFC 3550 §11).
  const range = { first: first + (first % 2), last };
  if (!isPort(first) || !isPort(last) || range.first > last)
    throw new Error(`--rtp ${text} is no range of ports.`);
  return range;
}
