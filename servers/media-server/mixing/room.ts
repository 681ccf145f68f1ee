/** One conference's media: everybody hears the sum of the others (N-1), one tick of 20 ms at a time. */
import { type Codec, g711 } from "#rtp/g711.ts";
import { FRAME, saturate } from "../frame.ts";
import { UNDER_PROMPT } from "../prompt-player.ts";
import { Loudest } from "./loudest.ts";
import type { Stream } from "./stream.ts";

/** What a mix needs of its surroundings. */
export interface MixOutput {
  send(stream: Stream, packet: Buffer): void;
  talking(room: Room, stream: Stream): void;
  /** The prompt of this number was played to its end. */
  played(stream: Stream, ask: number): void;
}

/** So many voices at once go into a mix; more could not be told apart. */
export const MAX_TALKERS = 6;

const SILENCE: Readonly<Record<Codec, Uint8Array>> = {
  PCMU: new Uint8Array(FRAME).fill(g711.PCMU.silence),
  PCMA: new Uint8Array(FRAME).fill(g711.PCMA.silence),
};

/** A frame that all who do not talk share, encoded when the first of them needs it. */
interface SharedFrame {
  readonly codec: Codec;
  readonly frame: Uint8Array;
  tick: number;
}

// Scratch of one tick, shared by all rooms, which are mixed one after the other.
const sum = new Int32Array(FRAME);
const own = new Uint8Array(FRAME);
const alone = new Int32Array(FRAME);

export class Room {
  readonly id: string;
  readonly members: Stream[] = [];
  /** Frames encoded so far: T + 1 a tick and codec with T talkers, however many listen. */
  encoded = 0;
  readonly #loudest = new Loudest<Stream>(MAX_TALKERS);
  readonly #shared: Readonly<Record<Codec, SharedFrame>> = {
    PCMU: { codec: "PCMU", frame: new Uint8Array(FRAME), tick: -1 },
    PCMA: { codec: "PCMA", frame: new Uint8Array(FRAME), tick: -1 },
  };

  constructor(id: string) {
    this.id = id;
  }

  add(stream: Stream): void {
    this.members.push(stream);
  }

  /** Returns whether anybody is left. */
  remove(stream: Stream): boolean {
    const index = this.members.indexOf(stream);
    if (index >= 0) this.members.splice(index, 1);
    return this.members.length > 0;
  }

  /** How many talk, by the hysteresis that is reported. */
  get talkers(): number {
    return this.members.filter(({ voice }) => voice.talking).length;
  }

  mix(tick: number, output: MixOutput): void {
    this.#listen(tick, output);
    this.#sum();
    for (const stream of this.members) {
      const { ask } = stream.prompt;
      const playing = ask !== undefined && stream.reached;
      const payload = playing ? this.#withPrompt(stream, tick) : this.#payload(stream, tick);
      const packet = stream.next(payload);
      if (packet) output.send(stream, packet);
      if (playing && stream.prompt.ask === undefined) output.played(stream, ask);
    }
  }

  #listen(tick: number, output: MixOutput): void {
    const loudest = this.#loudest;
    loudest.begin(tick);
    for (const stream of this.members) {
      if (stream.listen()) output.talking(this, stream);
      loudest.offer(stream);
    }
    loudest.settle();
  }

  #sum(): void {
    sum.fill(0);
    for (let n = 0; n < this.#loudest.count; n++) {
      const { frame } = this.#loudest.at(n).jitter;
      for (let i = 0; i < FRAME; i++) sum[i] = (sum[i] as number) + (frame[i] as number);
    }
  }

  #payload(stream: Stream, tick: number): Uint8Array {
    const mixed = stream.voice.mixedAt === tick;
    const others = mixed ? this.#loudest.count - 1 : this.#loudest.count;
    if (others === 0 || stream.mixMode === "parked" || !stream.target) return SILENCE[stream.codec];
    return mixed ? this.#withoutHimself(stream) : this.#forListeners(stream.codec, tick);
  }

  /** A frame of the prompt over the others; it goes on, unheard, while he is on hold. */
  #withPrompt(stream: Stream, tick: number): Uint8Array {
    if (stream.mixMode === "parked") alone.fill(0);
    else {
      const { frame } = stream.jitter;
      const share = stream.voice.mixedAt === tick ? 1 : 0;
      for (let i = 0; i < FRAME; i++) {
        alone[i] = ((sum[i] as number) - share * (frame[i] as number)) >> UNDER_PROMPT;
      }
    }
    if (!stream.prompt.addTo(alone)) stream.prompt.stop();
    const { encode } = g711[stream.codec];
    this.encoded++;
    for (let i = 0; i < FRAME; i++) own[i] = encode[saturate(alone[i] as number)] as number;
    return own;
  }

  #withoutHimself(stream: Stream): Uint8Array {
    const { frame } = stream.jitter;
    const { encode } = g711[stream.codec];
    this.encoded++;
    for (let i = 0; i < FRAME; i++) {
      own[i] = encode[saturate((sum[i] as number) - (frame[i] as number))] as number;
    }
    return own;
  }

  #forListeners(codec: Codec, tick: number): Uint8Array {
    const shared = this.#shared[codec];
    if (shared.tick === tick) return shared.frame;
    const { encode } = g711[codec];
    this.encoded++;
    for (let i = 0; i < FRAME; i++) shared.frame[i] = encode[saturate(sum[i] as number)] as number;
    shared.tick = tick;
    return shared.frame;
  }
}
