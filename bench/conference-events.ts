/** How soon, in how few bytes and messages, a thousand subscribers learn who joined, and what they cost the conference server. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeOffer } from "#sdp/offer-answer.ts";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import type { Program } from "../test/support/processes.ts";
import { type ConferenceSite, startConferenceSite } from "../test/support/servers.ts";
import { type Heard, nowMs, type Watching } from "./conference-watchers.ts";
import { cpuSecondsOf } from "./sip/servers.ts";
import { type Benchmark, median, type Row } from "./table.ts";

const HOST = "127.0.0.1";
const SUBSCRIBERS = 1000;
const SINGLE_JOINS = 10;
const BURST = 200;
/** Calls that are set up at a time. */
const AT_ONCE = 20;
const INTERVAL_MS = 100;
/** After this long everybody has heard of everything. */
const SETTLED_MS = 3000;

export const conferenceEventsBenchmark: Benchmark = {
  about: `${SUBSCRIBERS} participants of one conference, each with a subscription to its roster: how soon the last one hears of a join, in how many bytes, how many messages ${BURST} joins in a burst cost, and the memory of the conference server; the reference is what is allowed.`,
  async run(progress) {
    await using stack = new AsyncDisposableStack();
    const site = await startConferenceSite();
    stack.defer(() => site.stop());
    const crowd = await Crowd.open(site);
    stack.defer(() => crowd.close());
    progress(`${SUBSCRIBERS} participants join`);
    const legs = await crowd.join(SUBSCRIBERS);
    const joinedMb = await memoryMb(site.conference.program);
    const watchers = fork(join(import.meta.dirname, "conference-watchers.ts"));
    stack.defer(() => void watchers.kill());
    progress("they subscribe");
    await watch(watchers, site, legs);
    const watchedMb = await memoryMb(site.conference.program);
    progress(`${SINGLE_JOINS} more join, one at a time`);
    const singles = await oneByOne(crowd, watchers);
    progress(`${BURST} join in a burst`);
    const burst = await inABurst(crowd, watchers, site.conference.program);
    return [
      { what: "memory of the server, 1,000 participants", value: joinedMb, unit: "MB", reference: 200 },
      { what: "… who all subscribe", value: watchedMb, unit: "MB", reference: 200 },
      ...singles,
      ...burst,
    ];
  },
};

/** Everybody on the telephone, by a few user agents; nobody sends or hears audio. */
class Crowd {
  readonly #room: SipUri;
  readonly #agents: readonly UserAgent[];
  #joined = 0;

  private constructor(room: SipUri, agents: readonly UserAgent[]) {
    this.#room = room;
    this.#agents = agents;
  }

  static async open(site: ConferenceSite): Promise<Crowd> {
    const options = { host: HOST, port: 0, name: "bench", identity: {} };
    const agents = await Promise.all(Array.from({ length: 10 }, () => UserAgent.open(options)));
    return new Crowd(site.room("films"), agents);
  }

  async join(count: number): Promise<Leg[]> {
    const legs: Leg[] = [];
    for (let at = 0; at < count; at += AT_ONCE)
      legs.push(
        ...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - at) }, () => this.#one()))),
      );
    return legs;
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.close()));
  }

  async #one(): Promise<Leg> {
    const i = this.#joined;
    this.#joined += 1;
    const agent = this.#agents[i % this.#agents.length];
    if (!agent) throw new Error("there is no user agent");
    const offer = makeOffer({
      address: HOST,
      port: 4000,
      codecs: ["PCMU"],
      telephoneEvent: true,
      direction: "inactive",
    });
    const from = { name: `Caller ${i}`, uri: `sip:w${i}@example.com` } as const;
    return (await agent.invite(this.#room, { offer, from })).leg;
  }
}

async function watch(watchers: ChildProcess, site: ConferenceSite, legs: readonly Leg[]): Promise<void> {
  const { host, port } = site.conference;
  const dialogs = legs.map(({ id }) => `${id.callId};local-tag=${id.localTag};remote-tag=${id.remoteTag}`);
  await ask(watchers, { host, port, target: site.room("films"), dialogs });
  // A large roster comes in several parts.
  await sleep(SETTLED_MS);
  await heardBy(watchers);
}

/** What came since the last time this was asked. */
async function heardBy(watchers: ChildProcess): Promise<Heard[]> {
  return (await ask(watchers, "report")) as Heard[];
}

/** What they answer; rejects where they have ended. */
async function ask(watchers: ChildProcess, what: Watching | "report"): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(watchers, "exit", { signal }).then(([code]) => {
    throw new Error(`the watchers ended with ${code}`);
  });
  watchers.send(what);
  try {
    const [answer] = await Promise.race([once(watchers, "message", { signal }), ended]);
    return answer;
  } finally {
    over.abort();
  }
}

async function oneByOne(crowd: Crowd, watchers: ChildProcess): Promise<Row[]> {
  const lastMs: number[] = [];
  const bytes: number[] = [];
  for (let i = 0; i < SINGLE_JOINS; i++) {
    const startedAt = nowMs();
    await crowd.join(1);
    await sleep(SETTLED_MS / 2);
    const heard = await heardBy(watchers);
    const reached = new Set(heard.map(({ watcher }) => watcher));
    if (reached.size !== SUBSCRIBERS) throw new Error(`only ${reached.size} heard of a join`);
    lastMs.push(Math.max(...heard.map(({ atMs }) => atMs)) - startedAt);
    bytes.push(...heard.map((one) => one.bytes));
  }
  return [
    {
      what: "INVITE to the last NOTIFY of a join, median",
      value: median(lastMs),
      unit: "ms",
      reference: 500,
    },
    { what: "… worst", value: Math.max(...lastMs), unit: "ms", reference: 500 },
    { what: "longest NOTIFY of a join", value: Math.max(...bytes), unit: "bytes", reference: 1024 },
  ];
}

async function inABurst(crowd: Crowd, watchers: ChildProcess, server: Program): Promise<Row[]> {
  const cpuBefore = await cpuSecondsOf(server);
  const startedAt = nowMs();
  await crowd.join(BURST);
  const joinedMs = nowMs() - startedAt;
  await sleep(SETTLED_MS);
  const cpu = (await cpuSecondsOf(server)) - cpuBefore;
  const heard = await heardBy(watchers);
  const lastMs = Math.max(...heard.map(({ atMs }) => atMs)) - startedAt;
  const intervals = Math.ceil(lastMs / INTERVAL_MS);
  return [
    {
      what: `${BURST} joins in ${Math.round(joinedMs)} ms: NOTIFYs in all (reference: one each per ${INTERVAL_MS} ms)`,
      value: heard.length,
      unit: "",
      reference: SUBSCRIBERS * intervals,
    },
    {
      what: "… beside one for each join and subscriber",
      value: heard.length,
      unit: "",
      reference: SUBSCRIBERS * BURST,
    },
    {
      what: "… INVITE of the first to the last NOTIFY",
      value: lastMs,
      unit: "ms",
      reference: joinedMs + 500,
    },
    { what: "… CPU of the server", value: 1000 * cpu, unit: "ms", reference: lastMs },
  ];
}

/** Resident memory of a program, MB. */
async function memoryMb({ pid }: Program): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "latin1");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
