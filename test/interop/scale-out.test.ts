/** Two conference servers with their mixers behind the Kamailio of servers/proxy/kamailio: conferences stay whole, and outlive a server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { parseUri } from "#sip/uri.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { KamailioSite, type Machine, type KamailioSite as Site } from "../support/kamailio-site.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const CONFERENCES = 20;
/** Done means: its participants are back within this time. */
const BACK_MS = 10_000;
/** By then Kamailio has asked each server twice how it is. */
const PROBED_MS = 4_500;

/** Two people in one conference, each with a tone; both have the one user agent of all. */
class Pair {
  readonly name: string;
  readonly legs: Leg[] = [];
  readonly #agent: UserAgent;
  readonly #parties: readonly [RtpParty, RtpParty];

  private constructor(name: string, agent: UserAgent, parties: readonly [RtpParty, RtpParty]) {
    this.name = name;
    this.#agent = agent;
    this.#parties = parties;
  }

  static async open(name: string, agent: UserAgent): Promise<Pair> {
    return new Pair(name, agent, [await RtpParty.open({ hz: 400 }), await RtpParty.open({ hz: 900 })]);
  }

  /** Both call the conference at once. */
  async join(): Promise<void> {
    const room: SipUri = `sip:${this.name}@conf.example.test`;
    this.legs.length = 0;
    await Promise.all(
      this.#parties.map(async (party, i) => {
        const from: SipUri = `sip:${this.name}.${i}@elsewhere.test`;
        const { leg, answer } = await this.#agent.invite(room, { offer: party.offer(), from: { uri: from } });
        this.legs.push(leg);
        party.talkTo(answer);
      }),
    );
  }

  /** The address of the server of each. */
  get servers(): (string | undefined)[] {
    return this.legs.map((leg) => parseUri(leg.remoteContact.uri)?.host);
  }

  async hearEachOther(): Promise<void> {
    const [one, other] = this.#parties;
    await Promise.all([one.hears(900), other.hears(400)]);
  }

  /** Who is in the roster that the first of them gets. */
  async roster(): Promise<string[]> {
    const full = Promise.withResolvers<string>();
    const subscription = this.#agent.subscribe(`sip:${this.name}@conf.example.test`, {
      event: "conference",
      accept: "application/conference-info+xml",
      from: { uri: `sip:${this.name}.0@elsewhere.test` },
      onNotify: ({ content }) => full.resolve(content),
      onEnded: (reason) => full.reject(new Error(`the subscription ended: ${reason}`)),
    });
    const users = [...(await full.promise).matchAll(/<user entity="([^"]*)"/g)].map(([, uri = ""]) => uri);
    await subscription.end();
    return users.sort();
  }

  mute(): void {
    for (const party of this.#parties) party.stop();
  }

  async leave(): Promise<void> {
    await Promise.all(this.legs.map((leg) => leg.bye()));
    for (const party of this.#parties) party.close();
  }
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
    pairs.push(...(await Promise.all(names.map((name) => Pair.open(name, agent)))));
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
    await Promise.all(pairs.map((pair) => pair.hearEachOther()));
    for (const pair of pairs) {
      const members = [0, 1].map((i) => `sip:${pair.name}.${i}@elsewhere.test`);
      assert.deepEqual(await pair.roster(), members);
    }
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
    await Promise.all(pairs.map((pair) => pair.hearEachOther()));
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
