/** The few loudest, which a mix carries. */
import type { Voice } from "../voice.ts";
import { QUIET } from "./jitter-buffer.ts";

/** The participants whose frames go into one mix: all that are not quiet, or the loudest `limit` of them. */
export class Loudest<Member extends { readonly voice: Voice }> {
  readonly #chosen: Member[] = [];
  count = 0;
  readonly #limit: number;
  #tick = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Begins the choice of another mix; ticks are numbered one after the other. */
  begin(tick: number): void {
    this.#tick = tick;
    this.count = 0;
  }

  /** Offers a candidate; the least of too many is pushed out. */
  offer(member: Member): void {
    if (member.voice.level < QUIET) return;
    if (this.count < this.#limit) this.#chosen[this.count++] = member;
    else this.#replaceLeast(member);
  }

  /** Marks the chosen ones, once all were offered. */
  settle(): void {
    for (let i = 0; i < this.count; i++) this.at(i).voice.mixedAt = this.#tick;
  }

  at(index: number): Member {
    // Only asked for entries below `count`, which `offer` has filled.
    return this.#chosen[index] as Member;
  }

  #replaceLeast(member: Member): void {
    let least = 0;
    for (let i = 1; i < this.count; i++) {
      if (this.#rank(this.at(i)) < this.#rank(this.at(least))) least = i;
    }
    if (this.#rank(this.at(least)) < this.#rank(member)) this.#chosen[least] = member;
  }

  #rank({ voice }: Member): number {
    return voice.rank(this.#tick);
  }
}
