/** The user's devices as applications see them: listed, asked whether they are there, tried out. */

import type { CallControl, DeviceView } from "../api/call-control.ts";
import type { Codec, Device } from "../devices/device.ts";
import type { DeviceRegistry } from "../devices/registry.ts";
import { ServiceError } from "../errors.ts";
import type { Calls } from "./calls.ts";
import { deviceView } from "./device-view.ts";

export interface DeviceListOptions {
  readonly devices: DeviceRegistry;
  readonly calls: Calls;
  readonly codecs?: readonly Codec[] | undefined;
  /** Aborted when the service ends. */
  readonly over: AbortSignal;
  readonly tell: (device: DeviceView) => void;
}

export class DeviceList {
  readonly #options: DeviceListOptions;
  readonly #tested = new Set<Device>();

  constructor(options: DeviceListOptions) {
    this.#options = options;
    options.devices.onChange = (device, present) => this.#changed(device, present);
  }

  get views(): DeviceView[] {
    return this.#options.devices.list().map((device) => this.#view(device));
  }

  /** Tells of every device; those that look as before are not heard of. */
  tellAll(): void {
    for (const view of this.views) this.#options.tell(view);
  }

  /** Rejects with ServiceError `no-such-device`, `device-*`. */
  async test({ device: name, signal }: Parameters<CallControl["testDevice"]>[0]): Promise<string> {
    const { devices, calls, codecs, over } = this.#options;
    const device = devices.find(name);
    if (!device) throw new ServiceError("no-such-device", [name]);
    if (calls.of(device) || this.#tested.has(device)) throw new ServiceError("device-busy", [name]);
    this.#tested.add(device);
    try {
      // Loaded at first use: the tables of its codecs cost the start 50 ms.
      const { tryOut } = await import("../devices/try-out.ts");
      return await tryOut(device, codecs, AbortSignal.any([signal, over]));
    } finally {
      this.#tested.delete(device);
    }
  }

  #changed(device: Device, present: boolean): void {
    const view = this.#view(device);
    this.#options.tell(present ? view : { ...view, state: "offline" });
  }

  #view(device: Device): DeviceView {
    const { calls, devices } = this.#options;
    const view = deviceView(device, calls.of(device), devices.defaultId);
    return this.#tested.has(device) ? { ...view, state: "busy" } : view;
  }
}
