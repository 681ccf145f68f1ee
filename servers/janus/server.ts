/** The Janus adapter: the mixer's SIP face with Janus behind it. */
import type { Logger } from "pino";
import type { SipUri } from "#sip/message.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { Control, type ControlOptions } from "../media-server/control.ts";
import { JanusEngine, type JanusEngineEvents, type JanusEngineOptions } from "./janus-engine.ts";

export interface JanusServerOptions extends Omit<JanusEngineOptions, "events"> {
  /** SIP port; 0 takes any free one. */
  readonly port: number;
  readonly log: Pick<Logger, "info" | "error">;
  readonly timers?: UserAgentOptions["timers"];
  readonly session?: UserAgentOptions["session"];
  readonly watch?: ControlOptions["watch"];
  readonly onTrace?: UserAgentOptions["onTrace"];
}

export interface JanusServer {
  readonly address: SipUri;
  dump(): ReturnType<JanusEngine["dump"]> & { readonly legs: ReturnType<Control["dump"]> };
  /** BYE to all legs, then the end of sockets and session. */
  close(): Promise<void>;
}

/** Starts it; rejects when the SIP port is taken or Janus cannot be reached. Once started it waits for a Janus that went away. */
export async function openJanusServer(options: JanusServerOptions): Promise<JanusServer> {
  const { host, port, log, timers, session, watch, onTrace } = options;
  const engine = await JanusEngine.open({ ...options, events: events(() => control, log) });
  const agent = await UserAgent.open({
    host,
    port,
    name: "Partyline Janus adapter",
    identity: { name: "Mixer" },
    onInvite: (invite) => void control.receive(invite),
    inviteStatus: () => (engine.connected ? 200 : 503),
    ...(timers && { timers }),
    ...(session && { session }),
    ...(onTrace && { onTrace }),
  }).catch(async (cause) => {
    await engine.stop();
    throw cause;
  });
  const control = new Control({
    mixer: engine,
    host,
    log,
    ...(watch && { watch }),
    findLeg: (id) => agent.findLeg(id),
  });
  return {
    address: agent.address,
    dump: () => ({ ...engine.dump(), legs: control.dump() }),
    async close() {
      control.close();
      await agent.close();
      await engine.stop();
    },
  };
}

function events(control: () => Control, log: JanusServerOptions["log"]): JanusEngineEvents {
  return {
    onTalking: (...talk) => control().talking(...talk),
    onKey: (...key) => control().key(...key),
    onPlayed: (...played) => control().played(...played),
    onCrash: (cause) => control().crashed(cause),
    onFailed: (stream, err) => {
      log.info({ err, stream }, "Janus has a leg no longer");
      control().failed(stream);
    },
    onBack: () => log.info({}, "Janus is back"),
  };
}
