/** What joins and standing calls cost behind Kamailio, with 100 conferences over two conference servers of two mixers each, and how soon all are back when one dies. */
import { setTimeout } from "node:timers/promises";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { answerAt, offerAt } from "../test/support/descriptions.ts";
import { KamailioSite, type Machine } from "../test/support/kamailio-site.ts";
import type { Program } from "../test/support/processes.ts";
import { cpuSecondsOf } from "./sip/servers.ts";
import { type Benchmark, median, type Row } from "./table.ts";

const HOST = "127.0.0.1";
const CONFERENCES = 100;
const PARTICIPANTS = 4;
/** Calls that are set up at a time. */
const AT_ONCE = 20;
/**
 * The conference server asks each call whether it still stands after half of 90 s (RFC 4028): all in two or three samples of this
 * time after the joins, when their transactions are forgotten.
 */
const ASKED = { fromS: 34, toS: 50 } as const;
const SAMPLE_S = 2;

const names = Array.from({ length: CONFERENCES }, (_, i) => `room-${i}`);

export const scaleOutBenchmark: Benchmark = {
  about: `${CONFERENCES} conferences of ${PARTICIPANTS} over two conference servers of two mixers each, joined and left through Kamailio: CPU time per participant (INVITE to BYE) of each, the reference joins without Kamailio; CPU time of each refresh of a standing call, the reference is a participant who comes and goes; how soon all are back.`,
  async run(progress) {
    const site = await KamailioSite.start(2, {}, { mixers: 2 });
    try {
      progress("warms up");
      await cost(site, () => site.proxy());
      progress("joins without Kamailio");
      const direct = await cost(site, (name) => directly(site, name));
      progress("joins through Kamailio");
      const through = await cost(site, () => site.proxy());
      const rows = rowsOf(through, direct);
      progress("lets calls stand");
      const { legs, cost: refresh } = await stands(site);
      rows.push(...refreshRows(refresh, through));
      progress("one mixer dies");
      rows.push(await mixerDies(site, legs));
      progress("one machine dies");
      rows.push(await dies(site, legs));
      return rows;
    } finally {
      for (const agent of agents.values()) await (await agent).close();
      agents.clear();
      await site.stop();
    }
  },
};

interface Cost {
  readonly kamailio: number;
  readonly conference: number;
  readonly mixer: number;
}

function rowsOf(through: Cost, direct: Cost): Row[] {
  return (["kamailio", "conference", "mixer"] as const).map((what) => ({
    what: `CPU of ${what} per participant`,
    value: through[what] * 1e6,
    unit: "µs",
    reference: direct[what] * 1e6,
  }));
}

function directly({ machines }: KamailioSite, name: string): SipUri {
  const { host, port } = machines[names.indexOf(name) % machines.length] as Machine;
  return `sip:${host}:${port}`;
}

/** CPU seconds per participant of all servers of a kind, the time of their talk left out: nobody sends audio. */
async function cost(site: KamailioSite, hop: (name: string) => SipUri): Promise<Cost> {
  const before = await used(site);
  const legs = await joinAll(site, names, hop);
  await inTurns(legs, (leg) => leg.bye());
  const after = await used(site);
  const calls = CONFERENCES * PARTICIPANTS;
  return {
    kamailio: (after.kamailio - before.kamailio) / calls,
    conference: (after.conference - before.conference) / calls,
    mixer: (after.mixer - before.mixer) / calls,
  };
}

/** CPU seconds of each server per participant that was asked once whether he is still there; all of them are. */
async function stands(site: KamailioSite): Promise<{ legs: Leg[]; cost: Cost }> {
  const legs = await joinAll(site, names, () => site.proxy());
  const joinedAt = performance.now();
  const samples = await usedWithin(site, joinedAt, ASKED);
  const perCall = (what: keyof Cost) => {
    const usual = median(samples.map((sample) => sample[what]));
    return samples.reduce((sum, sample) => sum + sample[what] - usual, 0) / legs.length;
  };
  const cost = {
    kamailio: perCall("kamailio"),
    conference: perCall("conference"),
    mixer: perCall("mixer"),
  };
  return { legs, cost };
}

