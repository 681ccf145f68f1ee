/** Who talks: the level of a voice over time, with hysteresis. */

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
  /** The last tick whose mix carried it. */
  mixedAt = -1;
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

  /** Nobody hears it any more: ends the talking at once; says whether there was any. */
  hush(): boolean {
    const talked = this.talking;
    this.talking = false;
    this.level = 0;
    this.#recent = 0;
    this.#run = 0;
    return talked;
  }

  /** What it is worth in the choice of the loudest at `tick`. */
  rank(tick: number): number {
    return this.mixedAt === tick - 1 ? this.#recent * INCUMBENT : this.#recent;
  }
}
