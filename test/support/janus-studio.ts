/** A Janus adapter of the test's own before a real Janus, a focus that orders media from it, and phones without SIP. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import type { Leg, LegHandlers } from "#sip/leg.ts";
import { type SipRequest, type SipUri, textHeader } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { type Handle, JanusSession } from "../../servers/janus/janus-session.ts";
import { type JanusServer, type JanusServerOptions, openJanusServer } from "../../servers/janus/server.ts";
import { MSCML } from "../../servers/mscml/document.ts";
import { type MscmlResponse, readNotification } from "../../servers/mscml/notification.ts";
import { Janus } from "./janus.ts";
import { RtpParty } from "./rtp-party.ts";

const HOST = "127.0.0.1";
const nothing = () => undefined;
const QUIET = { info: () => undefined, error: () => undefined };
/** SIP that gives up soon. */
export const TIMERS = { t1: 100, t2: 400, t4: 400 };

/** Somebody in a conference; `leg` is the dialog between focus and adapter. */
export interface Caller {
  readonly party: RtpParty;
  readonly leg: Leg;
  readonly answer: string;
}

export class JanusStudio {
  readonly mixer: JanusServer;
  readonly focus: UserAgent;
  readonly #parties: RtpParty[] = [];

  private constructor(mixer: JanusServer, focus: UserAgent) {
    this.mixer = mixer;
    this.focus = focus;
  }

  static async open(janus: Janus, options: Partial<JanusServerOptions> = {}): Promise<JanusStudio> {
    const rtp = { first: 0, last: 0 };
    const where = { host: HOST, port: 0, rtp, inside: HOST, url: janus.url };
    const mixer = await openJanusServer({ ...where, log: QUIET, timers: TIMERS, ...options });
    const focus = await UserAgent.open({ host: HOST, port: 0, name: "focus", identity: {}, timers: TIMERS });
    return new JanusStudio(mixer, focus);
  }

  room(id: string): SipUri {
    // The adapter's address is one of host and port.
    return this.mixer.address.replace("sip:", `sip:conf=${id}@`) as SipUri;
  }

  async phone(hz?: number, codec: "PCMU" | "PCMA" = "PCMU", host = HOST): Promise<RtpParty> {
    const party = await RtpParty.open({ codec, host, ...(hz !== undefined && { hz }) });
    this.#parties.push(party);
    return party;
  }

  /** A phone joins a conference and talks: a tone, or silence without one. */
  async join(id: string, hz?: number, handlers: LegHandlers = {}): Promise<Caller> {
    const party = await this.phone(hz);
    const { leg, answer } = await this.focus.invite(this.room(id), { offer: party.offer(), handlers });
    party.talkTo(answer);
    return { party, leg, answer };
  }

  async close(): Promise<void> {
    for (const party of this.#parties) party.close();
    await this.focus.close();
    await this.mixer.close();
  }
}

/** A Janus for the tests of a file, and for each of them a studio of its own. */
export function stageForEach(): { readonly janus: Janus; readonly films: JanusStudio } {
  let janus: Janus;
  let films: JanusStudio;
  before(async () => {
    janus = await Janus.start();
  });
  beforeEach(async () => {
    films = await JanusStudio.open(janus);
  });
  afterEach(() => films.close());
  after(() => janus.stop());
  return {
    get janus() {
      return janus;
    },
    get films() {
      return films;
    },
  };
}

/** Sends MSCML on a leg; the mixer must take it. */
export async function asks(leg: Leg, content: string): Promise<void> {
  assert.equal((await leg.request("INFO", { type: MSCML, content })).status, 200);
}

/** Does something to Janus as another of its clients. */
export async function asOther<Result>(
  janus: Janus,
  act: (other: Handle) => Promise<Result>,
): Promise<Result> {
  const session = await JanusSession.open({ url: janus.url, onLost: nothing });
  try {
    return await act(await session.attach({ onEvent: nothing, onGone: nothing }));
  } finally {
    await session.close();
  }
}

/** An owner of a leg who keeps what he is told by MSCML. */
export class Owner {
  readonly told: ReturnType<typeof readNotification>[] = [];
  readonly handlers: LegHandlers = {
    onRequest: (request: SipRequest) => {
      if (textHeader(request, "content-type") === MSCML) this.told.push(readNotification(request.content));
      return { status: 200 };
    },
  };

  get responses(): MscmlResponse[] {
    return this.told.filter((one): one is MscmlResponse => one?.kind === "response");
  }

  get keys(): string[] {
    return this.told.flatMap((one) => (one?.kind === "keypress" ? [one.digit] : []));
  }

  get talks() {
    return this.told.flatMap((one) => (one?.kind === "talkers" ? [one] : []));
  }
}
