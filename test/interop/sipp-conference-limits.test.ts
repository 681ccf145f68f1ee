/** SIPp finds the limits of a conference server, and is asked whether it is still there; who vanished is out of roster and mixer. */
import { join } from "node:path";
import { after, afterEach, before, describe, type TestContext, test } from "node:test";
import { INVITE_LIMITS } from "../../servers/conference/invitations.ts";
import {
  type ConferenceServer,
  type ConferenceServerOptions,
  openConferenceServer,
} from "../../servers/conference/server.ts";
import { type MixerServer, openMixerServer } from "../../servers/mixer/server.ts";
import { type Playing, plays } from "../support/sipp.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const SECONDS = 3;
/** What is not answered is given up after 64 t1, 1.3 s. */
const QUICK = { t1: 20, t2: 160, t4: 200 };
const log = { info: () => undefined, error: () => undefined };

let mixer: MixerServer;
let server: ConferenceServer;
before(async () => {
  mixer = await openMixerServer({ host: HOST, port: 0, rtp: { first: 0, last: 0 }, log });
});
after(() => mixer.close());

async function opens(options: Partial<ConferenceServerOptions>): Promise<void> {
  server = await openConferenceServer({ host: HOST, port: 0, mixers: [mixer.address], log, ...options });
}

async function begins(t: TestContext, name: string, to = "films"): Promise<Playing> {
  const file = join(import.meta.dirname, "sipp", `${name}.xml`);
  const target = { host: HOST, port: Number(server.address.split(":").at(-1)) };
  const keys = { seconds: String(SECONDS), door: "", them: "sip:them@127.0.0.1:9" };
  const playing = await plays(file, { target, service: to, keys, background: true });
  t.after(() => playing.stop());
  return playing;
}

async function calls(t: TestContext, name: string, to?: string): Promise<void> {
  const { finished } = await begins(t, name, to);
  await finished;
}

const somebody = () => until(() => server.focus.conferences.get("films")?.size === 1, "somebody in");
/** In no roster, and no leg at the mixer. */
const nobody = () =>
  until(
    async () => server.focus.members.size === 0 && (await mixer.dump()).legs.length === 0,
    "nobody left of the call",
  );

describe("SIPp is asked whether it is still there, and", { concurrency: 4 }, () => {
  before(() => opens({ session: { expiresS: SECONDS, shortestS: 2 }, timers: QUICK }));
  after(async () => {
    await nobody();
    await server.close();
  });

  for (const name of [
    "is-asked-whether-it-is-there",
    "is-asked-by-a-new-offer",
    "refreshes-its-call",
    "forgets-to-refresh-its-call",
    "does-not-know-its-call-any-more",
    "wants-to-be-asked-too-often",
  ]) {
    test(name.replaceAll("-", " "), (t) => calls(t, name, name));
  }

  test("vanishes without a word", async (t) => {
    const vanishing = await begins(t, "comes-in-and-vanishes");
    await somebody();
    await vanishing.stop();
    await until(() => !server.focus.conferences.has("films"), "nobody left in the conference");
  });
});

describe("SIPp finds", () => {
  afterEach(() => server.close());

  test("no room for one more conference: 503", async (t) => {
    await opens({ limits: { conferences: 1 } });
    const first = await begins(t, "comes-in-and-vanishes");
    await somebody();
    await calls(t, "is-told-to-come-again", "dramas");
    await calls(t, "comes-in");
    await first.stop();
  });

  test("no room for one more participant, nor for one who is to be called: 503", async (t) => {
    await opens({ limits: { participants: 1 } });
    await calls(t, "may-not-have-more-called");
    const first = await begins(t, "comes-in-and-vanishes");
    await somebody();
    await calls(t, "is-told-to-come-again");
    await first.stop();
  });

  test("too many phones ringing for one more: 503", async (t) => {
    await opens({ inviteLimits: { ...INVITE_LIMITS, inAll: 0 } });
    await calls(t, "may-not-have-more-called");
  });

  test("four subscriptions enough: 503", async (t) => {
    await opens({});
    await calls(t, "asks-for-too-many-subscriptions");
  });
});
