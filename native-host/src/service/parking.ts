/** Devices kept on the line after a Leave that asked for it, in silence, for a Join that may follow. */

import type { ParkedDevice } from "./call.ts";
import type { MediaPath } from "./media-path.ts";

const PARKED_FOR_MS = 10_000;

export class Parking {
  readonly #parked = new Map<string, { readonly path: MediaPath; readonly expiry: NodeJS.Timeout }>();
  #closed = false;

  park({ device, path }: ParkedDevice): void {
    if (this.#closed) {
      void path.hangUp();
      return;
    }
    void this.#release(device.id);
    const expiry = setTimeout(() => void this.#release(device.id), PARKED_FOR_MS);
    path.onEnded = () => void this.#release(device.id);
    this.#parked.set(device.id, { path, expiry });
  }

  /** The media path of a parked device, from now on the taker's. */
  take(deviceId: string): MediaPath | undefined {
    const parked = this.#parked.get(deviceId);
    this.#parked.delete(deviceId);
    clearTimeout(parked?.expiry);
    return parked?.path;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#parked.keys()].map((id) => this.#release(id)));
  }

  async #release(deviceId: string): Promise<void> {
    await this.take(deviceId)?.hangUp();
  }
}
