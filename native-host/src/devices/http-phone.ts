/** A phone that is told over HTTP or by NOTIFY to dial, answer and hang up; called by SIP where that is possible. */

import { ServiceError } from "../errors.ts";
import type { Caller } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import { autoAnswer } from "./auto-answer.ts";
import type { Device, DeviceEnd, DeviceReadiness, DialledCall, DialOptions } from "./device.ts";
import { PhoneDialledCall } from "./phones/dialled-call.ts";
import type { Driver } from "./phones/driver.ts";
import { type Dialled, dialled } from "./phones/number.ts";
import { polling, type ReportSource } from "./phones/reports.ts";
import { type CalledDeviceOptions, connectSipDevice } from "./sip-device-leg.ts";

/** A phone that answers by itself has done so by then; else its answer key is pressed. */
const ANSWERS_BY_ITSELF_MS = 700;
const FRESH_MS = 5000;
/** Bounded by the phone's own times alone. */
const NEVER = new AbortController().signal;

export interface HttpPhoneOptions extends CalledDeviceOptions {
  readonly driver: Driver;
  /** Where it is called; it then does loop mode. */
  readonly uri?: SipUri | undefined;
  readonly domain?: string | undefined;
  /** Its action URLs; without them it is asked, if it answers such questions. */
  readonly events?: ReportSource | undefined;
  /** Why nothing is heard from the action URLs. */
  readonly trouble?: () => string | undefined;
  readonly release?: () => Promise<void>;
  readonly answersByItselfMs?: number;
  readonly firstReportMs?: number;
  readonly pollMs?: number;
}

export function httpPhone(
  options: HttpPhoneOptions,
): Device & Required<Pick<Device, "dial" | "probe" | "check" | "close">> {
  return new HttpPhone(options);
}

class HttpPhone implements Device {
  readonly id: string;
  readonly kind = "http";
  readonly name: string;
  readonly anchored: boolean;
  readiness: DeviceReadiness = "ready";
  readonly #options: HttpPhoneOptions;
  readonly #calls = new Set<PhoneDialledCall>();
  readonly #end: DeviceEnd | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(options: HttpPhoneOptions) {
    this.#options = options;
    this.id = options.id;
    this.name = options.name;
    this.anchored = options.anchored;
    this.#end = options.uri && this.#loopEnd(options.uri);
  }

  get caps(): readonly string[] {
    const { driver, uri, events } = this.#options;
    const can = driver.can;
    return [
      ...(uri ? ["loop"] : []),
      "transfer",
      "dial",
      ...(can.has("answer") ? ["answer"] : []),
      ...(can.has("hangUp") ? ["hangup"] : []),
      ...(can.has("hold") && can.has("resume") ? ["hold"] : []),
      ...(uri || (can.has("mute") && can.has("unmute")) ? ["mute"] : []),
      ...(can.has("dtmf") ? ["dtmf"] : []),
      ...(events || can.has("calls") ? ["events"] : []),
    ];
  }

  async wake(): Promise<DeviceEnd> {
    if (this.#end) return this.#end;
    throw new ServiceError("device-unsupported", [this.id, 'be called by SIP; for that say its "uri"']);
  }

  async dial(target: SipUri, options: DialOptions): Promise<DialledCall> {
    const { driver, domain } = this.#options;
    const remote = await this.#told(async () => {
      const { dials } = await driver.dialect(options.signal);
      const number = dialled(target, { id: this.id, dials, domain });
      await this.#start(number, options.signal);
      return number.number;
    });
    const call = this.#follow(target, remote);
    await call.established(options);
    return call;
  }

  /** A phone may dial before it answers us: when nobody wants the call any more it is hung up. */
  async #start(number: Dialled, signal: AbortSignal): Promise<void> {
    const { driver } = this.#options;
    try {
      await driver.tell("dial", number, signal);
    } catch (cause) {
      if (signal.aborted && driver.can.has("hangUp")) {
        await driver.tell("hangUp", { remote: number.number }, NEVER).catch(() => undefined);
      }
      throw cause;
    }
  }

  async probe(signal: AbortSignal): Promise<string> {
    const { driver, trouble } = this.#options;
    const said = await this.#told(() => driver.probe(signal));
    const why = trouble?.();
    return why === undefined ? said : `${said} But ${why}.`;
  }

  /** Asks only whether somebody is there, and not more often than every five seconds. */
  async check(): Promise<void> {
    if (performance.now() - this.#checkedAt < FRESH_MS) return;
    this.#checkedAt = performance.now();
    this.readiness = (await this.#options.driver.answers()) ? "ready" : "offline";
  }

  async close(): Promise<void> {
    for (const call of this.#calls) call.forget();
    await this.#options.release?.();
  }

  #follow(target: string, remote: string): PhoneDialledCall {
    const { driver, firstReportMs } = this.#options;
    for (const old of this.#calls) old.forget();
    this.#calls.clear();
    const call = new PhoneDialledCall({
      target,
      can: driver.can,
      source: this.#source(remote),
      tell: (action, said) => this.#told(() => driver.tell(action, { ...said, remote }, NEVER)),
      ...(firstReportMs !== undefined && { firstReportMs }),
    });
    this.#calls.add(call);
    return call;
  }

  #source(remote: string): ReportSource | undefined {
    const { driver, events, pollMs } = this.#options;
    if (events) return events;
    if (!driver.can.has("calls")) return undefined;
    return polling(() => driver.calls(NEVER), remote, pollMs);
  }

  /** Remembers whether the phone was there. */
  async #told<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      const result = await act();
      this.readiness = "ready";
      return result;
    } catch (cause) {
      const offline = cause instanceof ServiceError && cause.code === "device-offline";
      this.readiness = offline ? "offline" : "ready";
      this.#checkedAt = performance.now();
      throw cause;
    }
  }

  /** Called like any SIP phone; one that rings instead of answering gets its answer key pressed, unless it shall ring. */
  #loopEnd(uri: SipUri): DeviceEnd {
    const { caller, mediaHost } = this.#options;
    const headers = autoAnswer(uri);
    const device = { id: this.id, mediaHost, headers };
    const pressing = { ...device, caller: this.#pressing(caller) };
    return {
      // Without us between them nobody would see it ring.
      ...(!this.anchored && { address: uri }),
      headers,
      rings: true,
      connect: (connect) =>
        connectSipDevice(uri, connect.ringMs === undefined ? pressing : { ...device, caller }, connect),
    };
  }

  #pressing(caller: Caller): Caller {
    const { answersByItselfMs = ANSWERS_BY_ITSELF_MS } = this.#options;
    return {
      invite: async (target, options) => {
        let clock: NodeJS.Timeout | undefined;
        const onProgress: typeof options.onProgress = (status, response) => {
          if (status === 180) clock ??= setTimeout(() => this.#pressAnswer(), answersByItselfMs);
          options.onProgress?.(status, response);
        };
        try {
          return await caller.invite(target, { ...options, onProgress });
        } finally {
          clearTimeout(clock);
        }
      },
    };
  }

  /** If it does not help, the phone rings on and somebody may pick it up. */
  #pressAnswer(): void {
    const { driver } = this.#options;
    const can = () => driver.can.has("answer");
    const recognised = can() ? Promise.resolve() : driver.dialect(NEVER).then(() => undefined);
    recognised.then(() => (can() ? driver.tell("answer", {}, NEVER) : undefined)).catch(() => undefined);
  }
}
