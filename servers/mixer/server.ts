/** The mixer server: the SIP face of a media server before a thread that mixes. */
import type { SipUri } from "#sip/message.ts";
import { type FaceOptions, openFace } from "../media-server/face.ts";
import { dumpOf, startMixer, type WholeDump } from "../media-server/mixing/behind.ts";
import type { MixerOptions } from "../media-server/mixing/mixer.ts";

export interface MixerServerOptions extends FaceOptions, Pick<MixerOptions, "rtp" | "spawn"> {}

export interface MixerServer {
  readonly address: SipUri;
  dump(): Promise<WholeDump>;
  /** BYE to all legs, then the end of sockets and thread; two seconds at most. */
  close(): Promise<void>;
}

/** Starts it; rejects when the SIP port is taken. */
export async function openMixerServer(options: MixerServerOptions): Promise<MixerServer> {
  const face = await openFace(options, {
    name: "Partyline mixer",
    start: (events) => startMixer(options, events),
  });
  return { address: face.address, dump: () => dumpOf(face), close: face.close };
}
