/** The phones of the configuration: a reader for each kind. */

import { ConfigError, compact, type Section } from "./config-section.ts";
import type { SipUri } from "./sip/message.ts";

/** What every phone has. */
export interface CommonConfig {
  readonly id: string;
  readonly name: string;
  /** Whether its media run through the service, as one continuous stream. */
  readonly anchor: boolean;
  readonly default: boolean;
}

export interface SoftphoneConfig extends CommonConfig {
  readonly kind: "softphone";
  /** A name on PATH or a path. */
  readonly program: string;
  /** In the program's words, e.g. `alsa,default` for baresip; the system's sound when missing. */
  readonly audioSource?: string;
  readonly audioPlayer?: string;
}

export interface SipPhoneConfig extends CommonConfig {
  readonly kind: "sip";
  readonly uri: SipUri;
}

/** One member for each line of READERS. */
export type DeviceConfig = SoftphoneConfig | SipPhoneConfig;
export type DeviceConfigOf<Kind extends DeviceConfig["kind"]> = Extract<DeviceConfig, { kind: Kind }>;

/** What `anchor` is when the file does not say. */
type Common = Omit<CommonConfig, "anchor"> & { readonly anchor: boolean | undefined };

const READERS: {
  readonly [Kind in DeviceConfig["kind"]]: (device: Section, common: Common) => DeviceConfigOf<Kind>;
} = {
  softphone: readSoftphone,
  sip: readSipPhone,
};

const KINDS = Object.keys(READERS) as readonly DeviceConfig["kind"][];

export function readDevice(device: Section): DeviceConfig {
  const written = device.text("kind");
  const kind = KINDS.find((one) => one === written);
  const id = device.id("id");
  const name = device.text("name") ?? id;
  const common = { id, name, default: device.flag("default") ?? false, anchor: device.flag("anchor") };
  if (kind === undefined) throw device.mistake("kind", `must be one of ${KINDS.join(", ")}`);
  const read = READERS[kind](device, common);
  device.end();
  return read;
}

function readSoftphone(device: Section, common: Common): SoftphoneConfig {
  const program = device.text("program") ?? "baresip";
  const audio = { audioSource: device.text("audioSource"), audioPlayer: device.text("audioPlayer") };
  return { kind: "softphone", ...common, anchor: common.anchor ?? true, program, ...compact(audio) };
}

function readSipPhone(device: Section, common: Common): SipPhoneConfig {
  const uri = device.sipUri("uri");
  if (uri === undefined) throw device.mistake("uri", "is missing; it says where the phone is called");
  return { kind: "sip", ...common, anchor: common.anchor ?? false, uri };
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
