/** The mixer server with real sockets, the focus that orders media from it, and phones in its conferences. */
import { after } from "node:test";
import type { LegHandlers } from "#sip/leg.ts";
import type { SipRequest, SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { type MixerServer, type MixerServerOptions, openMixerServer } from "../../servers/mixer/server.ts";
import { MSCML } from "../../servers/mscml/document.ts";
import { readNotification } from "../../servers/mscml/notification.ts";
import { RtpParty } from "./rtp-party.ts";

const host = "127.0.0.1";
export const timers = { t1: 100, t2: 400, t4: 400 };

/** What is to be closed when the tests of a file are over, the last first. */
export const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends.toReversed()) await end();
});

/** A mixer, and a focus that orders media from it. */
export async function studio(options: Partial<MixerServerOptions> = {}) {
  const log = { info: () => undefined, error: () => undefined };
  const mixer = await openMixerServer({ host, port: 0, rtp: { first: 0, last: 0 }, log, timers, ...options });
  const focus = await UserAgent.open({ host, port: 0, name: "focus", identity: {}, timers });
  ends.push(
    () => mixer.close(),
    () => focus.close(),
  );
  return { mixer, focus };
}

export type Studio = Awaited<ReturnType<typeof studio>>;

export function room(mixer: MixerServer, id: string): SipUri {
  return mixer.address.replace("sip:", `sip:conf=${id}@`) as SipUri;
}

export async function phone(hz?: number, codec: "PCMU" | "PCMA" = "PCMU"): Promise<RtpParty> {
  const party = await RtpParty.open({ codec, ...(hz !== undefined && { hz }) });
  ends.push(() => party.close());
  return party;
}

/** A phone in a conference, talking; `leg` is the dialog between focus and mixer. */
export async function join(
  { mixer, focus }: Studio,
  id: string,
  hz: number | undefined,
  handlers: LegHandlers = {},
) {
  const party = await phone(hz);
  const { leg, answer } = await focus.invite(room(mixer, id), { offer: party.offer(), handlers });
  party.talkTo(answer);
  return { party, leg, answer };
}

/** Resolves once the mixer has so many streams. */
export async function streams(mixer: MixerServer, count: number): Promise<void> {
  while ((await mixer.dump()).streams.length !== count);
}

type Told = NonNullable<ReturnType<typeof readNotification>>;

/** As `join`; what the mixer tells about the leg, but who talks, is kept and can be waited for. */
export async function joinWatched(films: Studio, id: string, hz: number | undefined) {
  const told: Told[] = [];
  const waiting = new Set<() => void>();
  const onRequest = ({ content }: SipRequest) => {
    const news = readNotification(content);
    if (news && news.kind !== "talkers") told.push(news);
    for (const check of waiting) check();
    return { status: 200 };
  };
  const joined = await join(films, id, hz, { onRequest });
  /** Resolves with all that was told once it is so much. */
  const tells = (count: number): Promise<Told[]> => {
    const { promise, resolve } = Promise.withResolvers<Told[]>();
    const check = () => {
      if (told.length >= count) resolve(told);
    };
    waiting.add(check);
    check();
    return promise;
  };
  /** Sends a document in an INFO on the leg; resolves with the status of the final response. */
  const ask = async (content: string): Promise<number> =>
    (await joined.leg.request("INFO", { type: MSCML, content })).status;
  return { ...joined, told, tells, ask };
}
