/** Jitter buffer of one received stream: packets in by timestamp, one frame of samples out every tick. */
import { type RtpHeader, sequenceAhead, timestampAhead } from "#rtp/packet.ts";
import { FRAME } from "../frame.ts";

/** Samples kept: 256 ms. A power of two, so that a timestamp finds its place across the wrap. */
const RING = 2048;

// Where an index is masked by the length of its array, or comes from its own loop, `as number` is no guess.

/** Marks a place no packet has filled; G.711 never decodes to it. */
const EMPTY = -32_768;

/** Samples to wait for before playing: one frame to play and one to spare. */
const TARGET = 2 * FRAME;

/** With this much always to spare, a window long, the delay is larger than the jitter asks for. */
const TOO_MUCH = 2 * FRAME;
const WINDOW_TICKS = 50;

/** Ticks without a packet after which the stream counts as stopped, and its next packet as a start. */
const STOPPED_TICKS = 5;

/** A packet so old, or so many late ones in a row, mean that the sender's timestamps began anew. */
const OLD_SAMPLES = 8000;
const LATE_RUN = 25;

/** A frame with a mean amplitude below this may be left out unheard (-66 dB of full scale). */
export const QUIET = 16;

/** What happened to the packets and frames of one stream. */
export interface JitterCounters {
  /** Came after their time. */
  late: number;
  duplicate: number;
  /** Frames that never came, or after those that follow them. */
  lost: number;
  /** Ticks at which nothing was there to play. */
  underruns: number;
  /** Fresh starts in mid-stream: stalls, jumps, new SSRC. */
  resyncs: number;
  /** Frames left out to bring the delay down. */
  skipped: number;
}

type State = "idle" | "filling" | "playing";

export class JitterBuffer {
  /** The frame of this tick, after `read()`. */
  readonly frame = new Int16Array(FRAME);
  readonly counters: JitterCounters = {
    late: 0,
    duplicate: 0,
    lost: 0,
    underruns: 0,
    resyncs: 0,
    skipped: 0,
  };
  readonly #ring = new Int16Array(RING).fill(EMPTY);
  #state: State = "idle";
  #started = false;
  #ssrc = 0;
  /** Timestamps: the next sample to play, and the one after the newest. */
  #play = 0;
  #end = 0;
  #newest = 0;
  /** Bit n: the packet `newest - n` was there. */
  #seen = 0;
  #lateRun = 0;
  #missingRun = 0;
  /** Ticks since the last frame at which nothing was there to play. */
  #waited = 0;
  #ticks = 0;
  #leastSpare = RING;
  #shrinking = false;

  /** Samples that wait to be played. */
  get depth(): number {
    return this.#state === "idle" ? 0 : timestampAhead(this.#end, this.#play);
  }

