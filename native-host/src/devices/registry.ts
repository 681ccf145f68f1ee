/** The user's devices by name: those of the configuration, and the browsers that come and go. */

import type { Device } from "./device.ts";

export class DeviceRegistry {
  /** Set by the owner: a device came, went, or changed its readiness. */
  onChange: (device: Device, present: boolean) => void = () => undefined;
  readonly defaultId: string | undefined;
  readonly #devices = new Map<string, Device>();
  readonly #byUri: ReadonlyMap<string, string>;

  /** `uris` maps the SIP URLs of configured devices to their ids: a command may name either. */
  constructor(
    devices: readonly Device[],
    { defaultId, uris }: { defaultId?: string | undefined; uris?: ReadonlyMap<string, string> } = {},
  ) {
    for (const device of devices) this.#devices.set(device.id, device);
    this.defaultId = defaultId;
    this.#byUri = uris ?? new Map();
  }

  list(): Device[] {
    return [...this.#devices.values()];
  }

  /** By id or SIP URL. */
  find(name: string): Device | undefined {
    return this.#devices.get(name) ?? this.#devices.get(this.#byUri.get(name) ?? "");
  }

  add(device: Device): void {
    this.#devices.set(device.id, device);
    this.onChange(device, true);
  }

  remove(device: Device): void {
    if (this.#devices.get(device.id) !== device) return;
    this.#devices.delete(device.id);
    this.onChange(device, false);
  }

  changed(device: Device): void {
    if (this.#devices.get(device.id) === device) this.onChange(device, true);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.list().map((device) => device.close?.()));
  }
}
