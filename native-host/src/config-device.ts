/** The phones of the configuration. */

import { ConfigError, compact, type Section } from "./config-section.ts";
import type { SipUri } from "./sip/message.ts";

export interface SoftphoneConfig {
  readonly kind: "softphone";
  readonly id: string;
  readonly name: string;
  /** Whether its media run through the service, as one continuous stream. */
  readonly anchor: boolean;
  readonly default: boolean;
  /** A name on PATH or a path. */
  readonly program: string;
  /** In baresip's words, e.g. `alsa,default`; the system's sound when missing. */
  readonly audioSource?: string;
  readonly audioPlayer?: string;
}

export interface SipPhoneConfig {
  readonly kind: "sip";
  readonly id: string;
  readonly name: string;
  readonly anchor: boolean;
  readonly default: boolean;
  readonly uri: SipUri;
}

export type DeviceConfig = SoftphoneConfig | SipPhoneConfig;

export function readDevice(device: Section): DeviceConfig {
  const kind = device.text("kind");
  const id = device.id("id");
  const name = device.text("name") ?? id;
  const common = { id, name, default: device.flag("default") ?? false };
  const anchor = device.flag("anchor");
  if (kind === "softphone") {
    const program = device.text("program") ?? "baresip";
    const audio = { audioSource: device.text("audioSource"), audioPlayer: device.text("audioPlayer") };
    device.end();
    return { kind, ...common, anchor: anchor ?? true, program, ...compact(audio) };
  }
  if (kind !== "sip") throw device.mistake("kind", 'must be "softphone" or "sip"');
  const uri = device.sipUri("uri");
  if (uri === undefined) throw device.mistake("uri", "is missing; it says where the phone is called");
  device.end();
  return { kind, ...common, anchor: anchor ?? false, uri };
}

/** Throws ConfigError when two devices have one name, or two are the default. */
export function checkDevices(devices: readonly DeviceConfig[]): void {
  const ids = new Set<string>();
  for (const [at, { id }] of devices.entries()) {
    if (ids.has(id)) throw new ConfigError(`devices[${at}].id "${id}" is there twice.`);
    ids.add(id);
  }
  if (devices.filter((device) => device.default).length > 1) {
    throw new ConfigError("devices may have one default only.");
  }
}
