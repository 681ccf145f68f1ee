/** The device side of a call: one device at a time, and the way to the next one (Use, paper §IV). */

import type { ConnectOptions, Device } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import type { LineOptions, ParkedDevice } from "./call.ts";
import type { MediaPath } from "./media-path.ts";
import { ringAgain } from "./ring-again.ts";
import type { DeviceChange } from "./switch-device.ts";
import { Turns } from "./turns.ts";

export interface DeviceSideOptions {
  /** For a device, wanting of the far end what the user wants now. */
  newPath(device: Device): MediaPath;
  /** Another device is coming, or is here, or is not coming after all. */
  onChange(): void;
  /** The device hung up or was lost. */
  onEnded(): void;
  /** Whom the device rings for when it was hung up while this call was on hold. */
  readonly who: () => ConnectOptions["from"];
  /** It was picked up for this call. */
  onBack(): void;
}

/** Its signal is aborted also when the call ends. */
export interface UseOptions extends LineOptions {
  /** Moves the far end over. Throws ServiceError; it has not moved then. */
  move(change: DeviceChange): Promise<void>;
}

export class DeviceSide {
  readonly #options: DeviceSideOptions;
  readonly #turns = new Turns();
  #device: Device | undefined;
  /** Those that are to take its place, one after the other. */
  readonly #coming = new Set<Device>();
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
    return device === this.#device || this.#coming.has(device);
  }

  /** The first device of the call, perhaps on the line already. */
  begin(device: Device, parked?: MediaPath): MediaPath {
    this.#device = device;
    const path = parked ?? this.#options.newPath(device);
    path.onEnded = () => this.#options.onEnded();
    this.#lend(path);
    this.#path = path;
    return path;
  }

  /** Puts another device in the place of this one, which is released last. Throws ServiceError; nothing changed then. */
  async use(device: Device, options: UseOptions): Promise<void> {
    this.#coming.add(device);
    this.#options.onChange();
    try {
      await this.#turns.take(() => this.#use(device, options));
    } catch (failed) {
      // A device that is no longer wanted says only that it did not answer.
      if (isDeviceFailure(failed)) options.signal.throwIfAborted();
      throw failed;
    } finally {
      this.#coming.delete(device);
      this.#options.onChange();
    }
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
    const path = await this.#exchange(device, old, options);
    if (path !== old && options.signal.aborted) await path.hangUp();
    options.signal.throwIfAborted();
    this.#path = path;
    this.#device = device;
    this.#options.onChange();
    if (path !== old) await old.hangUp("replaced by another device");
  }

  /** The line may be shared with other calls from now on. */
  #lend(path: MediaPath): void {
    const { who, onBack } = this.#options;
    path.waiting = {
      ringAgain: async (wanted) => {
        const from = who();
        if (!this.#device) throw new ServiceError("no-active-call", []);
        return ringAgain(this.#device, { ...wanted, ...(from && { from }) });
      },
      onBack,
    };
  }

  /** Resolves with the path of the call from now on. */
  async #exchange(
    device: Device,
    old: MediaPath,
    { move, signal, lineFree }: UseOptions,
  ): Promise<MediaPath> {
    await lineFree;
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
    this.#lend(path);
    const connect = (ends: AbortSignal) => path.connect(end, ends);
    await move({ device: device.id, path, connect, onEnded: () => this.#options.onEnded(), signal });
    return path;
  }
}

function isDeviceFailure(failed: unknown): boolean {
  return failed instanceof ServiceError && failed.code.startsWith("device-");
}
