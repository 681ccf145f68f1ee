/** A device as applications see it: what it is, and whether a call holds it. */

import type { DeviceView } from "../api/call-control.ts";
import type { Device } from "../devices/device.ts";
import type { Call } from "./call.ts";

/** `call` is the one the device is in. */
export function deviceView(
  device: Device,
  call: Call | undefined,
  defaultId: string | undefined,
): DeviceView {
  const { id: dev, kind, name, caps } = device;
  const rings = call?.state === "calling-device" || call?.state === "incoming";
  const inCall = rings ? "ringing" : "busy";
  return { dev, kind, name, state: call ? inCall : device.readiness, caps, default: dev === defaultId };
}
