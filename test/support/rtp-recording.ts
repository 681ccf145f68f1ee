/** What an RTP endpoint received, and what a listener would say about it. */
import { isRtcp, type RtpHeader, readRtp, sequenceAhead, timestampAhead } from "#rtp/packet.ts";
import { decodeFrame, FRAME_MS, FRAME_SAMPLES, tonesIn } from "./tone.ts";

/** Times are milliseconds of performance.now(). Either end may be left open. */
export interface Window {
  readonly from?: number;
  readonly to?: number;
}

export interface ReceivedPacket {
  readonly at: number;
  readonly from: { readonly address: string; readonly port: number };
  readonly header: RtpHeader;
  readonly payload: Uint8Array;
}

/** Packets in the order of their arrival. Payload types 0 and 8 are audio, all others are kept but not heard. */
export class RtpRecording {
  readonly packets: ReceivedPacket[] = [];
  /** Datagrams that were neither RTP nor RTCP. */
  malformed = 0;

  /** Takes one datagram; returns its packet when it was RTP. */
  add(datagram: Uint8Array, from: { address: string; port: number }, at: number): ReceivedPacket | undefined {
    const header = readRtp(datagram);
    if (!header) {
      if (!isRtcp(datagram)) this.malformed++;
      return undefined;
    }
    const payload = datagram.slice(header.payloadStart, header.payloadEnd);
    const packet = { at, from: { address: from.address, port: from.port }, header, payload };
    this.packets.push(packet);
    return packet;
  }

  /** Audio packets of a window. */
  audio({ from = -Infinity, to = Infinity }: Window = {}): ReceivedPacket[] {
    return this.packets.filter(({ at, header }) => at >= from && at < to && isAudio(header));
  }

  /** Frequencies heard in the window, multiples of 50 Hz, lowest first. */
  tonesHeard(window?: Window): number[] {
    return tonesIn(this.audio(window).flatMap((packet) => [...samplesOf(packet)]));
  }

  /** The first packet at or after `at` in which `hz` is heard. */
  firstWith(hz: number, at = -Infinity): ReceivedPacket | undefined {
    return this.audio({ from: at }).find((packet) => tonesIn(samplesOf(packet)).includes(hz));
  }

  /** Frames of 20 ms that a listener misses: gaps in sequence or timestamp, and the time lost where the SSRC changes. */
  missingFrames(window?: Window): number {
    let missing = 0;
    for (const [before, next] of pairs(inSequence(this.audio(window))))
      missing += framesBetween(before, next);
    return missing;
  }

  /** How often the SSRC changed. */
  ssrcChanges(window?: Window): number {
    return pairs(this.audio(window)).filter(([a, b]) => a.header.ssrc !== b.header.ssrc).length;
  }

  /** Longest run of packets without any sound, in milliseconds. */
  longestSilentRun(window?: Window): number {
    let run = 0;
    let longest = 0;
    for (const packet of this.audio(window)) {
      run = isSilent(packet) ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest * FRAME_MS;
  }
}

/** The samples of an audio packet. */
export function samplesOf(packet: ReceivedPacket): Int16Array {
  return decodeFrame(packet.payload, packet.header.payloadType === 8 ? "PCMA" : "PCMU");
}

function isAudio(header: RtpHeader): boolean {
  return header.payloadType === 0 || header.payloadType === 8;
}

function isSilent(packet: ReceivedPacket): boolean {
  return samplesOf(packet).every((sample) => Math.abs(sample) < 64);
}

/** Reordered packets put right within each run of one SSRC; duplicates left out. */
function inSequence(packets: ReceivedPacket[]): ReceivedPacket[] {
  const sorted: ReceivedPacket[] = [];
  for (const packet of packets) {
    let at = sorted.length;
    while (at > 0 && isBefore(packet, sorted[at - 1])) at--;
    if (!isCopy(packet, sorted[at - 1])) sorted.splice(at, 0, packet);
  }
  return sorted;
}

function isBefore(packet: ReceivedPacket, other: ReceivedPacket | undefined): boolean {
  if (other?.header.ssrc !== packet.header.ssrc) return false;
  return sequenceAhead(packet.header.sequence, other.header.sequence) < 0;
}

function isCopy(packet: ReceivedPacket, other: ReceivedPacket | undefined): boolean {
  return other?.header.ssrc === packet.header.ssrc && other.header.sequence === packet.header.sequence;
}

function framesBetween(before: ReceivedPacket, next: ReceivedPacket): number {
  if (before.header.ssrc !== next.header.ssrc) {
    return Math.max(0, Math.round((next.at - before.at) / FRAME_MS) - 1);
  }
  const bySequence = sequenceAhead(next.header.sequence, before.header.sequence) - 1;
  const byTimestamp =
    Math.round(timestampAhead(next.header.timestamp, before.header.timestamp) / FRAME_SAMPLES) - 1;
  return Math.max(0, bySequence, byTimestamp);
}

function pairs<Item>(items: readonly Item[]): [Item, Item][] {
  return items.slice(1).map((item, i) => [items[i] as Item, item]);
}