  /** Takes one packet; `decode` maps the bytes of its payload to samples. */
  write(header: RtpHeader, packet: Uint8Array, decode: Int16Array): void {
    const samples = header.payloadEnd - header.payloadStart;
    if (samples === 0 || samples > RING / 2) return;
    if (this.#state === "idle" || header.ssrc !== this.#ssrc) this.#restart(header);
    else if (!this.#isNew(header.sequence)) return;
    const ahead = timestampAhead(header.timestamp, this.#play);
    if (ahead + samples <= 0) {
      if (!this.#isRestart(ahead)) return;
      this.#restart(header);
    } else if (ahead + samples > RING) this.#restart(header);
    this.#lateRun = 0;
    this.#store(header, packet, decode);
  }

  /** Fills `frame` for this tick and returns its mean amplitude, 0 to 32768; 0 when there is nothing to hear. */
  read(): number {
    if (this.#state === "filling" && this.depth >= TARGET) this.#beginPlaying();
    if (this.#state !== "playing") return 0;
    if (this.depth < FRAME) return this.#underrun();
    if (this.#waited > 0) this.#skipLost();
    const level = this.#take();
    this.#adapt(level);
    return level;
  }

  /** Forgets what is buffered, as when the stream is muted. */
  reset(): void {
    this.#state = "idle";
    this.frame.fill(0);
  }

  #restart({ ssrc, sequence, timestamp }: RtpHeader): void {
    if (this.#started) this.counters.resyncs++;
    this.#started = true;
    this.#ring.fill(EMPTY);
    this.#state = "filling";
    this.#ssrc = ssrc;
    this.#play = timestamp;
    this.#end = timestamp;
    this.#newest = sequence;
    this.#seen = 1;
    this.#missingRun = 0;
    this.#waited = 0;
    this.#forgetSpare();
  }

  #isNew(sequence: number): boolean {
    const ahead = sequenceAhead(sequence, this.#newest);
    if (ahead > 0) {
      this.#seen = ahead > 31 ? 1 : (this.#seen << ahead) | 1;
      this.#newest = sequence;
      return true;
    }
    if (ahead <= -32) return true;
    const bit = 1 << -ahead;
    if (this.#seen & bit) this.counters.duplicate++;
    const fresh = (this.#seen & bit) === 0;
    this.#seen |= bit;
    return fresh;
  }

  #isRestart(ahead: number): boolean {
    this.counters.late++;
    return -ahead > OLD_SAMPLES || ++this.#lateRun >= LATE_RUN;
  }

  #store(header: RtpHeader, packet: Uint8Array, decode: Int16Array): void {
    const ring = this.#ring;
    const { payloadStart, payloadEnd, timestamp } = header;
    // What of the packet is already played would come round again a ring later.
    const played = Math.max(0, timestampAhead(this.#play, timestamp));
    for (let i = payloadStart + played, at = timestamp + played; i < payloadEnd; i++, at++) {
      ring[at & (RING - 1)] = decode[packet[i] as number] as number;
    }
    const end = timestamp + (payloadEnd - payloadStart);
    if (timestampAhead(end, this.#end) > 0) this.#end = end >>> 0;
  }

  #beginPlaying(): void {
    // After a stall all that waited comes at once: begin near its end, not at its beginning.
    this.#skip(this.depth - TARGET);
    this.#state = "playing";
  }

  /** Nothing there yet: wait with the timestamp, so that a late packet is played late instead of never. */
  #underrun(): number {
    this.counters.underruns++;
    this.#waited++;
    if (this.#missingRun >= STOPPED_TICKS) this.#state = "idle";
    return this.#conceal();
  }

  /** What was waited for was lost, not late: its time is over already, and is not spent once more. */
  #skipLost(): void {
    for (; this.#waited > 0 && this.#isMissing(); this.#waited--) {
      this.#play = (this.#play + FRAME) >>> 0;
      this.counters.lost++;
    }
    this.#waited = 0;
  }

  /** Whether nothing has come of the next frame. */
  #isMissing(): boolean {
    for (let i = 0; i < FRAME; i++) if (this.#ring[(this.#play + i) & (RING - 1)] !== EMPTY) return false;
    return true;
  }

  #take(): number {
    const { frame } = this;
    const ring = this.#ring;
    let sum = 0;
    let filled = 0;
    for (let i = 0; i < FRAME; i++) {
      const at = (this.#play + i) & (RING - 1);
      const sample = ring[at] as number;
      if (sample === EMPTY) continue;
      if (filled === 0 && i > 0) frame.fill(0, 0, i);
      filled = i + 1;
      frame[i] = sample;
      ring[at] = EMPTY;
      sum += sample < 0 ? -sample : sample;
    }
    this.#play = (this.#play + FRAME) >>> 0;
    if (filled === 0) return this.#lose();
    if (filled < FRAME) frame.fill(0, filled);
    this.#missingRun = 0;
    return sum / FRAME;
  }

  #lose(): number {
    this.counters.lost++;
    return this.#conceal();
  }

  /** The last frame again, each time at half the amplitude, for two frames; then silence. */
  #conceal(): number {
    const { frame } = this;
    if (this.#missingRun++ >= 2) {
      if (this.#missingRun === 3) frame.fill(0);
      return 0;
    }
    let sum = 0;
    for (let i = 0; i < FRAME; i++) {
      const sample = (frame[i] as number) >> 1;
      frame[i] = sample;
      sum += sample < 0 ? -sample : sample;
    }
    return sum / FRAME;
  }

  /** Where for a whole window more was to spare than the jitter needs, one frame is left out, a quiet one if there is. */
  #adapt(level: number): void {
    const spare = this.depth;
    if (spare < this.#leastSpare) this.#leastSpare = spare;
    if (this.#shrinking && level < QUIET) {
      this.#dropFrame();
      return;
    }
    if (++this.#ticks < WINDOW_TICKS) return;
    const tooMuch = this.#leastSpare >= TOO_MUCH;
    if (tooMuch && this.#shrinking) {
      this.#dropFrame();
      return;
    }
    this.#forgetSpare();
    this.#shrinking = tooMuch;
  }

  #dropFrame(): void {
    this.#skip(FRAME);
    this.counters.skipped++;
    this.#forgetSpare();
  }

  #forgetSpare(): void {
    this.#ticks = 0;
    this.#leastSpare = RING;
    this.#shrinking = false;
  }

  #skip(samples: number): void {
    for (let i = 0; i < samples; i++) this.#ring[(this.#play + i) & (RING - 1)] = EMPTY;
    this.#play = (this.#play + samples) >>> 0;
  }
}
