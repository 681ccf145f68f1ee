/** A media server as it listens: the user agent that takes its calls, the control that decides, and the engine that mixes. */
import type { SipUri } from "#sip/message.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { Control, type ControlOptions } from "./control.ts";
import type { MediaEngine, MediaEvents } from "./media-engine.ts";

export interface FaceOptions extends Pick<ControlOptions, "codecs" | "log" | "watch"> {
  /** A literal address: SIP and media are received there. */
  readonly host: string;
  /** SIP port; 0 takes any free one. */
  readonly port: number;
  readonly timers?: UserAgentOptions["timers"];
  readonly session?: UserAgentOptions["session"];
  readonly onTrace?: UserAgentOptions["onTrace"];
}

type Stoppable = MediaEngine & { stop(): Promise<void> };

/** What is behind the face. */
export interface Behind<Engine extends Stoppable> {
  /** As it says in its messages. */
  readonly name: string;
  start(events: MediaEvents): Engine | Promise<Engine>;
  /** What an INVITE would be answered now; 200 when missing. */
  readonly inviteStatus?: (engine: Engine) => number;
}

export interface Face<Engine> {
  readonly address: SipUri;
  readonly engine: Engine;
  readonly control: Control;
  /** BYE to all legs, then the end of sockets and engine. */
  close(): Promise<void>;
}

/** What decides and what mixes, each knowing the other; calls come from elsewhere. */
export async function startControl<Engine extends Stoppable>(
  { host, codecs, log, watch }: Pick<FaceOptions, "host" | "codecs" | "log" | "watch">,
  start: Behind<Engine>["start"],
  findLeg: ControlOptions["findLeg"],
): Promise<{ readonly engine: Engine; readonly control: Control }> {
  const engine = await start({
    onTalking: (...talk) => control.talking(...talk),
    onKey: (...key) => control.key(...key),
    onPlayed: (...played) => control.played(...played),
    onFailed: (stream, cause) => control.failed(stream, cause),
    onCrash: (cause) => control.crashed(cause),
  });
  const control = new Control({
    mixer: engine,
    host,
    log,
    findLeg,
    ...(codecs && { codecs }),
    ...(watch && { watch }),
  });
  return { engine, control };
}

/** Rejects when the engine does not start, or the SIP port is taken; nothing is left then. */
export async function openFace<Engine extends Stoppable>(
  options: FaceOptions,
  { name, start, inviteStatus }: Behind<Engine>,
): Promise<Face<Engine>> {
  const { host, port, log, timers, session, onTrace } = options;
  const { engine, control } = await startControl(options, start, (id) => agent?.findLeg(id));
  let agent: UserAgent | undefined;
  const close = async () => {
    control.close();
    await agent?.close();
    await engine.stop();
  };
  try {
    agent = await UserAgent.open({
      host,
      port,
      name,
      identity: { name: "Mixer" },
      onInvite: (invite) => void control.receive(invite),
      onError: (err) => log.error({ err }, "the SIP face failed on a message"),
      ...(inviteStatus && { inviteStatus: () => inviteStatus(engine) }),
      ...(timers && { timers }),
      ...(session && { session }),
      ...(onTrace && { onTrace }),
    });
  } catch (cause) {
    await close();
    throw cause;
  }
  return { address: agent.address, engine, control, close };
}
