/** A phone that was hung up while another call on its line was on hold rings for that one. */

import type { ConnectOptions, Device, DeviceLeg } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";

/** The user has just hung up, and so is near; then the one who waits is let go. */
const RING_MS = 30_000;

/** Resolves when it was picked up. Throws ServiceError `device-*`. */
export async function ringAgain(device: Device, wanted: Omit<ConnectOptions, "ringMs">): Promise<DeviceLeg> {
  const end = await (device.bell ? device.bell(wanted.signal) : device.wake(wanted.signal));
  if (!end?.rings) throw new ServiceError("device-unsupported", [device.id, "ring"]);
  return end.connect({ ...wanted, ringMs: RING_MS });
}
