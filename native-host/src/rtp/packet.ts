/** RTP packets, read and written (RFC 3550 §5.1). */

/** The fixed header and where the payload lies in the packet; padding and extension are left out of it. */
export interface RtpHeader {
  payloadType: number;
  marker: boolean;
  /** 16 bits, wraps. */
  sequence: number;
  /** 32 bits, wraps; samples, 8000 a second for the codecs of Partyline. */
  timestamp: number;
  ssrc: number;
  /** Index of the first payload byte. */
  payloadStart: number;
  /** Index after the last payload byte. */
  payloadEnd: number;
}

/** What a sender chooses; the rest of the header follows from it. */
export type RtpFields = Pick<RtpHeader, "payloadType" | "marker" | "sequence" | "timestamp" | "ssrc">;

/** Length of the header without CSRC list and extension. */
export const HEADER_BYTES = 12;

/** A header to read into, for those who read thousands a second. */
export function emptyHeader(): RtpHeader {
  return {
    payloadType: 0,
    marker: false,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

/** Reads a packet, or says `undefined` when it is not RTP: wrong version, RTCP, or lengths out of bounds. */
export function readRtp(packet: Uint8Array): RtpHeader | undefined {
  const header = emptyHeader();
  return readRtpInto(packet, header) ? header : undefined;
}

/** As `readRtp`, into a header the caller keeps; false leaves it in an unknown state. */
export function readRtpInto(packet: Uint8Array, header: RtpHeader): boolean {
  if (packet.length < HEADER_BYTES || byte(packet, 0) >> 6 !== 2 || isRtcp(packet)) return false;
  header.marker = byte(packet, 1) >= 128;
  header.payloadType = byte(packet, 1) & 127;
  header.sequence = word(packet, 2);
  header.timestamp = word(packet, 4) * 65_536 + word(packet, 6);
  header.ssrc = word(packet, 8) * 65_536 + word(packet, 10);
  header.payloadStart = payloadStart(packet);
  header.payloadEnd = payloadEnd(packet);
  return header.payloadStart <= header.payloadEnd;
}

/** Whether a datagram on a shared port is RTCP: packet types 192 to 223 (RFC 5761 §4). */
export function isRtcp(packet: Uint8Array): boolean {
  const type = byte(packet, 1);
  return packet.length >= 4 && byte(packet, 0) >> 6 === 2 && type >= 192 && type <= 223;
}

/** One packet without CSRC list, extension and padding. */
export function writeRtp(fields: RtpFields, payload: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  packet[0] = 0x80;
  packet[1] = (fields.marker ? 128 : 0) | (fields.payloadType & 127);
  packet.writeUInt16BE(fields.sequence & 65_535, 2);
  packet.writeUInt32BE(fields.timestamp >>> 0, 4);
  packet.writeUInt32BE(fields.ssrc >>> 0, 8);
  packet.set(payload, HEADER_BYTES);
  return packet;
}

/** How far sequence number `b` is ahead of `a`: -32768 to 32767, across the wrap. */
export function sequenceAhead(b: number, a: number): number {
  return ((b - a) << 16) >> 16;
}

/** How far timestamp `b` is ahead of `a`: signed 32 bits, across the wrap. */
export function timestampAhead(b: number, a: number): number {
  return (b - a) | 0;
}

function payloadStart(packet: Uint8Array): number {
  const first = byte(packet, 0);
  const start = HEADER_BYTES + 4 * (first & 15);
  const extended = (first & 0x10) !== 0;
  if (!extended) return start;
  // Past the end the length reads as 0; the bounds are compared by the caller.
  return start + 4 + 4 * word(packet, start + 2);
}

function payloadEnd(packet: Uint8Array): number {
  const padded = (byte(packet, 0) & 0x20) !== 0;
  if (!padded) return packet.length;
  // A padding count of zero would not count itself (§5.1): no packet.
  return byte(packet, packet.length - 1) === 0 ? -1 : packet.length - byte(packet, packet.length - 1);
}

function byte(packet: Uint8Array, index: number): number {
  return packet[index] ?? 0;
}

function word(packet: Uint8Array, index: number): number {
  return (byte(packet, index) << 8) | byte(packet, index + 1);
}
