/** Promise F4 at the servers: kill -9 of the conference server, whose callers come again; of their old calls nothing is left. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { type MixerServer, openMixerServer } from "../../servers/mixer/server.ts";
import { type Server, startServer } from "../support/servers.ts";
import { hearEachOther, Talker, usersIn } from "../support/talker.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const TONES = [400, 900, 1_400];
const log = { info: () => undefined, error: () => undefined };
/** The mixer asks its owners every three seconds, and waits fifteen for one that is silent. */
const REAPED_MS = 8_000;
const GIVEN_UP_MS = 22_000;

let mixer: MixerServer;
let conference: Server;
let agent: UserAgent;
let films: Talker[];

const room = (): SipUri => `sip:films@${HOST}:${conference.port}`;

function startConferenceAt(port: number): Promise<Server> {
  return startServer("conference", { port, args: ["--mixer", mixer.address] });
}

async function kill(): Promise<void> {
  conference.program.kill("SIGKILL");
  await conference.program.exited;
}

describe("When the conference server is killed", () => {
  beforeEach(async () => {
    mixer = await openMixerServer({ host: HOST, port: 0, rtp: { first: 0, last: 0 }, log });
    conference = await startConferenceAt(0);
    agent = await UserAgent.open({ host: HOST, port: 0, name: "crowd", identity: {} });
    films = await Promise.all(TONES.map((hz, i) => Talker.open(`film${i}`, agent, { hz })));
    for (const talker of films) await talker.join(room());
    await hearEachOther(films);
  });

  afterEach(async () => {
    await agent.close();
    for (const { rtp } of films) rtp.close();
    await conference.stop();
    await mixer.close();
  });

  test("and runs again, its callers go on hearing one another, come again, and are there once", async (t) => {
    await kill();
    await hearEachOther(films);
    conference = await startConferenceAt(conference.port);
    const backAt = performance.now();
    const first = films.map(({ leg }) => leg);
    for (const talker of films) await talker.join(room());
    const [watcher = assert.fail()] = films;
    await watcher.watch(room());
    await until(
      async () => (await mixer.dump()).legs.length === films.length,
      "the old legs to end",
      REAPED_MS,
    );
    t.diagnostic(`the old legs were gone ${Math.round(performance.now() - backAt)} ms after it was back`);

    const { rooms } = await mixer.dump();
    assert.deepEqual(
      rooms.map(({ id, streams }) => [id, streams.length]),
      [["films", films.length]],
    );
    await hearEachOther(films);
    assert.deepEqual(
      usersIn(watcher.rosters[0] ?? "").sort(),
      films.map(({ uri }) => `${uri} full`),
    );
    // A phone that still speaks in its old call hears that there is none.
    for (const leg of first) assert.equal((await leg.request("OPTIONS")).status, 481);
  });

  test("for good, the mixer waits for it, and then ends its legs", async (t) => {
    const killedAt = performance.now();
    await kill();
    await hearEachOther(films);
    await until(async () => (await mixer.dump()).legs.length === 0, "the end of all legs", GIVEN_UP_MS);
    t.diagnostic(`the legs ended after ${Math.round(performance.now() - killedAt)} ms`);
  });
});
