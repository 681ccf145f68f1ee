/** Promise F3: kill -9 of a mixer, whose conferences go on at another one, or at the same one when it is back, or end with a reason. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { readAudio } from "#sdp/session.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { openConferenceServer } from "../../servers/conference/server.ts";
import { openMixerServer } from "../../servers/mixer/server.ts";
import { type Server, startServer } from "../support/servers.ts";
import { hearEachOther, Talker, usersIn } from "../support/talker.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const TONES = [400, 900, 1_400];
/** Promise F3. */
const BACK_MS = 5_000;

/** Each mixer has an address of its own, by which its media are known. */
function startMixerAt(host: string, port = 0): Promise<Server> {
  return startServer("mixer", { port, args: ["--bind", host, "--rtp", "0"] });
}

const mediaAt = ({ leg }: Talker): string | undefined => readAudio(leg.description)?.address;

describe("When a mixer is killed,", () => {
  let agent: UserAgent;
  let mixers: Server[];
  let conference: Server;
  let films: Talker[];
  let games: Talker[];
  const room = (id: string): SipUri => `sip:${id}@${HOST}:${conference.port}`;

  async function start(hosts: readonly string[]): Promise<void> {
    agent = await UserAgent.open({ host: HOST, port: 0, name: "crowd", identity: {} });
    mixers = await Promise.all(hosts.map((host) => startMixerAt(host)));
    const args = hosts.flatMap((host, i) => ["--mixer", `sip:${host}:${mixers[i]?.port}`]);
    conference = await startServer("conference", { args });
    films = await people("film", "films");
    games = await people("game", "games");
    await Promise.all([hearEachOther(films, BACK_MS), hearEachOther(games, BACK_MS)]);
    await films[0]?.watch(room("films"));
  }

  async function people(name: string, id: string): Promise<Talker[]> {
    const talkers = await Promise.all(TONES.map((hz, i) => Talker.open(`${name}${i}`, agent, { hz })));
    for (const talker of talkers) await talker.join(room(id));
    return talkers;
  }

  /** The mixer that mixes films. */
  function itsMixer(): Server {
    const at = films.map(mediaAt);
    assert.equal(new Set(at).size, 1);
    return mixers[at[0] === "127.0.0.2" ? 0 : 1] ?? assert.fail("no mixer");
  }

  beforeEach(() => {
    mixers = [];
    films = [];
    games = [];
  });

  afterEach(async () => {
    await Promise.all([...films, ...games].map((talker) => talker.leave()));
    await agent.close();
    await conference.stop();
    await Promise.all(mixers.map((mixer) => mixer.stop()));
  });

  test("its conference goes on at the other one within five seconds, its roster intact, and the others are not disturbed", async (t) => {
    await start(["127.0.0.2", "127.0.0.3"]);
    const undisturbed = games.map(mediaAt);
    const killed = itsMixer();
    const killedAt = performance.now();
    killed.program.kill("SIGKILL");
    const old = mediaAt(films[0] ?? assert.fail());
    await until(() => films.every((talker) => mediaAt(talker) !== old), "other media", BACK_MS);
    await hearEachOther(films, BACK_MS);
    t.diagnostic(`all heard each other again after ${Math.round(performance.now() - killedAt)} ms`);

    assert.ok(performance.now() - killedAt < BACK_MS);
    assert.equal(new Set(films.map(mediaAt)).size, 1);
    assert.deepEqual(games.map(mediaAt), undisturbed);
    assert.deepEqual(
      [...films, ...games].flatMap(({ hungUp }) => hungUp),
      [],
    );
    const [first = assert.fail()] = films;
    assert.deepEqual(
      first.rosters.flatMap(usersIn).filter((user) => user.endsWith(" deleted")),
      [],
    );
    await hearEachOther(games, BACK_MS);
  });

  test("and is the only one, its conferences go on when it is back, within five seconds", async (t) => {
    await start(["127.0.0.2"]);
    const killed = itsMixer();
    const killedAt = performance.now();
    killed.program.kill("SIGKILL");
    await killed.program.exited;
    mixers.push(await startMixerAt("127.0.0.2", killed.port));
    await Promise.all([hearEachOther(films, BACK_MS), hearEachOther(games, BACK_MS)]);
    t.diagnostic(`all heard each other again after ${Math.round(performance.now() - killedAt)} ms`);

    assert.ok(performance.now() - killedAt < BACK_MS);
    assert.deepEqual(
      [...films, ...games].flatMap(({ hungUp }) => hungUp),
      [],
    );
  });

  test("and there is no other, everybody is told why the call ends", async (t) => {
    await start(["127.0.0.2"]);
    const killedAt = performance.now();
    itsMixer().program.kill("SIGKILL");
    const all = [...films, ...games];
    await until(() => all.every(({ hungUp }) => hungUp.length === 1), "the goodbyes", 2 * BACK_MS);
    t.diagnostic(`all had been told after ${Math.round(performance.now() - killedAt)} ms`);

    for (const { hungUp } of all) assert.match(hungUp[0] ?? "", /The mixer ended the media/);
  });
});

test("When the thread that mixes dies, the new one has everybody, and nobody has left", async (t) => {
  const threads: Worker[] = [];
  const log = { info: () => undefined, error: () => undefined };
  const mixer = await openMixerServer({
    host: HOST,
    port: 0,
    rtp: { first: 0, last: 0 },
    log,
    spawn: (data) => {
      const script = new URL("../../servers/media-server/mixing/tick-worker.ts", import.meta.url);
      const thread = new Worker(script, { workerData: data, transferList: [data.port] });
      threads.push(thread);
      return thread;
    },
  });
  const conference = await openConferenceServer({ host: HOST, port: 0, mixers: [mixer.address], log });
  const agent = await UserAgent.open({ host: HOST, port: 0, name: "crowd", identity: {} });
  const room: SipUri = `sip:films@${conference.address.slice("sip:".length)}`;
  const films = await Promise.all(TONES.map((hz, i) => Talker.open(`film${i}`, agent, { hz })));
  try {
    for (const talker of films) await talker.join(room);
    await hearEachOther(films, BACK_MS);
    const diedAt = performance.now();
    await threads[0]?.terminate();
    for (const talker of films) talker.rtp.forget();
    await hearEachOther(films, BACK_MS);
    t.diagnostic(`all heard each other again after ${Math.round(performance.now() - diedAt)} ms`);

    assert.equal(threads.length, 2);
    assert.equal(conference.focus.conferences.get("films")?.size, 3);
    assert.deepEqual(
      films.flatMap(({ hungUp }) => hungUp),
      [],
    );
  } finally {
    await Promise.all(films.map((talker) => talker.leave()));
    await agent.close();
    await conference.close();
    await mixer.close();
  }
});
