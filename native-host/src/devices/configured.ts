/** The devices of the configuration; what the user did not configure is found on this machine. */

import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { DeviceConfig, DeviceConfigOf, SipPhoneConfig, SoftphoneConfig } from "../config-device.ts";
import type { Caller } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import { launchBaresip } from "./baresip.ts";
import type { Device } from "./device.ts";
import { DeviceRegistry } from "./registry.ts";
import { sipPhone } from "./sip-phone.ts";
import { softphone } from "./softphone.ts";

export interface Surroundings {
  readonly caller: Caller;
  readonly mediaHost: string;
  /** For files of softphones while they run. */
  readonly directory: string;
  /** Where programs are found, as PATH names the places. */
  readonly path: string;
  readonly untilReachable: (address: SipUri, signal: AbortSignal) => Promise<void>;
}

const BARESIP: SoftphoneConfig = {
  kind: "softphone",
  id: "baresip",
  name: "Baresip on this computer",
  anchor: true,
  default: true,
  program: "baresip",
};

/** A line for each kind of device: the wrapper that turns its configuration into a device. */
const WRAPPERS: {
  readonly [Kind in DeviceConfig["kind"]]: (config: DeviceConfigOf<Kind>, around: Surroundings) => Device;
} = {
  softphone: softphoneOf,
  sip: sipPhoneOf,
};

export function configuredDevices(
  config: readonly DeviceConfig[] | undefined,
  around: Surroundings,
): DeviceRegistry {
  const found = isInstalled(BARESIP.program, around.path) ? [BARESIP] : [];
  const configs = config ?? found;
  const devices = configs.map((device) => wrap(device, around));
  const uris = new Map(configs.flatMap((device) => (device.kind === "sip" ? [[device.uri, device.id]] : [])));
  return new DeviceRegistry(devices, { defaultId: configs.find((device) => device.default)?.id, uris });
}

/** The cast is safe: each line of `WRAPPERS` takes the configurations of its kind. */
function wrap(config: DeviceConfig, around: Surroundings): Device {
  const wrapper = WRAPPERS[config.kind] as (config: DeviceConfig, around: Surroundings) => Device;
  return wrapper(config, around);
}

function softphoneOf(config: SoftphoneConfig, around: Surroundings): Device {
  const { caller, mediaHost, untilReachable, directory, path } = around;
  const { id, name, program, audioSource, audioPlayer } = config;
  const installed = isInstalled(program, path);
  const launch = () =>
    launchBaresip({ program, directory: join(directory, `softphone-${id}`), audioSource, audioPlayer });
  return softphone({
    id,
    name,
    anchored: config.anchor,
    caller,
    mediaHost,
    installed,
    launch,
    untilReachable,
  });
}

function sipPhoneOf({ id, name, uri, anchor }: SipPhoneConfig, { caller, mediaHost }: Surroundings): Device {
  return sipPhone({ id, name, uri, anchored: anchor, caller, mediaHost });
}

function isInstalled(program: string, path: string): boolean {
  const places = isAbsolute(program) ? [program] : path.split(delimiter).map((place) => join(place, program));
  return places.some(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
