/** What a user hears when moved from one conference to another, at the loudspeaker of a real phone. */
import { setTimeout } from "node:timers/promises";
import type { SipUri } from "#sip/message.ts";
import { Baresip } from "../test/support/baresip.ts";
import { type ApiClient, Daemon } from "../test/support/daemon.ts";
import { type ConferenceSite, startConferenceSite } from "../test/support/servers.ts";
import { type Gaps, gapsIn, Loudspeaker } from "./loudspeaker.ts";
import { type Benchmark, median, type Row } from "./table.ts";

const SWITCHES = 20;
const COMEDIES_HZ = 600;
const DRAMAS_HZ = 1800;
const STAY_MS = 1000;
/** Switches fall anywhere within two frames. */
const SPREAD_MS = 40;

interface Room {
  readonly uri: SipUri;
  readonly hz: number;
}

interface Stage {
  readonly loudspeaker: Loudspeaker;
  readonly phone: Baresip;
  readonly comedies: Room;
  /** On the same conference server as comedies. */
  readonly dramas: Room;
  /** On another conference server. */
  readonly dramasElsewhere: Room;
  readonly api: ApiClient;
}

export const switchBenchmark: Benchmark = {
  about: `${SWITCHES} switches each, heard at baresip's loudspeaker (PulseAudio null sink, recorded); the reference is hanging up and dialling again.`,
  async run(progress) {
    await using stack = new AsyncDisposableStack();
    const stage = await setStage(stack);
    progress("between two rooms of one server");
    const same = await switched(stage, stage.comedies, stage.dramas);
    progress("between two servers");
    const across = await switched(stage, stage.comedies, stage.dramasElsewhere);
    progress("hanging up and dialling again");
    const redialled = await redialling(stage, stage.comedies, stage.dramas);
    return rowsOf({ same, across, redialled });
  },
};

async function setStage(stack: AsyncDisposableStack): Promise<Stage> {
  const [here, elsewhere] = await Promise.all([site(stack), site(stack)]);
  const comedies = { uri: here.room("comedies"), hz: COMEDIES_HZ };
  const dramas = { uri: here.room("dramas"), hz: DRAMAS_HZ };
  const dramasElsewhere = { uri: elsewhere.room("dramas"), hz: DRAMAS_HZ };
  await Promise.all([comedies, dramas, dramasElsewhere].map((room, i) => occupy(stack, room, `guest${i}`)));
  const loudspeaker = await Loudspeaker.open();
  stack.defer(() => loudspeaker.close());
  const phone = await Baresip.start({ name: "desk", pulse: loudspeaker.server });
  stack.defer(() => phone.stop());
  const devices = [{ id: "desk", kind: "sip", uri: phone.address, anchor: true, default: true }];
  const daemon = await Daemon.start({ name: "carol", config: { devices } });
  stack.defer(() => daemon.stop());
  const api = await daemon.connect();
  stack.defer(() => api.close());
  return { loudspeaker, phone, comedies, dramas, dramasElsewhere, api };
}

async function site(stack: AsyncDisposableStack): Promise<ConferenceSite> {
  const started = await startConferenceSite();
  stack.defer(() => started.stop());
  return started;
}

/** Somebody who says the room's tone, so that there is something to hear. */
async function occupy(stack: AsyncDisposableStack, room: Room, name: string): Promise<void> {
  const guest = await Baresip.start({ name, hz: room.hz });
  stack.defer(() => guest.stop());
  await guest.dial(room.uri);
}

/** There and back by SameDeviceJoin. */
async function switched({ api, loudspeaker }: Stage, a: Room, b: Room): Promise<Gaps> {
  await api.tell("Join", { id: a.uri }, '<Use dev="desk"/>');
  const acts = async () => {
    for (let i = 0; i < SWITCHES; i++) {
      await stay();
      await api.tell("SameDeviceJoin", { id: i % 2 === 0 ? b.uri : a.uri });
    }
    await stay();
  };
  const gaps = await heardOf(loudspeaker, acts, [a, b]);
  await api.tell("Leave");
  return gaps;
}

/** What a user without Partyline does: hang up, dial the other one. */
async function redialling({ phone, loudspeaker }: Stage, a: Room, b: Room): Promise<Gaps> {
  await phone.dial(a.uri);
  const acts = async () => {
    for (let i = 0; i < SWITCHES; i++) {
      await stay();
      await phone.command("hangup");
      await phone.dial(i % 2 === 0 ? b.uri : a.uri);
    }
    await stay();
  };
  const gaps = await heardOf(loudspeaker, acts, [a, b]);
  await phone.command("hangup");
  return gaps;
}

async function heardOf(
  loudspeaker: Loudspeaker,
  acts: () => Promise<void>,
  rooms: readonly Room[],
): Promise<Gaps> {
  const gaps = (recording: Int16Array) =>
    gapsIn(
      recording,
      rooms.map(({ hz }) => hz),
    );
  return gaps(await loudspeaker.record(acts, (recording) => gaps(recording).switches.length >= SWITCHES));
}

function stay(): Promise<void> {
  return setTimeout(STAY_MS + Math.random() * SPREAD_MS);
}

function rowsOf(gaps: { same: Gaps; across: Gaps; redialled: Gaps }): Row[] {
  const { same, across, redialled } = gaps;
  const rows = (what: string, { switches, dropOuts }: Gaps): Row[] => [
    {
      what: `${what}: median gap`,
      value: median(switches),
      unit: "ms",
      reference: median(redialled.switches),
    },
    {
      what: `${what}: longest gap`,
      value: Math.max(...switches),
      unit: "ms",
      reference: Math.max(...redialled.switches),
    },
    {
      what: `${what}: switches heard`,
      value: switches.length,
      unit: "",
      reference: redialled.switches.length,
    },
    {
      what: `${what}: drop-outs while staying`,
      value: dropOuts.length,
      unit: "",
      reference: redialled.dropOuts.length,
    },
  ];
  return [...rows("one server", same), ...rows("two servers", across)];
}
