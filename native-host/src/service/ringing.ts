/** The user's phones while a call comes in: rung at once or in turn, until one is picked up or nobody is wanted any more. */

import type { ConnectOptions, Device, DeviceLeg } from "../devices/device.ts";
import { asServiceError, type ServiceError } from "../errors.ts";

export interface RingingOptions {
  /** First one first, each free. */
  readonly devices: readonly Device[];
  readonly how: "all" | "in-turn" | "none";
  /** How long one rings, milliseconds. */
  readonly ringMs: number;
  readonly connect: Pick<ConnectOptions, "codecs" | "from">;
  readonly onPicked: (device: Device, leg: DeviceLeg) => void;
  /** A phone rings now, or no longer. */
  readonly onChange: () => void;
  /** A phone cannot ring, or somebody refused the call there. */
  readonly onRefused: (device: Device, why: ServiceError) => void;
}

export class Ringing {
  readonly #options: RingingOptions;
  readonly #rung = new Map<Device, AbortController>();
  readonly #over = new AbortController();

  constructor(options: RingingOptions) {
    this.#options = options;
  }

  /** Whether the device rings. */
  holds(device: Device): boolean {
    return this.#rung.has(device);
  }

  /** Resolves when no device rings any more: picked up, refused, given up, or stopped. */
  async start(): Promise<void> {
    const { how, devices } = this.#options;
    if (how === "all") await Promise.all(devices.map((device) => this.#ring(device)));
    else if (how === "in-turn") await this.#inTurn();
  }

  /** Ends the ringing of one device; `why` is a CancelReason where the phone is to know. */
  silence(device: Device, why: Error): void {
    this.#rung.get(device)?.abort(why);
    this.#forget(device);
  }

  stop(why: Error): void {
    this.#over.abort(why);
    for (const device of [...this.#rung.keys()]) this.#forget(device);
  }

  /** Round and round, without those that cannot ring or have refused. */
  async #inTurn(): Promise<void> {
    let left = this.#options.devices;
    while (left.length > 0 && !this.#over.signal.aborted) {
      const still: Device[] = [];
      for (const device of left) if (await this.#ring(device)) still.push(device);
      left = still;
    }
  }

  /** Whether to ring it again: it rang, and nobody was there. */
  async #ring(device: Device): Promise<boolean> {
    if (this.#over.signal.aborted) return false;
    const { connect, ringMs, onPicked, onRefused } = this.#options;
    const silenced = new AbortController();
    const signal = AbortSignal.any([silenced.signal, this.#over.signal]);
    const since = performance.now();
    try {
      const end = device.bell ? await device.bell(signal) : await device.wake(signal);
      if (!end?.rings || signal.aborted) return false;
      this.#rung.set(device, silenced);
      this.#options.onChange();
      const leg = await end.connect({ ...connect, ringMs, signal });
      this.#forget(device);
      onPicked(device, leg);
      return false;
    } catch (failed) {
      this.#forget(device);
      if (signal.aborted) return false;
      const why = asServiceError(failed);
      if (why.code === "device-timeout" && performance.now() - since > ringMs / 2) return true;
      onRefused(device, why);
      return false;
    }
  }

  #forget(device: Device): void {
    if (this.#rung.delete(device)) this.#options.onChange();
  }
}
