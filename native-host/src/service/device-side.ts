/** The device side of a call: one device at a time, and the way to the next one (Use, paper §IV). */

import type { Device } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import type { ParkedDevice } from "./call.ts";
import type { MediaPath } from "./media-path.ts";
import type { DeviceChange } from "./switch-device.ts";
import { Turns } from "./turns.ts";

export interface DeviceSideOptions {
  /** For a device, wanting of the far end what the user wants now. */
  newPath(device: Device): MediaPath;
  /** Another device is coming, or is here, or is not coming after all. */
  onChange(): void;
  /** The device hung up or was lost. */
  onEnded(): void;
}

export interface UseOptions {
  /** Moves the far end over. Throws ServiceError; it has not moved then. */
  move(change: DeviceChange): Promise<void>;
  /** Aborted also when the call ends. */
  readonly signal: AbortSignal;
}

export class DeviceSide {
  readonly #options: DeviceSideOptions;
  readonly #turns = new Turns();
  #device: Device | undefined;
  /** The one that is to take its place. */
  #coming: Device | undefined;
  #path: MediaPath | undefined;

  constructor(options: DeviceSideOptions) {
    this.#options = options;
  }

  get device(): Device | undefined {
    return this.#device;
  }

  get path(): MediaPath | undefined {
    return this.#path;
  }

  holds(device: Device): boolean {
    return device === this.#device || device === this.#coming;
  }

  /** The first device of the call, perhaps on the line already. */
  begin(device: Device, parked?: MediaPath): MediaPath {
    this.#device = device;
    const path = parked ?? this.#options.newPath(device);
    path.onEnded = () => this.#options.onEnded();
    this.#path = path;
    return path;
  }

  /** Puts another device in the place of this one, which is released last. Throws ServiceError; nothing changed then. */
  use(device: Device, options: UseOptions): Promise<void> {
    return this.#turns.take(() => this.#use(device, options));
  }

  /** Hands the device over, in silence on the line; undefined when it cannot be kept. */
  park(): ParkedDevice | undefined {
    const device = this.#device;
    const path = this.#path;
    if (!device || !path?.park()) return undefined;
    path.onEnded = () => undefined;
    return { device, path };
  }

  async hangUp(): Promise<void> {
    await this.#path?.hangUp();
  }

  async #use(device: Device, options: UseOptions): Promise<void> {
    const old = this.#path;
    if (device === this.#device) return;
    if (!old) throw new ServiceError("wrong-state", ["the call has no device to exchange"]);
    this.#coming = device;
    this.#options.onChange();
    try {
      this.#path = await this.#exchange(device, old, options);
      this.#device = device;
    } catch (failed) {
      // A device that is no longer wanted says only that it did not answer.
      if (isDeviceFailure(failed)) options.signal.throwIfAborted();
      throw failed;
    } finally {
      this.#coming = undefined;
      this.#options.onChange();
    }
    if (this.#path !== old) await old.hangUp("replaced by another device");
    if (options.signal.aborted) await this.#path.hangUp();
  }

  /** Resolves with the path of the call from now on. */
  async #exchange(device: Device, old: MediaPath, { move, signal }: UseOptions): Promise<MediaPath> {
    const end = await device.wake(signal);
    try {
      // Where both are anchored the far end need not know.
      if (device.anchored && old.replaceDevice) {
        await old.replaceDevice(end, signal);
        return old;
      }
    } catch (refused) {
      const speaksAnother = refused instanceof ServiceError && refused.sip === 488;
      if (!speaksAnother) throw refused;
    }
    const path = this.#options.newPath(device);
    const connect = (ends: AbortSignal) => path.connect(end, ends);
    await move({ device: device.id, path, connect, onEnded: () => this.#options.onEnded(), signal });
    return path;
  }
}

function isDeviceFailure(failed: unknown): boolean {
  return failed instanceof ServiceError && failed.code.startsWith("device-");
}
