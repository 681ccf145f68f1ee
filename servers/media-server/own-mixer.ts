/** A mixer within the process of those who order from it: calls reach its control as they are, and its thread mixes. */
import type { Caller } from "#sip/leg.ts";
import type { SipResponse, SipUri } from "#sip/message.ts";
import { type FaceOptions, startControl } from "./face.ts";
import { LocalCalls } from "./local-calls.ts";
import { LocalLeg, OWN } from "./local-leg.ts";
import { dumpOf, startMixer, type WholeDump } from "./mixing/behind.ts";
import type { MixerOptions } from "./mixing/mixer.ts";
import type { MediaSettings } from "./options.ts";

export interface OwnMixerOptions
  extends Pick<FaceOptions, "host" | "log" | "watch">,
    MediaSettings,
    Pick<MixerOptions, "spawn"> {}

export interface OwnMixer {
  readonly calls: Caller;
  /** Whether it lives, as OPTIONS to another one would say. */
  ask(): Promise<SipResponse>;
  dump(): Promise<WholeDump>;
  close(): Promise<void>;
}

/** Whether a URI is that of a mixer in this process, or of a conference there. */
export function isOwn(uri: SipUri): boolean {
  return uri === OWN || uri.endsWith(OWN.replace("sip:", "@"));
}

export async function openOwnMixer(options: OwnMixerOptions): Promise<OwnMixer> {
  const { log } = options;
  const calls = new LocalCalls(
    (invite) => void control.receive(invite),
    (err) => log.error({ err }, "the own mixer failed on a call"),
  );
  const { engine, control } = await startControl(
    options,
    (events) => startMixer(options, events),
    (id) => calls.findLeg(id),
  );
  const [asking] = LocalLeg.pair(
    { callId: "health", localTag: "owner", remoteTag: "mixer" },
    () => undefined,
  );
  return {
    calls,
    ask: () => asking.request("OPTIONS"),
    dump: () => dumpOf({ engine, control }),
    async close() {
      control.close();
      await engine.stop();
    },
  };
}
