/** What a participant costs the mixer, in CPU time, beside the same packets without any mixing. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Clock } from "../servers/media-server/mixing/clock.ts";
import { Mixer } from "../servers/media-server/mixing/mixer.ts";
import { DgramIo } from "../servers/media-server/packet-io/dgram.ts";
import type { Calls } from "./mixer-callers.ts";
import type { Benchmark, Row } from "./table.ts";

const PARTICIPANTS = 100;
const WARM_UP_MS = 2000;
const MEASURED_MS = 8000;
const HOST = "127.0.0.1";
const ANY_PORT = { first: 0, last: 0 };

interface Rooms {
  readonly size: number;
  readonly talkers: number;
}

/** Something that takes the packets of phones; `phones` are the ports they listen on. */
type Open = (phones: readonly number[], rooms: Rooms) => Promise<{ ports: number[]; close(): Promise<void> }>;

const mixed: Open = async (phones, { size }) => {
  const mixer = new Mixer({ host: HOST, rtp: ANY_PORT });
  const ports: number[] = [];
  const payloads = [{ payload: 0, codec: "PCMU" as const }];
  for (const [i, phone] of phones.entries()) {
    const { stream, port } = await mixer.open();
    ports.push(port);
    const remote = { address: HOST, port: phone };
    mixer.agree(stream, { remote, hears: true, speaks: true, codec: "PCMU", payload: 0, payloads });
    mixer.speak(stream);
    mixer.move(stream, `room${Math.floor(i / size)}`);
  }
  return { ports, close: () => mixer.stop() };
};

/** The floor: the same sockets, packets and clock, and nothing done with what comes. */
const unmixed: Open = async (phones) => {
  const io = new DgramIo(HOST, ANY_PORT, () => undefined);
  const ports: number[] = [];
  for (const phone of phones) ports.push(await io.open(phone));
  const packet = Buffer.alloc(172);
  const clock = new Clock(() => {
    for (const port of phones) io.send(port, packet, { address: HOST, port });
  });
  clock.start();
  return {
    ports,
    async close() {
      clock.stop();
      for (const phone of phones) io.close(phone);
    },
  };
};

export const mixerBenchmark: Benchmark = {
  about: `${PARTICIPANTS} participants on loopback, PCMU, a packet in and one out every 20 ms each: CPU time of the mixer per participant and second; the reference sends and receives the same packets and mixes nothing.`,
  async run(progress) {
    const rows: Row[] = [];
    for (const rooms of [
      { size: PARTICIPANTS, talkers: 10 },
      { size: 4, talkers: 1 },
    ]) {
      const what = `rooms of ${rooms.size}, ${rooms.talkers} talking in each`;
      progress(what);
      const value = await costOf(mixed, rooms);
      rows.push({ what, value, unit: "µs", reference: await costOf(unmixed, rooms) });
    }
    return rows;
  },
};

/** Microseconds of this process's CPU per participant and second; the phones run in another. */
async function costOf(open: Open, rooms: Rooms): Promise<number> {
  const callers = fork(join(import.meta.dirname, "mixer-callers.ts"), [String(PARTICIPANTS)]);
  try {
    const phones = await portsOf(callers);
    const { ports, close } = await open(phones, rooms);
    const talking = phones.map((_, i) => i % rooms.size < rooms.talkers);
    callers.send({ ports, talking } satisfies Calls);
    await sleep(WARM_UP_MS);
    const [before, from] = [process.cpuUsage(), performance.now()];
    await sleep(MEASURED_MS);
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - from) / 1000;
    await close();
    return (user + system) / seconds / PARTICIPANTS;
  } finally {
    callers.kill();
  }
}

async function portsOf(callers: ChildProcess): Promise<readonly number[]> {
  // The callers' first message is the list of their ports.
  const [ports] = (await once(callers, "message")) as [readonly number[]];
  return ports;
}
