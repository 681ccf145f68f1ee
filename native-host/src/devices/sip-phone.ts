/** Any phone at a SIP URL, on the desk or on this machine: called as it is, asked to answer by itself. */

import type { Caller, ExtraHeaders } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import type { Device, DeviceEnd } from "./device.ts";
import { connectSipDevice } from "./sip-device-leg.ts";

export interface SipPhoneOptions {
  readonly id: string;
  readonly name: string;
  readonly uri: SipUri;
  readonly anchored: boolean;
  readonly caller: Caller;
  readonly mediaHost: string;
}

/** What makes the usual phones answer at once: Call-Info for Cisco, Snom, Grandstream and others, Alert-Info for Yealink and Polycom. */
export function autoAnswer(uri: SipUri): ExtraHeaders {
  return {
    "call-info": `<${uri}>;answer-after=0`,
    "alert-info": "<http://127.0.0.1>;info=alert-autoanswer;delay=0",
  };
}

export function sipPhone({ uri, ...options }: SipPhoneOptions): Device {
  const headers = autoAnswer(uri);
  const end: DeviceEnd = {
    address: uri,
    headers,
    connect: (connect) => connectSipDevice(uri, { ...options, headers }, connect),
  };
  return {
    id: options.id,
    kind: "sip",
    name: options.name,
    caps: ["loop", "mute"],
    // Nobody asked it; the INVITE will tell.
    readiness: "ready",
    anchored: options.anchored,
    wake: async () => end,
  };
}
