/** Two conference servers behind Kamailio, each with two mixers: what is heard when one mixer dies, and when a server has none left. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { UserAgent } from "#sip/user-agent.ts";
import { KamailioSite, type Machine } from "../support/kamailio-site.ts";
import { allHearEachOther, Pair } from "../support/pair.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const CONFERENCES = 12;
/** Promise F3: a mixer that dies is replaced within this time. */
const REPLACED_MS = 5_000;
/** Those without any mixer are told after five seconds, and call again. */
const BACK_MS = 10_000;

describe("Behind Kamailio, with two mixers at each conference server,", () => {
  let site: KamailioSite;
  let agent: UserAgent;
  let first: Machine;
  let second: Machine;
  const pairs: Pair[] = [];
  const on = (machine: Machine) => pairs.filter(({ servers }) => servers[0] === machine.host);
  const states = () => pairs.flatMap(({ legs }) => legs.map(({ state }) => state));

  before(async () => {
    site = await KamailioSite.start(2, {}, { mixers: 2 });
    [first = assert.fail("no machine"), second = assert.fail("no second machine")] = site.machines;
    agent = await UserAgent.open({
      host: HOST,
      port: 0,
      name: "crowd",
      identity: {},
      outboundProxy: site.proxy(),
    });
    const rooms = Array.from({ length: CONFERENCES }, (_, i) => site.room(`mixed-${i}`));
    pairs.push(...(await Promise.all(rooms.map((room) => Pair.open(room, agent)))));
    await Promise.all(pairs.map((pair) => pair.join()));
    await allHearEachOther(pairs);
  });

  after(async () => {
    await Promise.all(pairs.map((pair) => pair.leave()));
    await agent.close();
    await site.stop();
  });

  test("the conferences of a mixer that is killed go on at the other of their server, and no call ends", async (t) => {
    const servers = pairs.map((pair) => pair.servers);
    const killedAt = performance.now();
    first.programs.mixers[0]?.kill("SIGKILL");
    // What the mixer had sent before may still arrive after it: a tone counts once somebody has another place.
    await until(() => on(first).some(({ newPlaces }) => newPlaces > 0), "another mixer", REPLACED_MS);
    await allHearEachOther(on(first));
    const tookMs = performance.now() - killedAt;

    t.diagnostic(`${on(first).length} conferences were heard again after ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < REPLACED_MS, `it took ${tookMs} ms`);
    const moved = on(first).filter(({ newPlaces }) => newPlaces > 0).length;
    assert.ok(moved > 0 && moved < on(first).length, `${moved} of ${on(first).length} were at it`);
    assert.deepEqual(new Set(states()), new Set(["confirmed"]));
    assert.deepEqual(
      pairs.map((pair) => pair.servers),
      servers,
    );
    await allHearEachOther(pairs);
  });

  test("a server whose last mixer is killed takes nobody, and its people are together at the other one within 10 s", async (t) => {
    const orphans = on(first);
    const killedAt = performance.now();
    first.programs.mixers[1]?.kill("SIGKILL");
    await Promise.all(orphans.map((pair) => pair.areHungUp()));
    const toldMs = performance.now() - killedAt;
    await Promise.all(orphans.map((pair) => pair.join()));
    await allHearEachOther(orphans);
    const tookMs = performance.now() - killedAt;

    t.diagnostic(`told after ${Math.round(toldMs)} ms, together again after ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < BACK_MS, `it took ${tookMs} ms`);
    for (const { name, servers } of pairs) assert.deepEqual(servers, [second.host, second.host], name);
    await allHearEachOther(pairs);
  });
});
