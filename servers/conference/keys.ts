/**
 * The keys a participant presses: `*6` and `*9` are commands, and whoever asks for digits gets them up to the `#`. They come
 * from the mixer (RFC 5022) or, from phones that send them so, by INFO; those that come both ways count once.
 */

import { mediaType } from "#sip/header-values.ts";
import type { InDialogAnswer } from "#sip/leg.ts";
import type { SipRequest } from "#sip/message.ts";

/** Between `*` and the next key; longer is a slip. */
const COMMAND_MS = 3_000;
/** No PIN is longer; whatever comes beyond is not kept. */
const MOST_DIGITS = 32;

export type Command = "mute" | "hand";

const COMMANDS: Readonly<Record<string, Command>> = { 6: "mute", 9: "hand" };

/** By which way a key came. */
export type KeyWay = "mixer" | "info";

export interface KeysEvents {
  onCommand(command: Command): void;
}

export interface Entry {
  /** From the last key on; without one since then the entry is over. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

interface Reading {
  digits: string;
  readonly timeoutMs: number;
  done(digits: string | undefined): void;
}

export class Keys {
  readonly #events: KeysEvents;
  /** Called for each key, beside what it means. */
  onKey: ((key: string) => void) | undefined;
  #way: KeyWay | undefined;
  #reading: Reading | undefined;
  #starred = false;
  #clock: NodeJS.Timeout | undefined;

  constructor(events: KeysEvents) {
    this.#events = events;
  }

  /** One of `0-9`, `*`, `#`, `A-D`; anything else is nothing. */
  press(key: string, way: KeyWay): void {
    if (!/^[0-9*#A-D]$/.test(key)) return;
    this.#way ??= way;
    if (way !== this.#way) return;
    this.onKey?.(key);
    if (this.#reading) this.#enter(this.#reading, key);
    else this.#command(key);
  }

  /**
   * The digits up to `#`, which is not among them; `*` begins anew. Undefined when no key came in time, somebody else reads
   * now, or it was aborted. Meanwhile no key is a command.
   */
  read({ timeoutMs, signal }: Entry): Promise<string | undefined> {
    this.#reading?.done(undefined);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    if (signal?.aborted) return Promise.resolve(undefined);
    const abort = () => reading.done(undefined);
    const reading: Reading = {
      digits: "",
      timeoutMs,
      done: (digits) => {
        if (this.#reading !== reading) return;
        this.#reading = undefined;
        clearTimeout(this.#clock);
        signal?.removeEventListener("abort", abort);
        resolve(digits);
      },
    };
    this.#starred = false;
    this.#reading = reading;
    signal?.addEventListener("abort", abort, { once: true });
    this.#within(timeoutMs, abort);
    return promise;
  }

  /** A request of the phone that is about nothing else: a key, or nothing we know. */
  informed(request: SipRequest): InDialogAnswer {
    if (request.method !== "INFO") return { status: 501 };
    if (request.content === "") return { status: 200 };
    const key = keyIn(mediaType(request), request.content);
    if (key === undefined) return { status: 415 };
    this.press(key, "info");
    return { status: 200 };
  }

  /** Nobody presses keys any more. */
  stop(): void {
    this.#reading?.done(undefined);
    clearTimeout(this.#clock);
  }

  #enter(reading: Reading, key: string): void {
    if (key === "#") reading.done(reading.digits);
    else {
      reading.digits = key === "*" ? "" : (reading.digits + key).slice(0, MOST_DIGITS);
      this.#within(reading.timeoutMs, () => reading.done(undefined));
    }
  }

  #command(key: string): void {
    const command = this.#starred ? COMMANDS[key] : undefined;
    this.#starred = key === "*";
    clearTimeout(this.#clock);
    if (this.#starred) {
      this.#within(COMMAND_MS, () => {
        this.#starred = false;
      });
    }
    if (command) this.#events.onCommand(command);
  }

  #within(ms: number, over: () => void): void {
    clearTimeout(this.#clock);
    this.#clock = setTimeout(over, ms).unref();
  }
}

/** The key in an INFO of a phone that sends them so, as vendors agreed before RFC 6086; undefined when there is none. */
export function keyIn(type: string, content: string): string | undefined {
  const relayed =
    type === "application/dtmf-relay" ? /^\s*Signal\s*=\s*(\S+)/im.exec(content)?.[1] : undefined;
  const said = type === "application/dtmf" ? content.trim() : relayed;
  const key = said === "10" ? "*" : said === "11" ? "#" : said?.toUpperCase();
  return key !== undefined && /^[0-9*#A-D]$/.test(key) ? key : undefined;
}
