/** A call that a phone makes by itself: followed as far as the phone tells, and still told what the phone can do. */

import { setTimeout as delay } from "node:timers/promises";
import { ServiceError } from "../../errors.ts";
import type { DialledCall, DialOptions } from "../device.ts";
import type { Action } from "./dialect.ts";
import type { Report, ReportSource } from "./reports.ts";

/** A phone that reports does so by then; after that it is taken at its word. */
const FIRST_REPORT_MS = 5000;
const COMMA_MS = 1000;

export interface PhoneCallOptions {
  readonly target: string;
  /** What the phone can do beside dialling. */
  readonly can: ReadonlySet<Action>;
  /** Undefined: the phone tells nothing. */
  readonly source: ReportSource | undefined;
  /** Tells the phone; `call` is its name for this call, when it said one. */
  readonly tell: (action: Action, more: { call?: string | undefined; digit?: string }) => Promise<void>;
  readonly firstReportMs?: number;
}

export class PhoneDialledCall implements DialledCall {
  declare hangUp?: () => Promise<void>;
  declare setHeld?: (held: boolean) => Promise<void>;
  declare setMuted?: (muted: boolean) => Promise<void>;
  declare dtmf?: (digits: string) => Promise<void>;
  readonly #options: PhoneCallOptions;
  readonly #first = Promise.withResolvers<void>();
  readonly #established = Promise.withResolvers<void>();
  #call: string | undefined;
  #reported = false;
  #talking = false;
  #over = false;
  #stop: () => void;
  #onEnded: ((reason: string) => void) | undefined;
  #endedBecause: string | undefined;
  #onRinging: (() => void) | undefined;

  constructor(options: PhoneCallOptions) {
    this.#options = options;
    this.#established.promise.catch(() => undefined);
    this.#stop =
      options.source?.follow(
        (report) => this.#hear(report),
        () => this.#lost(),
      ) ?? (() => undefined);
    const { can } = options;
    if (can.has("hangUp")) this.hangUp = () => this.#hangUp();
    if (can.has("hold") && can.has("resume")) this.setHeld = (held) => this.#tell(held ? "hold" : "resume");
    if (can.has("mute") && can.has("unmute"))
      this.setMuted = (muted) => this.#tell(muted ? "mute" : "unmute");
    if (can.has("dtmf")) this.dtmf = (digits) => this.#play(digits);
  }

  /** The end may be faster than the owner. */
  set onEnded(tell: (reason: string) => void) {
    this.#onEnded = tell;
    const reason = this.#endedBecause;
    if (reason !== undefined) queueMicrotask(() => tell(reason));
  }

  get onEnded(): (reason: string) => void {
    return this.#onEnded ?? (() => undefined);
  }

  /** Resolves when the far end answered, or when the phone obeyed and tells no more. Throws ServiceError. */
  async established({ onRinging, signal }: Pick<DialOptions, "onRinging" | "signal">): Promise<void> {
    this.#onRinging = onRinging;
    const cancelled = Promise.withResolvers<never>();
    const cancel = () => cancelled.reject(new ServiceError("cancelled", []));
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      await Promise.race([this.#answered(), cancelled.promise]);
    } catch (cause) {
      if (!this.#over) await this.#hangUp().catch(() => undefined);
      throw cause;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /** Nobody wants to know any more. */
  forget(): void {
    this.#over = true;
    this.#stop();
  }

  async #answered(): Promise<void> {
    const { source, firstReportMs = FIRST_REPORT_MS } = this.#options;
    if (!source) return;
    const waited = new AbortController();
    const silence = delay(firstReportMs, undefined, { signal: waited.signal }).catch(() => undefined);
    await Promise.race([this.#first.promise, silence]);
    waited.abort();
    if (this.#reported) await this.#established.promise;
  }

  #hear({ state, call }: Report): void {
    if (this.#over || state === "incoming") return;
    if (this.#call !== undefined && call !== undefined && call !== this.#call) return;
    this.#call ??= call;
    this.#reported = true;
    if (state === "ringing") this.#onRinging?.();
    if (state === "established") {
      this.#talking = true;
      this.#established.resolve();
    }
    if (state === "ended") this.#end("the phone ended the call");
    this.#first.resolve();
  }

  #lost(): void {
    if (!this.#over) this.#end("the phone is gone");
  }

  #end(reason: string): void {
    this.forget();
    this.#reported = true;
    this.#first.resolve();
    this.#endedBecause = this.#talking ? reason : undefined;
    if (this.#talking) this.#onEnded?.(reason);
    else this.#established.reject(new ServiceError("no-answer", [this.#options.target]));
  }

  async #hangUp(): Promise<void> {
    if (this.#over) return;
    this.forget();
    try {
      await this.#tell("hangUp");
    } catch (cause) {
      // It may be asked to again.
      this.#over = false;
      throw cause;
    }
  }

  #tell(action: Action, digit?: string): Promise<void> {
    return this.#options.tell(action, { call: this.#call, ...(digit !== undefined && { digit }) });
  }

  async #play(digits: string): Promise<void> {
    for (const digit of digits) {
      if (digit === ",") await delay(COMMA_MS);
      else await this.#tell("dtmf", digit);
    }
  }
}
