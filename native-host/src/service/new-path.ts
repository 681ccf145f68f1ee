/** The way of a call's media to its device, and the device called by it. */

import type { Device } from "../devices/device.ts";
import { AnchoredPath } from "./anchored-path.ts";
import type { CallSurroundings } from "./call.ts";
import { DirectPath } from "./direct-path.ts";
import type { MediaPath } from "./media-path.ts";

/** Through our relay, or past us. */
export function newPath(device: Device, { mediaHost, codecs, caller }: CallSurroundings): MediaPath {
  return device.anchored ? new AnchoredPath(mediaHost, codecs) : new DirectPath(device.id, caller);
}

/** Wakes the device and calls it; resolves when a far end may be invited. Throws ServiceError `device-*`. */
export async function reachDevice(device: Device, path: MediaPath, signal: AbortSignal): Promise<void> {
  await path.connect(await device.wake(signal), signal);
}
