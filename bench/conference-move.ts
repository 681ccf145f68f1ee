/** A hundred people moved to another conference by one call of the control API: how soon, and what each of them hears. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { timestampAhead } from "#rtp/packet.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { freePorts } from "../test/support/ports.ts";
import { type ReceivedPacket, samplesOf } from "../test/support/rtp-recording.ts";
import { type Server, startServer } from "../test/support/servers.ts";
import { Talker } from "../test/support/talker.ts";
import { tonesIn } from "../test/support/tone.ts";
import { cpuSecondsOf } from "./sip/servers.ts";
import { type Benchmark, median, type Row } from "./table.ts";

const SAMPLES_A_MS = 8;
const HOST = "127.0.0.1";
const PEOPLE = 100;
/** There and back, in turns. */
const MOVES = 6;
const SETTLED_MS = 1_000;
const BEFORE_MS = 200;
/** Calls that are set up at a time. */
const AT_ONCE = 10;

interface Room {
  readonly id: string;
  readonly hz: number;
}

const COMEDIES: Room = { id: "comedies", hz: 400 };
const DRAMAS: Room = { id: "dramas", hz: 900 };

/** What one of them noticed of a move. */
interface Noticed {
  readonly missing: number;
  readonly streams: number;
  /** From the last packet of the old conference to the first of the new one. */
  readonly gapMs: number;
  /** The same as the stream's timestamps tell it, whatever this machine does meanwhile. */
  readonly streamMs: number;
  /** From the order to the first packet of the new one. */
  readonly heardMs: number;
}

/** A participant, as the control API lists them. */
interface Listed {
  readonly id: string;
  readonly uri: string;
}

interface Moved {
  readonly tookMs: number;
  /** CPU time of conference server and mixer, ms. */
  readonly cpu: readonly number[];
  readonly noticed: readonly Noticed[];
}

export const conferenceMoveBenchmark: Benchmark = {
  about: `${PEOPLE} people in one conference of a real server with a real mixer are moved to another one by one call of the control API, ${MOVES} times; the reference is that all of them hang up and call the other one at once. Allowed: 300 ms, no missing frame, 40 ms.`,
  async run(progress) {
    await using stack = new AsyncDisposableStack();
    const stage = await Stage.open(stack);
    progress(`${PEOPLE} people join`);
    await stage.join(COMEDIES);
    progress("moves by the control API");
    const moved = await stage.there((from, to) => stage.move(from, to));
    progress("hanging up and calling again");
    const redialled = await stage.there(async (_, to) => () => stage.redial(to));
    return rowsOf(moved, redialled);
  },
};

function rowsOf(moved: readonly Moved[], redialled: readonly Moved[]): Row[] {
  const row = (what: string, unit: string, figure: (moves: readonly Moved[]) => number): Row => ({
    what,
    unit,
    value: figure(moved),
    reference: figure(redialled),
  });
  const each = (moves: readonly Moved[]) => moves.flatMap(({ noticed }) => noticed);
  const most = (values: readonly number[]) => Math.max(...values);
  return [
    row("all moved, median", "ms", (moves) => median(moves.map(({ tookMs }) => tookMs))),
    row("all moved, slowest", "ms", (moves) => most(moves.map(({ tookMs }) => tookMs))),
    row("CPU of the conference server meanwhile, median", "ms", (moves) =>
      median(moves.map(({ cpu }) => cpu[0] ?? 0)),
    ),
    row("CPU of the mixer meanwhile, median", "ms", (moves) => median(moves.map(({ cpu }) => cpu[1] ?? 0))),
    row("missing frames of whoever missed most", "frames", (moves) =>
      most(each(moves).map(({ missing }) => missing)),
    ),
    row("changes of the stream (SSRC), most", "", (moves) => most(each(moves).map(({ streams }) => streams))),
    row("last old to first new audio, median", "ms", (moves) =>
      median(each(moves).map(({ gapMs }) => gapMs)),
    ),
    row("… of whoever waited longest", "ms", (moves) => most(each(moves).map(({ gapMs }) => gapMs))),
    row("… as its timestamps tell", "ms", (moves) => most(each(moves).map(({ streamMs }) => streamMs))),
    row("order to first new audio, median", "ms", (moves) =>
      median(each(moves).map(({ heardMs }) => heardMs)),
    ),
    row("… of whoever waited longest", "ms", (moves) => most(each(moves).map(({ heardMs }) => heardMs))),
  ];
}

/** The servers, somebody who says the tone of each conference, and those who are moved. */
class Stage {
  readonly #people: readonly Talker[];
  readonly #servers: readonly Server[];
  readonly #port: number;
  readonly #api: string;
  readonly #token: string;

  private constructor(
    people: readonly Talker[],
    where: {
      readonly servers: readonly Server[];
      readonly port: number;
      readonly api: string;
      readonly token: string;
    },
  ) {
    this.#people = people;
    this.#servers = where.servers;
    this.#port = where.port;
    this.#api = where.api;
    this.#token = where.token;
  }

