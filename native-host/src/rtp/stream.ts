/** One RTP stream made of many: the receiver hears a single source however often the real one changes. */
import { randomBytes } from "node:crypto";
import { type RtpHeader, readRtp, sequenceAhead, timestampAhead } from "./packet.ts";

/** Samples and milliseconds of one frame of PCMU or PCMA as Partyline sends it. */
const FRAME_SAMPLES = 160;
const FRAME_MS = 20;

/** Up to here the change of source counts as prompt, and no frame of time is left out. */
const PROMPT_MS = 60;

/** A jump beyond these is a sender that started anew (RFC 3550 A.1). */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;

/** The sequence number and timestamp a stream begins with. */
export interface StreamStart {
  readonly sequence: number;
  readonly timestamp: number;
}

/**
 * Rewrites SSRC, sequence and timestamp (RFC 3550 §5.1). Within one source, gaps and reorderings are kept as they came;
 * at a change of source the sequence goes on by one, the timestamp by one frame or by the frames that really passed.
 */
export class ContinuousStream {
  readonly ssrc: number;
  readonly #now: () => number;
  #source: string | number | undefined;
  #sourceSsrc = 0;
  #sourceSequence = 0;
  #sequenceShift = 0;
  #timestampShift = 0;
  #sequence: number;
  #timestamp: number;
  #advancedAt = 0;

  constructor(ssrc = randomBytes(4).readUInt32BE(), first?: StreamStart, now = () => performance.now()) {
    const random = randomBytes(6);
    this.ssrc = ssrc;
    this.#sequence = ((first?.sequence ?? random.readUInt16BE(0)) - 1) & 65_535;
    this.#timestamp = ((first?.timestamp ?? random.readUInt32BE(2)) - FRAME_SAMPLES) >>> 0;
    this.#now = now;
  }

  /** A rewritten copy of `packet`; a datagram that is no RTP comes back unchanged. `source` names who sent it. */
  forward(packet: Uint8Array, source: string | number): Buffer {
    const out = Buffer.from(packet);
    const header = readRtp(packet);
    if (!header) return out;
    if (this.#changed(header, source)) this.#joinAt(header, source, out);
    const sequence = (header.sequence + this.#sequenceShift) & 65_535;
    const timestamp = (header.timestamp + this.#timestampShift) >>> 0;
    this.#remember(header, sequence, timestamp);
    out.writeUInt16BE(sequence, 2);
    out.writeUInt32BE(timestamp, 4);
    out.writeUInt32BE(this.ssrc, 8);
    return out;
  }

  #changed(header: RtpHeader, source: string | number): boolean {
    if (source !== this.#source || header.ssrc !== this.#sourceSsrc) return true;
    const jump = sequenceAhead(header.sequence, this.#sourceSequence);
    return jump > MAX_DROPOUT || jump < -MAX_MISORDER;
  }

  #joinAt(header: RtpHeader, source: string | number, out: Buffer): void {
    const first = this.#source === undefined;
    const elapsedMs = first ? 0 : this.#now() - this.#advancedAt;
    const frames = elapsedMs <= PROMPT_MS ? 1 : Math.round(elapsedMs / FRAME_MS);
    this.#sequenceShift = this.#sequence + 1 - header.sequence;
    this.#timestampShift = this.#timestamp + frames * FRAME_SAMPLES - header.timestamp;
    // To the receiver no talkspurt begins here: a marker could make it empty its jitter buffer (RFC 3551 §4.1).
    if (!first) out[1] = header.payloadType;
    this.#source = source;
    this.#sourceSsrc = header.ssrc;
    this.#sourceSequence = header.sequence;
  }

  #remember(header: RtpHeader, sequence: number, timestamp: number): void {
    if (sequenceAhead(sequence, this.#sequence) <= 0) return;
    this.#sequence = sequence;
    this.#sourceSequence = header.sequence;
    if (timestampAhead(timestamp, this.#timestamp) <= 0) return;
    this.#timestamp = timestamp;
    this.#advancedAt = this.#now();
  }
}
