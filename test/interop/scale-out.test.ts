/** Two conference servers with their mixers behind the Kamailio of servers/proxy/kamailio: conferences stay whole, and outlive a server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { parseUri } from "#sip/uri.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { KamailioSite, type Machine, type KamailioSite as Site } from "../support/kamailio-site.ts";
import { allHearEachOther, Pair } from "../support/pair.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const CONFERENCES = 100;
/** Done means: its participants are back within this time. */
const BACK_MS = 10_000;
/** By then Kamailio has asked each server twice how it is. */
const PROBED_MS = 4_500;

/** Each hears the other and each roster has both. */
async function assertWhole(pairs: readonly Pair[]): Promise<void> {
  await allHearEachOther(pairs);
  const rosters = await Promise.all(pairs.map((pair) => pair.roster()));
  for (const [at, pair] of pairs.entries())
    assert.deepEqual(rosters[at], [pair.person(0), pair.person(1)], pair.name);
}

describe("With two conference servers behind Kamailio,", () => {
  let site: Site;
  let agent: UserAgent;
  let first: Machine;
  const pairs: Pair[] = [];
  const on = (machine: Machine) => pairs.filter(({ servers }) => servers[0] === machine.host);

  before(async () => {
    site = await KamailioSite.start(2);
    agent = await UserAgent.open({
      host: HOST,
      port: 0,
      name: "crowd",
      identity: {},
      outboundProxy: site.proxy(),
    });
    const names = Array.from({ length: CONFERENCES }, (_, i) => `room-${i}`);
    pairs.push(...(await Promise.all(names.map((name) => Pair.open(site.room(name), agent)))));
    [first = assert.fail("no machine")] = site.machines;
  });

  after(async () => {
    await Promise.all(pairs.map((pair) => pair.leave()));
    await agent.close();
    await site.stop();
  });

  test(`${CONFERENCES} conferences are spread over both, and each is whole`, async () => {
    await Promise.all(pairs.map((pair) => pair.join()));

    for (const { name, servers } of pairs) assert.equal(new Set(servers).size, 1, `${name} is on ${servers}`);
    for (const machine of site.machines)
      assert.ok(on(machine).length >= CONFERENCES / 4, `${machine.host} has ${on(machine).length} of them`);
    await assertWhole(pairs);
  });

  test("those of a machine that dies are together on the other within 10 s, and nobody else is disturbed", async (t) => {
    const orphans = on(first);
    const others = pairs.filter((pair) => !orphans.includes(pair));
    const [, second = assert.fail("no second machine")] = site.machines;
    const killedAt = performance.now();
    await first.die();

    await Promise.all(orphans.map((pair) => pair.join()));
    const tookMs = performance.now() - killedAt;
    t.diagnostic(`${2 * orphans.length} participants were back after ${Math.round(tookMs)} ms`);

    assert.ok(tookMs < BACK_MS, `it took ${tookMs} ms`);
    for (const { servers } of orphans) assert.deepEqual(servers, [second.host, second.host]);
    await assertWhole(pairs);
    for (const { legs } of others)
      assert.deepEqual(
        legs.map(({ state }) => state),
        ["confirmed", "confirmed"],
      );
  });

  test("a server that comes back takes new conferences, and splits none of those that moved", async () => {
    const moved = pairs.filter(({ servers }) => servers[0] !== first.host);
    await first.restart();
    await until(async () => (await serverOf(`new-${performance.now()}`)) === first.host, "a new one on it");

    for (const { name, servers } of moved) assert.equal(await serverOf(name), servers[0], name);
  });

  test("a server that drains gets no new conference, keeps those it holds whole, and ends when they do", async () => {
    const [, second = assert.fail("no second machine")] = site.machines;
    const party = await RtpParty.open();
    let name = "";
    await until(async () => {
      name = `held-${performance.now()}`;
      return (await serverOf(name)) === first.host;
    }, "one on the first");
    const from = { uri: `sip:host@elsewhere.test` } as const;
    const { leg } = await agent.invite(site.room(name), { offer: party.offer(), from });
    const { conference } = first.programs;
    conference.kill("SIGUSR1");
    await conference.says(/draining/);

    const fresh = Array.from({ length: 12 }, (_, at) => `fresh-${at}-${performance.now()}`);
    const servers = await Promise.all(fresh.map((one) => serverOf(one)));
    await setTimeout(PROBED_MS);
    const later = await serverOf(`later-${performance.now()}`);

    assert.deepEqual(new Set([...servers, later]), new Set([second.host]));
    assert.equal(await serverOf(name), first.host);
    await leg.bye();
    party.close();
    assert.equal(await conference.exited, 0);
    assert.equal(await serverOf(name), second.host);
  });

  /** Where somebody who calls this conference now gets; they leave at once. */
  async function serverOf(name: string): Promise<string | undefined> {
    const party = await RtpParty.open();
    const from = { uri: `sip:visitor@elsewhere.test` } as const;
    const { leg } = await agent.invite(site.room(name), { offer: party.offer(), from });
    await leg.bye();
    party.close();
    return parseUri(leg.remoteContact.uri)?.host;
  }
});
