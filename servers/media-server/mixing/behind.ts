/** Our mixer behind a control, however its calls come. */
import type { Control } from "../control.ts";
import type { MediaEvents } from "../media-engine.ts";
import { Mixer, type MixerDump, type MixerOptions } from "./mixer.ts";

/** Streams, and which dialog rules which. */
export type WholeDump = MixerDump & { readonly legs: ReturnType<Control["dump"]> };

export function startMixer(
  { host, rtp, spawn }: Pick<MixerOptions, "host" | "rtp" | "spawn">,
  events: MediaEvents,
): Mixer {
  return new Mixer({ host, rtp, ...events, ...(spawn && { spawn }) });
}

export async function dumpOf({
  engine,
  control,
}: {
  readonly engine: Mixer;
  readonly control: Control;
}): Promise<WholeDump> {
  return { ...(await engine.dump()), legs: control.dump() };
}
