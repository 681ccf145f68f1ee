/** The phones of the configuration: a reader for each kind. */

import { basename } from "node:path";
import { type HttpPhoneConfig, readHttpPhone } from "./config-http-phone.ts";
import { checkNumber } from "./config-number-plan.ts";
import { ConfigError, compact, type Section } from "./config-section.ts";
import type { NumberPlanConfig } from "./devices/number-plan.ts";
import { SOFTPHONE_PROGRAMS } from "./devices/softphone-programs.ts";
import { TRANSFERS, type Transfer } from "./devices/transfer-by-refer.ts";
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
  /** The one the user started himself: its address, and where it takes orders. */
  readonly uri?: SipUri;
  readonly control?: string;
}

export interface SipPhoneConfig extends CommonConfig {
  readonly kind: "sip";
  readonly uri: SipUri;
  /** How it is told to call somebody by itself. */
  readonly transfer: Transfer;
}

export interface PstnPhoneConfig extends CommonConfig {
  readonly kind: "pstn";
  /** As the number plan reads it. */
  readonly number: string;
  /** How long it rings, seconds. */
  readonly ringS: number;
}

/** One member for each line of READERS. */
export type DeviceConfig = SoftphoneConfig | SipPhoneConfig | PstnPhoneConfig | HttpPhoneConfig;
export type DeviceConfigOf<Kind extends DeviceConfig["kind"]> = Extract<DeviceConfig, { kind: Kind }>;

/** What `anchor` is when the file does not say. */
type Common = Omit<CommonConfig, "anchor"> & { readonly anchor: boolean | undefined };

/** What else of the configuration a phone needs. */
export interface Beside {
  /** Reads the numbers of telephones. */
  readonly plan?: NumberPlanConfig | undefined;
  /** From where files are named; the working directory when missing. */
  readonly directory?: string;
}

const READERS: {
  readonly [Kind in DeviceConfig["kind"]]: (
    device: Section,
    common: Common,
    beside: Beside,
  ) => DeviceConfigOf<Kind>;
} = {
  softphone: readSoftphone,
  sip: readSipPhone,
  pstn: readPstnPhone,
  http: readHttpPhone,
};

const KINDS = Object.keys(READERS) as readonly DeviceConfig["kind"][];

/** Throws ConfigError. */
export function readDevice(device: Section, beside: Beside = {}): DeviceConfig {
  const written = device.text("kind");
  const kind = KINDS.find((one) => one === written);
  const id = device.id("id");
  const name = device.text("name") ?? id;
  const common = { id, name, default: device.flag("default") ?? false, anchor: device.flag("anchor") };
  if (kind === undefined) throw device.mistake("kind", `must be one of ${KINDS.join(", ")}`);
  const read = READERS[kind](device, common, beside);
  device.end();
  return read;
}

function readSoftphone(device: Section, common: Common): SoftphoneConfig {
  const program = device.text("program") ?? "baresip";
  const known = SOFTPHONE_PROGRAMS[basename(program, ".exe")];
  if (!known) {
    const names = Object.keys(SOFTPHONE_PROGRAMS).join(" or ");
    throw device.mistake("program", `must be ${names}, on the PATH or with its path`);
  }
  if (common.anchor === false && known.anchoredOnly) {
    throw device.mistake("anchor", "must be true for this program: it answers only calls with our own media");
  }
  const audio = { audioSource: device.text("audioSource"), audioPlayer: device.text("audioPlayer") };
  const own = { uri: device.sipUri("uri"), control: device.text("control") };
  const anchor = common.anchor ?? true;
  return { kind: "softphone", ...common, anchor, program, ...compact({ ...audio, ...own }) };
}

function readSipPhone(device: Section, common: Common): SipPhoneConfig {
  const uri = device.sipUri("uri");
  if (uri === undefined) throw device.mistake("uri", "is missing; it says where the phone is called");
  const written = device.text("transfer") ?? "inside";
  const transfer = TRANSFERS.find((one) => one === written);
  if (transfer === undefined) throw device.mistake("transfer", `must be one of ${TRANSFERS.join(", ")}`);
  return { kind: "sip", ...common, anchor: common.anchor ?? false, uri, transfer };
}

/** A telephone is picked up by somebody who has to walk there. */
const RING_S = 45;

function readPstnPhone(device: Section, common: Common, { plan }: Beside): PstnPhoneConfig {
  const number = device.text("number");
  if (number === undefined) throw device.mistake("number", "is missing; it says which telephone it is");
  checkNumber(device, number, plan);
  const ringS = device.whole("ringS", [5, 180]) ?? RING_S;
  return { kind: "pstn", ...common, anchor: common.anchor ?? true, number, ringS };
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
