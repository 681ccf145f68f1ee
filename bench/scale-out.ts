/** What a join costs behind Kamailio, with 100 conferences spread over two conference servers, and how soon they are back when one dies. */
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { offerAt } from "../test/support/descriptions.ts";
import { KamailioSite, type Machine } from "../test/support/kamailio-site.ts";
import type { Program } from "../test/support/processes.ts";
import { cpuSecondsOf } from "./sip/servers.ts";
import type { Benchmark, Row } from "./table.ts";

const HOST = "127.0.0.1";
const CONFERENCES = 100;
const PARTICIPANTS = 4;
/** Calls that are set up at a time. */
const AT_ONCE = 20;

const names = Array.from({ length: CONFERENCES }, (_, i) => `room-${i}`);

export const scaleOutBenchmark: Benchmark = {
  about: `${CONFERENCES} conferences of ${PARTICIPANTS} over two conference servers with mixers, joined and left through Kamailio: CPU time per participant (INVITE to BYE) of each; the reference joins without Kamailio.`,
  async run(progress) {
    const site = await KamailioSite.start(2);
    try {
      progress("warms up");
      await cost(site, () => site.proxy());
      progress("joins without Kamailio");
      const direct = await cost(site, (name) => directly(site, name));
      progress("joins through Kamailio");
      const through = await cost(site, () => site.proxy());
      progress("one machine dies");
      return [...rowsOf(through, direct), ...(await dies(site))];
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

async function used({ program, machines }: KamailioSite): Promise<Cost> {
  const sum = async (programs: readonly Program[]) =>
    (await Promise.all(programs.map(cpuSecondsOf))).reduce((all, one) => all + one, 0);
  return {
    kamailio: await sum([program]),
    conference: await sum(machines.map(({ programs }) => programs.conference)),
    mixer: await sum(machines.map(({ programs }) => programs.mixer)),
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

/** Seconds from kill -9 until everybody of that machine has joined again; the reference is what is allowed. */
async function dies(site: KamailioSite): Promise<Row[]> {
  const hop = () => site.proxy();
  const legs = await joinAll(site, names, hop);
  const [first] = site.machines;
  if (!first) throw new Error("there is no machine");
  const lost = legs.filter((leg) => leg.remoteContact.uri.includes(`@${first.host}:`));
  const rooms = names.filter((name) => lost.some((leg) => leg.remoteContact.uri.includes(`${name}@`)));
  await first.die();
  const startedAt = performance.now();
  await joinAll(site, rooms, hop);
  const seconds = (performance.now() - startedAt) / 1000;
  return [
    {
      what: `${lost.length} participants of ${rooms.length} conferences back after kill -9`,
      value: seconds,
      unit: "s",
      reference: 10,
    },
  ];
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
