/** The user's devices by name: those of the configuration, and the browsers that come and go. */

import type { SipUri } from "../sip/message.ts";
import type { Device } from "./device.ts";

interface RegistryOptions {
  readonly defaultId?: string | undefined;
  /** The SIP URLs of configured devices and their ids: a command may name either. */
  readonly uris?: ReadonlyMap<string, string>;
  readonly phoneAt?: (uri: SipUri) => Device;
}

export class DeviceRegistry {
  /** Set by the owner: a device came, went, or changed its readiness. */
  onChange: (device: Device, present: boolean) => void = () => undefined;
  readonly defaultId: string | undefined;
  readonly #devices = new Map<string, Device>();
  /** Any phone at an address nobody configured; without it there are only those that were. */
  readonly phoneAt: ((uri: SipUri) => Device) | undefined;
  readonly #byUri: ReadonlyMap<string, string>;

  constructor(devices: readonly Device[], { defaultId, uris, phoneAt }: RegistryOptions = {}) {
    for (const device of devices) this.#devices.set(device.id, device);
    this.defaultId = defaultId;
    this.phoneAt = phoneAt;
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

  /** Asks every phone that can be asked whether it is there; resolves in half a second at most. */
  async check(): Promise<void> {
    const asked = this.list().map(async (device) => {
      const before = device.readiness;
      await device.check?.();
      if (device.readiness !== before) this.changed(device);
    });
    await Promise.all(asked);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.list().map((device) => device.close?.()));
  }
}
