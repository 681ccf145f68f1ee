/** The prompts a mixer can play: µ-law files of its own, read once; no other place is ever asked for audio. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { g711 } from "#rtp/g711.ts";
import type { Samples } from "./prompt-player.ts";

const OWN = join(import.meta.dirname, "prompts");
const URL_OF_OURS = /^partyline:([a-z0-9-]+)$/;
const FILE = /^([a-z0-9-]+)\.ulaw$/;

export class Prompts {
  readonly #byName: ReadonlyMap<string, Samples>;

  constructor(byName: ReadonlyMap<string, Samples>) {
    this.#byName = byName;
  }

  /** All `NAME.ulaw` in a folder, 8000 samples a second; the mixer's own when no other is named. Throws when it cannot be read. */
  static read(folder = OWN): Prompts {
    const files = readdirSync(folder).flatMap((file) => {
      const name = FILE.exec(file)?.[1];
      return name === undefined ? [] : [[name, decoded(readFileSync(join(folder, file)))] as const];
    });
    return new Prompts(new Map(files));
  }

  get names(): string[] {
    return [...this.#byName.keys()].sort();
  }

  /** What `partyline:NAME` means, if anything. */
  find(url: string): Samples | undefined {
    return this.#byName.get(URL_OF_OURS.exec(url)?.[1] ?? "");
  }
}

/** In memory that the mixing thread shares: nothing is copied when one is played. */
function decoded(bytes: Uint8Array): Samples {
  const samples = new Int16Array(new SharedArrayBuffer(bytes.length * 2));
  samples.set(Int16Array.from(bytes, (code) => g711.PCMU.decode[code] ?? 0));
  return samples;
}
