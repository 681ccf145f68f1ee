/** Calls that come in: shown in a small window and a notification, rung for, and kept when nobody answered. */
import { spoken } from "../call-uri.ts";
import { type Call, comesIn } from "./calls.ts";
import type { Kept, Memory } from "./memory.ts";
import type { Settings } from "./settings.ts";
import type { SmallWindows } from "./windows.ts";

/** What a notification says. */
export interface Notice {
  readonly title: string;
  readonly text: string;
  /** Whether it stays and has Answer and Decline, where the browser can do that. */
  readonly asks: boolean;
}

export interface Notices {
  show(id: string, notice: Notice): void;
  clear(id: string): void;
}

export interface ReceptionOptions {
  readonly memory: Kept<Memory>;
  readonly settings: Kept<Settings>;
  readonly notices: Notices;
  readonly windows: Pick<SmallWindows, "open" | "close">;
  /** Rings in this browser, or stops. */
  bell(on: boolean): void;
  now(): number;
}

/** What the service says of a call that the user could not take (docs/xml-api.md). */
const MISSED: readonly string[] = ["no-answer", "cancelled", "busy"];
/** A phone that is none of the user's has the call. */
const ELSEWHERE = /completed elsewhere/i;
const MOST_MISSED = 20;
const NOTICE = "call-";
const MISSED_NOTICE = "missed-";

export class Reception {
  readonly #options: ReceptionOptions;
  /** Unknown after the worker was woken: the offscreen document may still be ringing. */
  #rings: boolean | undefined;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** A call changed; `before` is what was known of it. Memory has the news already. */
  changed(call: Call, before: Call | undefined): void {
    const { notices, windows } = this.#options;
    if (call.state === "incoming" && before?.state !== "incoming") {
      notices.show(NOTICE + call.call, noticeOf(call));
      if (!this.#silenced(call)) windows.open("incoming");
    }
    if (call.state !== "incoming" && before?.state === "incoming") notices.clear(NOTICE + call.call);
    if (isMissed(call, before)) this.#miss(call);
    this.refresh();
  }

  /** Rings, or not, as things are now; closes the window when nobody calls any more. */
  refresh(): void {
    const { memory, settings, windows, bell } = this.#options;
    const waiting = Object.values(memory.value.calls).filter(
      (call) => comesIn(call) && !this.#silenced(call),
    );
    if (waiting.length === 0 && memory.value.silenced.length > 0) this.#forgetSilenced();
    if (waiting.length === 0) windows.close("incoming");
    const rings = settings.value.ringing && waiting.some(({ state }) => state === "incoming");
    if (rings === this.#rings) return;
    this.#rings = rings;
    bell(rings);
  }

  /** The call rings on, but not here. */
  silence(call: string): void {
    const { memory } = this.#options;
    memory.set({ silenced: [...memory.value.silenced.filter((one) => one !== call), call] });
    this.refresh();
  }

  /** The user closed the window: all that it showed rings on elsewhere. */
  windowClosed(): void {
    for (const call of Object.values(this.#options.memory.value.calls)) {
      if (call.state === "incoming") this.silence(call.call);
    }
  }

  /** Shows the calls that come in again, also those that were silenced. */
  showAgain(): void {
    const { memory, windows } = this.#options;
    memory.set({ silenced: [] });
    if (Object.values(memory.value.calls).some(comesIn)) windows.open("incoming");
    this.refresh();
  }

  /** The call a notification is about; `undefined` for one that only tells. */
  callOf(notice: string): string | undefined {
    return notice.startsWith(NOTICE) ? notice.slice(NOTICE.length) : undefined;
  }

  /** The user has seen which calls were missed. */
  missedSeen(): void {
    const { settings } = this.#options;
    const { missed } = settings.value;
    if (missed.every(({ seen }) => seen)) return;
    for (const { at } of missed) this.#options.notices.clear(MISSED_NOTICE + at);
    settings.set({ missed: missed.map((one) => ({ ...one, seen: true })) });
  }

  clearMissed(): void {
    this.missedSeen();
    this.#options.settings.set({ missed: [] });
  }

  #miss({ uri, who }: Call): void {
    const { settings, notices, now } = this.#options;
    const at = now();
    settings.set({ missed: [{ uri, who, at, seen: false }, ...settings.value.missed].slice(0, MOST_MISSED) });
    notices.show(MISSED_NOTICE + at, { title: "Missed call", text: calling(uri, who), asks: false });
  }

  #silenced({ call }: Call): boolean {
    return this.#options.memory.value.silenced.includes(call);
  }

  #forgetSilenced(): void {
    const { memory } = this.#options;
    const alive = memory.value.silenced.filter((name) => memory.value.calls[name] !== undefined);
    if (alive.length < memory.value.silenced.length) memory.set({ silenced: alive });
  }
}

function noticeOf({ uri, who }: Call) {
  return { title: "Incoming call", text: calling(uri, who), asks: true };
}

/** Name and address: a name alone is what the caller likes it to be. */
function calling(uri: string, who: string): string {
  const address = spoken(uri);
  return who === address ? who : `${who} (${address})`;
}

function isMissed({ dir, state, error }: Call, before: Call | undefined): boolean {
  if (dir !== "in" || state !== "ended" || !error) return false;
  const answered = before !== undefined && !comesIn(before);
  return !answered && MISSED.includes(error.code) && !ELSEWHERE.test(error.reason);
}
