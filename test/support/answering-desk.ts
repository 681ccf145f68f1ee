/** A desk phone in this process that takes every call, and the service of alice, whose device it is. */
import { makeAnswer } from "#sdp/offer-answer.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { Daemon } from "./daemon.ts";

export interface AnsweringDesk {
  readonly desk: UserAgent;
  readonly service: Daemon;
  stop(): Promise<void>;
}

export async function startAnsweringDesk(name = "desk"): Promise<AnsweringDesk> {
  const host = "127.0.0.1";
  const media = { address: host, port: 40_000, codecs: ["PCMU"], telephoneEvent: true } as const;
  const desk = await UserAgent.open({
    host,
    port: 0,
    name,
    identity: {},
    onInvite: (invite) => void invite.accept(makeAnswer(invite.offer ?? "", media) ?? ""),
  });
  const devices = [{ kind: "sip", id: "desk", uri: `sip:desk@${host}:${desk.port}`, anchor: true }];
  const service = await Daemon.start({ name: "alice", config: { devices } });
  const stop = async () => {
    await service.stop();
    await desk.close();
  };
  return { desk, service, stop };
}