  static async open(stack: AsyncDisposableStack): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), "partyline-move-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, "token");
    const mixer = await startServer("mixer", { args: ["--rtp", "0", "--log-level", "error"] });
    stack.defer(() => mixer.stop().then(() => undefined));
    const control = await freePorts(1);
    const conference = await startServer("conference", {
      args: [
        ...["--mixer", `sip:${HOST}:${mixer.port}`, "--log-level", "error"],
        ...["--control-port", String(control), "--control-token", file],
      ],
    });
    stack.defer(() => conference.stop().then(() => undefined));
    const agent = await UserAgent.open({ host: HOST, port: 0, name: "crowd", identity: {} });
    stack.defer(() => agent.close());
    const names = Array.from({ length: PEOPLE }, (_, n) => `person${n}`);
    const people = await Promise.all(names.map((name) => Talker.open(name, agent, { listens: true })));
    for (const room of [COMEDIES, DRAMAS]) await occupy(stack, agent, { room, port: conference.port });
    const [token = ""] = (await readFile(file, "utf8")).split("\n");
    const stage = new Stage(people, {
      servers: [conference, mixer],
      port: conference.port,
      api: `http://${HOST}:${control}`,
      token,
    });
    stack.defer(() => stage.#leave());
    return stage;
  }

  #cpuSeconds(): Promise<number[]> {
    return Promise.all(this.#servers.map(({ program }) => cpuSecondsOf(program)));
  }

  /** All call it, a few at a time. */
  async join({ id, hz }: Room, atOnce = AT_ONCE): Promise<void> {
    for (let first = 0; first < PEOPLE; first += atOnce) {
      const next = this.#people.slice(first, first + atOnce);
      await Promise.all(next.map((one) => one.join(`sip:${id}@${HOST}:${this.#port}`)));
    }
    await Promise.all(this.#people.map(({ rtp }) => rtp.hears(hz)));
  }

  /** Moves them between the two conferences; they are in comedies before and after. What `prepare` does is not measured. */
  async there(prepare: (from: Room, to: Room) => Promise<() => Promise<void>>): Promise<Moved[]> {
    const moves: Moved[] = [];
    for (let n = 0; n < MOVES; n++) {
      const [from, to] = n % 2 === 0 ? [COMEDIES, DRAMAS] : [DRAMAS, COMEDIES];
      const move = await prepare(from, to);
      for (const { rtp } of this.#people) rtp.forget();
      await sleep(SETTLED_MS);
      const before = await this.#cpuSeconds();
      const at = performance.now();
      await move();
      const tookMs = performance.now() - at;
      const cpu = (await this.#cpuSeconds()).map((seconds, i) => 1_000 * (seconds - (before[i] ?? 0)));
      await Promise.all(this.#people.map(({ rtp }) => rtp.hears(to.hz)));
      await sleep(SETTLED_MS);
      moves.push({ tookMs, cpu, noticed: this.#people.map((one) => noticedBy(one, { at, from, to })) });
    }
    return moves;
  }

  async move(from: Room, to: Room): Promise<() => Promise<void>> {
    const { participants } = await this.#ask<{ participants: Listed[] }>(
      `conferences/${from.id}/participants?limit=${2 * PEOPLE}`,
    );
    const moved = participants.filter(({ uri }) => this.#people.some((one) => one.uri === uri));
    const order = JSON.stringify({ participants: moved.map(({ id }) => id), to: to.id });
    return async () => {
      const { moves } = await this.#ask<{ moves: { moved: boolean }[] }>("move", order);
      const done = moves.filter((one) => one.moved).length;
      if (done !== PEOPLE) throw new Error(`only ${done} of ${PEOPLE} were moved`);
    };
  }

  /** The answer is what docs/control-api.md says. */
  async #ask<Answer>(path: string, body?: string): Promise<Answer> {
    const response = await fetch(`${this.#api}/${path}`, {
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      ...(body !== undefined && { method: "POST", body }),
    });
    if (!response.ok) throw new Error(`the control API answered ${response.status}`);
    return (await response.json()) as Answer;
  }

  /** What people do without it. */
  async redial(to: Room): Promise<void> {
    await Promise.all(
      this.#people.map(async (one) => {
        await one.leg.bye();
        await one.join(`sip:${to.id}@${HOST}:${this.#port}`);
      }),
    );
  }

  async #leave(): Promise<void> {
    await Promise.all(this.#people.map((one) => one.leave()));
  }
}

/** Somebody who says the tone of a conference all the time. */
async function occupy(
  stack: AsyncDisposableStack,
  agent: UserAgent,
  { room, port }: { readonly room: Room; readonly port: number },
): Promise<void> {
  const talker = await Talker.open(`host-of-${room.id}`, agent, { hz: room.hz });
  await talker.join(`sip:${room.id}@${HOST}:${port}`);
  stack.defer(() => talker.leave());
}

function noticedBy({ rtp }: Talker, move: { at: number; from: Room; to: Room }): Noticed {
  const { at, from, to } = move;
  const around = rtp.heard.audio({ from: at - BEFORE_MS });
  const first = around.find((packet) => says(packet, to.hz));
  const last = around.findLast((packet) => says(packet, from.hz));
  if (!first || !last) throw new Error("somebody heard nothing of one of the conferences");
  const gapMs = Math.max(0, first.at - last.at);
  const isOneStream = first.header.ssrc === last.header.ssrc;
  return {
    missing: rtp.heard.missingFrames(),
    streams: rtp.heard.ssrcChanges(),
    gapMs,
    streamMs: isOneStream
      ? timestampAhead(first.header.timestamp, last.header.timestamp) / SAMPLES_A_MS
      : gapMs,
    heardMs: first.at - at,
  };
}

function says(packet: ReceivedPacket, hz: number): boolean {
  return tonesIn(samplesOf(packet)).includes(hz);
}
