/** A telephone of the user's own in the telephone network, called through a SIP gateway: it rings until it is picked up. */

import type { SipUri } from "../sip/message.ts";
import type { Device, DeviceEnd } from "./device.ts";
import { type CalledDeviceOptions, connectSipDevice } from "./sip-device-leg.ts";

export interface PstnPhoneOptions extends CalledDeviceOptions {
  /** Its number at the gateway. */
  readonly uri: SipUri;
  readonly ringMs: number;
}

export function pstnPhone(options: PstnPhoneOptions): Device {
  const { id, name, anchored, uri, ringMs } = options;
  // A telephone does not answer by itself, whatever a header says; a gateway need not see one.
  const headers = {};
  const end: DeviceEnd = {
    address: uri,
    headers,
    rings: true,
    connect: (connect) => connectSipDevice(uri, { ...options, headers, answerWithinMs: ringMs }, connect),
  };
  return {
    id,
    kind: "pstn",
    name,
    caps: ["loop", "hangup", "hold", "mute", "dtmf"],
    // Nobody can ask it; the call will tell.
    readiness: "ready",
    anchored,
    wake: async () => end,
  };
}
