/** What a call costs our user agent and our proxy, beside Kamailio and SIPp; what parsing costs beside other libraries. */
import { setTimeout } from "node:timers/promises";
import { type Callee, call, costOf, type Load } from "./sip/calls.ts";
import { codecRates } from "./sip/codecs.ts";
import { installReferences } from "./sip/references.ts";
import {
  type SipServer,
  startAgent,
  startBareSip,
  startKamailio,
  startOurProxy,
  startSipp,
  stopServers,
} from "./sip/servers.ts";
import { type Benchmark, median, type Row } from "./table.ts";

const ROUNDS = 3;
const LOADS: readonly Load[] = [
  { perSecond: 500, calls: 2000 },
  { perSecond: 1000, calls: 4000 },
];
/** Until most of what a call takes is compiled. */
const WARM_UP: Load = { perSecond: 600, calls: 6000 };
/** Not the caller's address: a proxy counts messages by source. */
const CALLEE = "127.0.0.2";

type Progress = (text: string) => void;
type Servers = Readonly<Record<string, SipServer>>;

export const sipBenchmark: Benchmark = {
  about:
    "CPU time of the server per call (INVITE, 200, ACK, BYE, 200; UDP on loopback; SIPp calls at a fixed rate) from /proc, medians of alternating rounds. " +
    "Reference: Kamailio with one worker, as UAS a stateless 200 with a description, as proxy stateful and record-routing; where a row says so, SIPp or npm sip. " +
    "Then thousands of messages a second read and written, beside the library named; and memory of our user agent before and after 20,000 calls.",
  async run(progress) {
    progress("installing the libraries to compare with");
    await installReferences();
    try {
      return [
        ...(await userAgents(progress)),
        ...(await proxies(progress)),
        ...(await codecs(progress)),
        ...(await memory(progress)),
      ];
    } finally {
      await stopServers();
    }
  },
};

async function userAgents(progress: Progress): Promise<Row[]> {
  const servers = {
    ours: await startAgent(),
    Kamailio: await startKamailio("stateless"),
    SIPp: await startSipp(),
    "npm sip": await startBareSip(),
  };
  return rowsOf("uas", await costs(servers, progress));
}

async function proxies(progress: Progress): Promise<Row[]> {
  const callee = await startSipp(CALLEE);
  const servers = { ours: await startOurProxy(), Kamailio: await startKamailio("proxy") };
  return rowsOf("proxy", await costs(servers, progress, { address: CALLEE, port: callee.port }));
}

/** Microseconds a call by server, at each load. */
type Costs = readonly { readonly load: Load; readonly medians: Readonly<Record<string, number>> }[];

async function costs(servers: Servers, progress: Progress, callee?: Callee): Promise<Costs> {
  const all = Object.entries(servers);
  for (const [name, server] of all) {
    progress(`warming up ${name}`);
    await call(server, WARM_UP, callee);
  }
  const found = [];
  for (const load of LOADS) found.push({ load, medians: await alternate(all, load, { progress, callee }) });
  await stopServers();
  return found;
}

async function alternate(
  servers: readonly (readonly [string, SipServer])[],
  load: Load,
  { progress, callee }: { progress: Progress; callee: Callee | undefined },
): Promise<Record<string, number>> {
  const measured = new Map(servers.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, server] of servers) {
      const cost = await costOf(server, load, callee);
      progress(`${load.perSecond} calls a second, ${name}: ${Math.round(cost)} µs`);
      measured.get(name)?.push(cost);
    }
  }
  return Object.fromEntries([...measured].map(([name, values]) => [name, median(values)]));
}

/** The first row of a kind has its bare name: ours beside Kamailio at the lower rate. */
function rowsOf(what: string, found: Costs): Row[] {
  return found.flatMap(({ load, medians: { ours = Number.NaN, ...references } }, i) =>
    Object.entries(references).map(([name, cost]) => ({
      what: [
        what,
        ...(i > 0 ? [`${load.perSecond}/s`] : []),
        ...(name === "Kamailio" ? [] : [`beside ${name}`]),
      ].join(" "),
      value: ours,
      unit: "µs",
      reference: cost,
    })),
  );
}

async function codecs(progress: Progress): Promise<Row[]> {
  progress("reading and writing");
  const [ours, ...references] = await codecRates();
  if (!ours) return [];
  return (["parse", "stringify"] as const).flatMap((what) =>
    references
      .filter((library) => !Number.isNaN(library[what]))
      .map((library, i) =>
        rateRow(i === 0 ? what : `${what} beside ${library.name}`, ours[what], library[what]),
      ),
  );
}

function rateRow(what: string, value: number, reference: number): Row {
  return { what, value: value / 1000, unit: "thousand/s", reference: reference / 1000 };
}

const FIRST: Load = { perSecond: 800, calls: 10_000 };
const MANY: Load = { perSecond: 800, calls: 20_000 };
/** A call whose ACK was lost is ended after 64*T1, and its BYE given up after as long; a short T1 keeps the waiting short. */
const T1_MS = 50;
const FORGOTTEN_MS = 3 * 64 * T1_MS + 1000;

async function memory(progress: Progress): Promise<Row[]> {
  progress("20,000 calls and what they leave behind");
  const agent = await startAgent(["--expose-gc"], T1_MS);
  const before = await heldAfter(agent, FIRST);
  const after = await heldAfter(agent, MANY);
  return [
    { what: "heap after 20,000 calls", value: after.heapMb, unit: "MB", reference: before.heapMb },
    { what: "rss after 20,000 calls", value: after.rssMb, unit: "MB", reference: before.rssMb },
  ];
}

async function heldAfter(
  { program, port }: SipServer,
  load: Load,
): Promise<{ heapMb: number; rssMb: number }> {
  await call({ program, port }, load);
  await setTimeout(FORGOTTEN_MS);
  const seen = program.lines.length;
  program.kill("SIGUSR2");
  await setTimeout(1000);
  const line = program.lines.slice(seen).find((text) => text.startsWith("memory ")) ?? "";
  const [, heap, rss, , legs] = line.split(" ").map(Number);
  if (legs !== 0) throw new Error(`calls were left behind: ${line}`);
  return { heapMb: Number(heap) / 1e6, rssMb: Number(rss) / 1e6 };
}