/** CPU seconds within each SAMPLE_S of a time. */
async function usedWithin(site: KamailioSite, since: number, { fromS, toS }: typeof ASKED): Promise<Cost[]> {
  const at = (seconds: number) => setTimeout(Math.max(0, since + seconds * 1000 - performance.now()));
  const samples: Cost[] = [];
  await at(fromS);
  let before = await used(site);
  for (let end = fromS + SAMPLE_S; end <= toS; end += SAMPLE_S) {
    await at(end);
    const after = await used(site);
    samples.push({
      kamailio: after.kamailio - before.kamailio,
      conference: after.conference - before.conference,
      mixer: after.mixer - before.mixer,
    });
    before = after;
  }
  return samples;
}

/** Beside what a join costs. */
function refreshRows(cost: Cost, join: Cost): Row[] {
  return (["kamailio", "conference"] as const).map((what) => ({
    what: `CPU of ${what} per refresh of a standing call`,
    value: cost[what] * 1e6,
    unit: "µs",
    reference: join[what] * 1e6,
  }));
}

async function used({ program, machines }: KamailioSite): Promise<Cost> {
  const sum = async (programs: readonly Program[]) =>
    (await Promise.all(programs.map(cpuSecondsOf))).reduce((all, one) => all + one, 0);
  return {
    kamailio: await sum([program]),
    conference: await sum(machines.map(({ programs }) => programs.conference)),
    mixer: await sum(machines.flatMap(({ programs }) => programs.mixers)),
  };
}

/** All participants of all these conferences; each conference is on one server, or this throws. */
async function joinAll(
  site: KamailioSite,
  rooms: readonly string[],
  hop: (name: string) => SipUri,
): Promise<Leg[]> {
  const calls = rooms.flatMap((room) => Array.from({ length: PARTICIPANTS }, (_, i) => ({ room, i })));
  const homes = new Map<string, string>();
  return inTurns(calls, async ({ room, i }) => {
    const from = { uri: `sip:${room}.${i}@elsewhere.test` } as const;
    const agent = await agentVia(hop(room));
    const { leg } = await agent.invite(site.room(room), { offer: offerAt(4000), from });
    const home = leg.remoteContact.uri.split("@")[1] ?? "";
    if ((homes.get(room) ?? home) !== home) throw new Error(`${room} is on two servers`);
    homes.set(room, home);
    return leg;
  });
}

const agents = new Map<string, Promise<UserAgent>>();

/** All callers by one next hop are one user agent. */
function agentVia(outboundProxy: SipUri): Promise<UserAgent> {
  const options = { host: HOST, port: 0, name: "bench", identity: {}, outboundProxy };
  const agent = agents.get(outboundProxy) ?? UserAgent.open(options);
  agents.set(outboundProxy, agent);
  return agent;
}

/** Seconds from kill -9 of one of two mixers until the phone of everybody at it knows another; the reference is what is promised. */
async function mixerDies({ machines: [first] }: KamailioSite, legs: readonly Leg[]): Promise<Row> {
  if (!first) throw new Error("there is no machine");
  const { mixers, conference } = first.programs;
  let moved = 0;
  let lastAt = 0;
  for (const leg of legs)
    leg.handlers = {
      onOffer: (offer) => {
        moved += 1;
        lastAt = performance.now();
        return answerAt(4000, offer);
      },
    };
  const startedAt = performance.now();
  mixers[0]?.kill("SIGKILL");
  const [, count = ""] = await conference.says(/"legs":(\d+),"msg":"a mixer does not answer"/);
  const deadline = performance.now() + 10_000;
  while (moved < Number(count) && performance.now() < deadline) await setTimeout(10);
  if (moved < Number(count)) throw new Error(`${moved} of ${count} phones know another mixer`);
  return {
    what: `${moved} participants at another mixer after kill -9 of theirs`,
    value: (lastAt - startedAt) / 1000,
    unit: "s",
    reference: 5,
  };
}

/** Seconds from kill -9 of a machine until everybody of it has joined again; the reference is what is allowed. */
async function dies(site: KamailioSite, legs: readonly Leg[]): Promise<Row> {
  const [first] = site.machines;
  if (!first) throw new Error("there is no machine");
  const lost = legs.filter((leg) => leg.remoteContact.uri.includes(`@${first.host}:`));
  const rooms = names.filter((name) => lost.some((leg) => leg.remoteContact.uri.includes(`:${name}@`)));
  await first.die();
  const startedAt = performance.now();
  await joinAll(site, rooms, () => site.proxy());
  return {
    what: `${lost.length} participants of ${rooms.length} conferences back after kill -9`,
    value: (performance.now() - startedAt) / 1000,
    unit: "s",
    reference: 10,
  };
}

async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE)
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  return results;
}
