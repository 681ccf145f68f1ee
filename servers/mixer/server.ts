/** The mixer server: the SIP face of a media server before a thread that mixes. */
import type { SipUri } from "#sip/message.ts";
import type { Control } from "../media-server/control.ts";
import { type FaceOptions, openFace } from "../media-server/face.ts";
import { Mixer, type MixerDump, type MixerOptions } from "../media-server/mixing/mixer.ts";
import type { PortRange } from "../media-server/packet-io/packet-io.ts";

export interface MixerServerOptions extends FaceOptions {
  readonly rtp: PortRange;
  readonly spawn?: MixerOptions["spawn"];
}

export interface MixerServer {
  readonly address: SipUri;
  dump(): Promise<MixerDump & { readonly legs: ReturnType<Control["dump"]> }>;
  /** BYE to all legs, then the end of sockets and thread; two seconds at most. */
  close(): Promise<void>;
}

/** Starts it; rejects when the SIP port is taken. */
export async function openMixerServer(options: MixerServerOptions): Promise<MixerServer> {
  const { host, rtp, spawn } = options;
  const { address, engine, control, close } = await openFace(options, {
    name: "Partyline mixer",
    start: (events) => new Mixer({ host, rtp, ...events, ...(spawn && { spawn }) }),
  });
  return { address, dump: async () => ({ ...(await engine.dump()), legs: control.dump() }), close };
}
