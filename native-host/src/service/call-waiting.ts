/** Several calls with one device: whoever is to be heard puts the others on hold first. */

import type { Codec, DeviceLeg } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Calls } from "./calls.ts";
import { LoopCall } from "./loop-call.ts";

/** A device for one more call. */
interface Wanted {
  /** For whom it is, and what that understands. */
  readonly who: string;
  readonly codecs: readonly Codec[];
  /** Calls the device once more, where its line cannot be shared. */
  readonly connect: () => Promise<DeviceLeg>;
}

/** Whether a call may be put on hold so that its device takes another one. */
export function canWait(call: Call): call is LoopCall {
  return call instanceof LoopCall && (call.state === "active" || call.state === "held");
}

/** Puts the device's calls on hold and resolves with its line. Throws ServiceError; they go on then as before. */
export async function takeLine(waiting: readonly LoopCall[], wanted: Wanted): Promise<DeviceLeg> {
  const talking = waiting.filter(({ state }) => state !== "held");
  try {
    await holdAll(talking);
    return shared(waiting, wanted) ?? (await wanted.connect());
  } catch (failed) {
    await Promise.allSettled(talking.map((call) => call.setHeld(false)));
    throw failed;
  }
}

/** The call is the one to be heard on its device; others there are put on hold. Throws ServiceError. */
export async function turnLineTo(call: Call, calls: Calls): Promise<void> {
  const { device } = call;
  const isRival = (other: Call) => other !== call && other.device === device && other.state === "active";
  if (device) await holdAll(calls.all.filter(isRival));
  if (call instanceof LoopCall) call.turnLine();
}

async function holdAll(calls: readonly Call[]): Promise<void> {
  await Promise.all(calls.map((call) => call.setHeld(true)));
}

/** Undefined where the device talks to its far end without us. */
function shared(waiting: readonly LoopCall[], { who, codecs }: Wanted): DeviceLeg | undefined {
  const line = waiting.map((call) => call.shareLine()).find((one) => one !== undefined);
  if (!line) return undefined;
  if (line.rings) throw new ServiceError("device-busy", [waiting[0]?.device?.id ?? who]);
  if (!codecs.includes(line.codec)) throw new ServiceError("media-mismatch", [who]);
  return line.join();
}
