/** The mixer server: the SIP face, the mixing thread, and how they begin and end together. */
import type { Logger } from "pino";
import type { SipUri } from "#sip/message.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { Control, type ControlOptions } from "../media-server/control.ts";
import type { PortRange } from "../media-server/packet-io/packet-io.ts";
import { Mixer, type MixerDump, type MixerOptions } from "./mixer.ts";

export interface MixerServerOptions {
  /** A literal address: SIP and media are received there. */
  readonly host: string;
  /** SIP port; 0 takes any free one. */
  readonly port: number;
  readonly rtp: PortRange;
  readonly codecs?: ControlOptions["codecs"];
  readonly log: Pick<Logger, "info" | "error">;
  readonly timers?: UserAgentOptions["timers"];
  readonly session?: UserAgentOptions["session"];
  readonly watch?: ControlOptions["watch"];
  readonly onTrace?: UserAgentOptions["onTrace"];
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
  const { host, port, rtp, codecs, log, timers, session, watch, onTrace, spawn } = options;
  const agent = await UserAgent.open({
    host,
    port,
    name: "Partyline mixer",
    identity: { name: "Mixer" },
    onInvite: (invite) => void control.receive(invite),
    onError: (err) => log.error({ err }, "the mixer failed on a message"),
    ...(timers && { timers }),
    ...(session && { session }),
    ...(onTrace && { onTrace }),
  });
  const mixer = new Mixer({
    host,
    rtp,
    onTalking: (...talk) => control.talking(...talk),
    onKey: (...key) => control.key(...key),
    onPlayed: (...played) => control.played(...played),
    onCrash: (cause) => control.crashed(cause),
    ...(spawn && { spawn }),
  });
  const control = new Control({
    mixer,
    host,
    log,
    ...(codecs && { codecs }),
    ...(watch && { watch }),
    findLeg: (id) => agent.findLeg(id),
  });
  return {
    address: agent.address,
    dump: async () => ({ ...(await mixer.dump()), legs: control.dump() }),
    async close() {
      control.close();
      await agent.close();
      await mixer.stop();
    },
  };
}
