/** Who talks: levels over time, with hysteresis, and the few loudest that a mix carries. */
import { QUIET } from "./jitter-buffer.ts";

/** Mean amplitude at which talking begins (-44 dB of full scale), and below which it may end. */
const LOUD = 200;
const SOFT = 100;

/** 60 ms of speech begin it, 300 ms without end it. */
const BEGIN_TICKS = 3;
const END_TICKS = 15;

/** A talker already in the mix gives way only to one twice as loud. */
const INCUMBENT = 2;

/** One participant's voice, as the mixer judges it. */
export class Voice {
  /** Begins and ends by hysteresis. */
  talking = false;
  /** Whether the last mix carried it. */
  mixed = false;
  /** Mean amplitude of the current frame, and of the recent ones: fast up, slowly down. */
  level = 0;
  #recent = 0;
  #run = 0;

  /** Takes the mean amplitude of this tick's frame; says whether `talking` changed. */
  hear(level: number): boolean {
    this.level = level;
    this.#recent += (level - this.#recent) * (level > this.#recent ? 0.5 : 0.05);
    const against = this.talking ? level < SOFT : level >= LOUD;
    this.#run = against ? this.#run + 1 : 0;
    if (this.#run < (this.talking ? END_TICKS : BEGIN_TICKS)) return false;
    this.talking = !this.talking;
    this.#run = 0;
    return true;
  }

  /** What it is worth in the choice of the loudest. */
  get rank(): number {
    return this.mixed ? this.#recent * INCUMBENT : this.#recent;
  }
}

/** The participants whose frames go into one mix: all that are not quiet, or the loudest `limit` of them. */
export class Loudest<Member extends { readonly voice: Voice }> {
  /** The chosen ones: the first `count` entries. */
  readonly chosen: Member[] = [];
  count = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.#at(i).voice.mixed = false;
    this.count = 0;
  }

  /** Offers a candidate; the least of too many is pushed out. */
  offer(member: Member): void {
    if (member.voice.level < QUIET) return;
    if (this.count < this.#limit) this.chosen[this.count++] = member;
    else this.#replaceLeast(member);
  }

  /** Marks the chosen ones, once all were offered. */
  settle(): void {
    for (let i = 0; i < this.count; i++) this.#at(i).voice.mixed = true;
  }

  #replaceLeast(member: Member): void {
    let least = 0;
    for (let i = 1; i < this.count; i++) {
      if (this.#at(i).voice.rank < this.#at(least).voice.rank) least = i;
    }
    if (this.#at(least).voice.rank < member.voice.rank) this.chosen[least] = member;
  }

  #at(index: number): Member {
    // Only asked for entries below `count`, which `offer` has filled.
    return this.chosen[index] as Member;
  }
}
