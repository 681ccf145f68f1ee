/**
 * A call in a phone's hands comes into ours, attended: the far end is asked by Replaces to put our call in its place, and
 * hangs up the phone itself (RFC 3891, RFC 5589 §7).
 */

import type { Device } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import type { Call, CallOptions, CallSurroundings } from "./call.ts";
import type { Destination } from "./far-end.ts";
import { LoopCall } from "./loop-call.ts";
import { askForDialog, type PhoneDialog } from "./phone-dialogs.ts";
import type { Subscriber } from "./roster.ts";

/** A far end answers so that does not know Replaces, or not this call (RFC 3891 §3). */
const NO_REPLACES: readonly number[] = [403, 405, 420, 481, 501];

/** The call with `target` as the phone knows it; undefined when the phone does not say. */
export async function dialogAt(
  { target, device }: { readonly target: SipUri; readonly device: Device | undefined },
  subscriber: Subscriber,
  signal: AbortSignal,
): Promise<PhoneDialog | undefined> {
  const end = await device?.wake(signal).catch(() => undefined);
  return end?.address && (await askForDialog(subscriber, end.address, target));
}

/** A call of ours, by `device`, in the place of the phone's; nobody hears of it before it stands. Throws ServiceError. */
export async function takenOver(
  options: Omit<CallOptions, "muted">,
  around: CallSurroundings,
  { device, to, signal }: { device: Device; to: Destination; signal: AbortSignal },
): Promise<Call> {
  let stands = false;
  const onChange = (call: Call) => stands && around.onChange(call);
  const taken = new LoopCall({ ...options, muted: false }, { ...around, onChange });
  try {
    await taken.join(device, to, signal);
  } catch (refused) {
    const unwilling = refused instanceof ServiceError && NO_REPLACES.includes(refused.sip ?? 0);
    throw unwilling ? new ServiceError("no-control", [options.id], { cause: refused }) : refused;
  }
  stands = true;
  return taken;
}
