/** Commands to a call there is: SameDeviceJoin, Use, Leave, Mute (paper §IV). */

import type { CallControl, CallState, Fallback } from "../api/call-control.ts";
import type { JoinRequest, OnCall, Switched } from "../api/requests.ts";
import type { Device } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import type { Call } from "./call.ts";
import { turnLineTo } from "./call-waiting.ts";
import type { Calls } from "./calls.ts";
import { type Joining, joinedOf } from "./joining.ts";
import type { Parking } from "./parking.ts";

export interface InCallOptions {
  readonly calls: Calls;
  readonly joining: Joining;
  readonly parking: Parking;
  /** Aborted when the service ends. */
  readonly over: AbortSignal;
}

/** How a call looks that its device has taken over. */
const HANDED: readonly CallState[] = ["transferred", "held"];

/** So long a device may take to come into a call; others bound it themselves, and a telephone may ring for 180 s. */
const USE_WITHIN_MS = 10_000;
const USE_RINGING_MS = 200_000;

type SwitchRequest = JoinRequest & { readonly call?: string; readonly fallback: Fallback };
type LeaveRequest = Parameters<CallControl["leave"]>[0];

export class InCall {
  readonly #options: InCallOptions;

  constructor(options: InCallOptions) {
    this.#options = options;
  }

  async switchTo(wanted: SwitchRequest): Promise<Switched> {
    const { calls, joining, over } = this.#options;
    const request = await joining.consent.switchTo(wanted, calls.own(wanted)?.device);
    const call = calls.own(request);
    if (call?.redial && HANDED.includes(call.state)) return this.#redial(call, request);
    if (!call?.movable) return this.#withoutCall(call, request);
    request.onAccepted(call.id);
    calls.use(call);
    // `muted` is how a first call begins; one that is moved stays as the user has it.
    const { target, display } = request;
    const from = joining.from(request, call.from);
    const gapMs = await call.switchTo({ target, from, display }, AbortSignal.any([request.signal, over]));
    return { ...joinedOf(call), gapMs };
  }

  async useDevice(request: Parameters<CallControl["useDevice"]>[0]): Promise<void> {
    const { calls, joining, over } = this.#options;
    const call = calls.active(request);
    const current = call.device;
    if (current && joining.isNamed(current, request.device)) return;
    const name = await joining.consent.device(request.device, request, call.view.id);
    const device = joining.usable(name, "loop");
    // It is called anew.
    const lineFree = this.#options.parking.take(device.id)?.hangUp();
    const ends = request.signal ? AbortSignal.any([request.signal, over]) : over;
    const goesOn = await withinTime(device, ends, (signal) => call.useDevice(device, { signal, lineFree }));
    if (!goesOn) return;
    calls.use(goesOn);
    joining.surroundings.onChange(goesOn);
  }

  async leave(request: LeaveRequest): Promise<void> {
    const { calls } = this.#options;
    const left = request.all ? calls.allOf(request.client) : [calls.own(request)];
    // Each is left, whatever becomes of the others.
    const done = await Promise.allSettled(left.map((call) => call && this.#leave(call, request.hangup)));
    for (const one of done) if (one.status === "rejected") throw one.reason;
  }

  async mute(request: OnCall & { readonly muted: boolean }): Promise<void> {
    await this.#options.calls.active(request).setMuted(request.muted);
  }

  async hold(request: OnCall & { readonly held: boolean }): Promise<void> {
    const { calls } = this.#options;
    const call = calls.active(request);
    if (!request.held) await turnLineTo(call, calls);
    await call.setHeld(request.held);
  }

  async dtmf(request: Parameters<CallControl["dtmf"]>[0]): Promise<void> {
    const { digits, durationMs, signal } = request;
    const tones = { digits, ...(durationMs !== undefined && { durationMs }) };
    const ends = AbortSignal.any([signal, this.#options.over]);
    await this.#options.calls.active(request).dtmf({ ...tones, signal: ends });
  }

  /** The device has the call, and may be told to make another one if the command says so. */
  async #redial(call: Call, request: SwitchRequest): Promise<Switched> {
    if (request.fallback !== "redial") throw new ServiceError("no-control", [call.id]);
    const { calls, joining, over } = this.#options;
    request.onAccepted(call.id);
    calls.use(call);
    const { target, display } = request;
    const from = joining.from(request, call.from);
    await call.redial?.({ target, from, display }, AbortSignal.any([request.signal, over]));
    return { ...joinedOf(call), gapMs: 0 };
  }

  async #withoutCall(call: Call | undefined, request: SwitchRequest): Promise<Switched> {
    if (request.fallback === "error") throw new ServiceError("no-active-call", []);
    // A question about the page before is no longer worth an answer.
    await call?.end(new ServiceError("superseded", []));
    return { ...(await this.#options.joining.externalJoin({ ...request, mode: "auto" })), gapMs: 0 };
  }

  async #leave(call: Call, hangup: boolean): Promise<void> {
    if (call.outOfReach) throw new ServiceError("no-control", [call.id]);
    if (hangup) return call.end();
    await call.park((parked) => this.#options.parking.park(parked));
  }
}

/** Throws ServiceError `device-timeout` when the device is not in the call in time. */
async function withinTime<Result>(
  device: Device,
  ends: AbortSignal,
  use: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController();
  const clock = setTimeout(
    () => late.abort(new ServiceError("device-timeout", [device.id])),
    device.anchored || device.kind === "pstn" ? USE_RINGING_MS : USE_WITHIN_MS,
  );
  try {
    return await use(AbortSignal.any([ends, late.signal]));
  } catch (failed) {
    late.signal.throwIfAborted();
    throw failed;
  } finally {
    clearTimeout(clock);
  }
}
