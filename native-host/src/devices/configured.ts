/** The devices of the configuration; what the user did not configure is found on this machine. */

import { basename, join } from "node:path";
import type {
  DeviceConfig,
  DeviceConfigOf,
  PstnPhoneConfig,
  SipPhoneConfig,
  SoftphoneConfig,
} from "../config-device.ts";
import { isInstalled } from "../installed.ts";
import type { Caller } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import { httpPhoneOf } from "./configured-http-phone.ts";
import type { Device } from "./device.ts";
import type { NumberPlan } from "./number-plan.ts";
import type { PhoneRequester } from "./phones/phone-notify.ts";
import { pstnPhone } from "./pstn-phone.ts";
import { isReachable, type Requester } from "./reachable.ts";
import { DeviceRegistry } from "./registry.ts";
import { sipPhone } from "./sip-phone.ts";
import { softphone } from "./softphone.ts";
import { SOFTPHONE_PROGRAMS } from "./softphone-programs.ts";
import type { Referrer } from "./transfer-by-refer.ts";

export interface Surroundings {
  readonly caller: Caller;
  readonly mediaHost: string;
  /** For files of softphones while they run. */
  readonly directory: string;
  /** Where programs are found, as PATH names the places. */
  readonly path: string;
  readonly untilReachable: (address: SipUri, signal: AbortSignal) => Promise<void>;
  /** REFERs outside a call, OPTIONS, and NOTIFY to phones that obey it. */
  readonly agent: Referrer & Requester & PhoneRequester;
  /** How telephones are called; their configuration needs one. */
  readonly numberPlan?: NumberPlan | undefined;
}

/** A line for each kind of device: the wrapper that turns its configuration into a device. */
const WRAPPERS: {
  readonly [Kind in DeviceConfig["kind"]]: (config: DeviceConfigOf<Kind>, around: Surroundings) => Device;
} = {
  softphone: softphoneOf,
  sip: sipPhoneOf,
  pstn: pstnPhoneOf,
  http: httpPhoneOf,
};

export function configuredDevices(
  config: readonly DeviceConfig[] | undefined,
  around: Surroundings,
): DeviceRegistry {
  const configs = config ?? foundSoftphone(around.path);
  const devices = configs.map((device) => wrap(device, around));
  const uris = new Map(
    configs.flatMap((device) => ("uri" in device && device.uri ? [[device.uri, device.id]] : [])),
  );
  const defaultId = configs.find((device) => device.default)?.id;
  const phoneAt = (uri: SipUri) =>
    sipPhoneOf(
      { kind: "sip", id: uri, name: uri, uri, anchor: false, default: false, transfer: "inside" },
      around,
    );
  return new DeviceRegistry(devices, { defaultId, uris, phoneAt });
}

/** The first softphone that is on this machine. */
function foundSoftphone(path: string): readonly SoftphoneConfig[] {
  const program = Object.keys(SOFTPHONE_PROGRAMS).find((name) => isInstalled(name, path));
  const title = SOFTPHONE_PROGRAMS[program ?? ""]?.title;
  if (program === undefined) return [];
  const name = `${title} on this computer`;
  return [{ kind: "softphone", id: program, name, anchor: true, default: true, program }];
}

/** The cast is safe: each line of `WRAPPERS` takes the configurations of its kind. */
function wrap(config: DeviceConfig, around: Surroundings): Device {
  const wrapper = WRAPPERS[config.kind] as (config: DeviceConfig, around: Surroundings) => Device;
  return wrapper(config, around);
}

function softphoneOf(config: SoftphoneConfig, around: Surroundings): Device {
  const { caller, mediaHost, untilReachable, directory, path, agent } = around;
  const { id, name, program, audioSource, audioPlayer, uri, control } = config;
  const installed = isInstalled(program, path);
  const kind = SOFTPHONE_PROGRAMS[basename(program, ".exe")];
  if (!kind) throw new TypeError(`${program} is no softphone we know`);
  const launch = () =>
    kind.launch({ program, directory: join(directory, `softphone-${id}`), audioSource, audioPlayer });
  const isThere = (address: SipUri) => isReachable(agent, address);
  return softphone({
    running: () => kind.running({ uri, control, isThere }),
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

function sipPhoneOf(config: SipPhoneConfig, { caller, mediaHost, agent }: Surroundings): Device {
  const { id, name, uri, anchor: anchored, transfer } = config;
  return sipPhone({
    id,
    name,
    uri,
    anchored,
    transfer,
    caller,
    mediaHost,
    referrer: agent,
    requester: agent,
  });
}

function pstnPhoneOf(config: PstnPhoneConfig, { caller, mediaHost, numberPlan }: Surroundings): Device {
  const { id, name, anchor: anchored, number, ringS } = config;
  if (!numberPlan) throw new TypeError(`the number of ${id} was read without a number plan`);
  const { uri } = numberPlan.read(number);
  return pstnPhone({ id, name, uri, anchored, caller, mediaHost, ringMs: 1000 * ringS });
}
