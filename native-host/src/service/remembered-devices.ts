/** Which device needs no question: the one remembered for a site while it works, or the only one there is. */

import type { DeviceView } from "../api/call-control.ts";
import { type ErrorCode, ServiceError } from "../errors.ts";
import type { Choices } from "./choices.ts";

/** The device is at fault, not the conference. */
const DEVICE_FAILURES: readonly ErrorCode[] = [
  "device-offline",
  "device-refused",
  "device-timeout",
  "device-unsupported",
];

export class RememberedDevices {
  readonly #choices: Choices;
  readonly #onTrouble: (cause: unknown) => void;

  /** `onTrouble` hears why a choice could not be written; it counts for this process all the same. */
  constructor(choices: Choices, onTrouble: (cause: unknown) => void) {
    this.#choices = choices;
    this.#onTrouble = onTrouble;
  }

  deviceFor(origin: string | undefined, devices: readonly DeviceView[]): string | undefined {
    const ready = devices.filter(({ state }) => state === "ready");
    const remembered = this.#choices.deviceFor(origin);
    if (ready.some(({ dev }) => dev === remembered)) return remembered;
    return devices.length === 1 ? ready[0]?.dev : undefined;
  }

  remember(device: string, origin: string | undefined): void {
    this.#write(() => this.#choices.remember(device, origin));
  }

  /** A device that fails is not chosen again without asking. */
  failed(device: string, origin: string | undefined, cause: unknown): void {
    if (!(cause instanceof ServiceError) || !DEVICE_FAILURES.includes(cause.code)) return;
    this.#write(() => this.#choices.forget(device, origin));
  }

  #write(change: () => void): void {
    try {
      change();
    } catch (cause) {
      this.#onTrouble(cause);
    }
  }
}
