import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Relay, type RelayFar } from "../../native-host/src/devices/relay.ts";
import { openRtpPort, type RtpPort } from "../../native-host/src/devices/rtp-port.ts";
import { RtpParty } from "../support/rtp-party.ts";

const HOST = "127.0.0.1";

let relay: Relay;
let open: { close(): void }[];

beforeEach(() => {
  relay = new Relay();
  open = [relay];
});
afterEach(() => {
  for (const one of open) one.close();
});

async function party(hz: number | undefined): Promise<RtpParty> {
  const one = await RtpParty.open(hz === undefined ? {} : { hz });
  open.push(one);
  return one;
}

/** A port of the relay whose peer is `peer`; the peer talks to it. */
async function portFor(peer: RtpParty): Promise<RtpPort> {
  const port = await openRtpPort(HOST);
  open.push(port);
  port.latch(peer);
  peer.talkTo(port);
  return port;
}

const pcmu = { codec: "PCMU", audio: 0, telephoneEvent: 101 } as const;

async function device(hz?: number): Promise<RtpParty> {
  const desk = await party(hz);
  relay.setDevice({ ...pcmu, port: await portFor(desk) });
  return desk;
}

async function farEnd(hz: number): Promise<{ room: RtpParty; port: RtpPort; far: RelayFar }> {
  const room = await party(hz);
  const port = await portFor(room);
  return { room, port, far: relay.attach({ ...pcmu, port }) };
}

describe("The relay", () => {
  test("carries the conference to the phone and the phone to the conference", async () => {
    const desk = await device(400);
    const { room, far } = await farEnd(600);
    await relay.hear(far);

    await Promise.all([desk.hears(600), room.hears(400)]);
  });

  test("gives the phone one stream over twenty switches, with no frame missing", async () => {
    const desk = await device(400);
    let current = await farEnd(600);
    await relay.hear(current.far);
    await desk.hears(600);
    const from = desk.forget();

    for (let n = 0; n < 20; n++) {
      // Each conference's clock stands elsewhere within the frame.
      await new Promise((resolve) => setTimeout(resolve, n));
      const next = await farEnd(n % 2 ? 600 : 1200);
      await relay.hear(next.far);
      relay.detach(current.far);
      current.room.stop();
      current = next;
      await desk.frames(3);
    }

    assert.equal(new Set(desk.heard.audio({ from }).map(({ header }) => header.ssrc)).size, 1);
    assert.equal(desk.heard.missingFrames({ from }), 0);
    assert.ok(desk.heard.audio({ from }).every(({ header }) => !header.marker));
    // Neither too many frames nor too few: the phone's jitter buffer keeps its depth.
    const times = desk.heard.audio({ from }).map(({ at }) => at);
    const frames = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 20;
    assert.ok(Math.abs(times.length - 1 - frames) < 6, `${times.length - 1} frames in the time of ${frames}`);
  });

  test("keeps the old conference audible until the first packet of the new one", async () => {
    const desk = await device();
    const old = await farEnd(600);
    await relay.hear(old.far);
    const room = await party(1200);
    const port = await openRtpPort(HOST);
    port.latch(room);

    const heard = relay.hear(relay.attach({ ...pcmu, port }));
    await desk.frames(5);
    assert.deepEqual(desk.heard.tonesHeard(), [600]);
    room.talkTo(port);

    await heard;
    await desk.hears(1200);
  });

  test("lets the phone hear one conference at a time", async () => {
    const desk = await device();
    const old = await farEnd(600);
    const next = await farEnd(1200);
    await relay.hear(old.far);
    await desk.hears(600);
    const from = desk.forget();
    await desk.frames(5);
    assert.deepEqual(desk.heard.tonesHeard({ from }), [600]);

    await relay.hear(next.far);
    await desk.hears(1200);
    const moved = desk.forget();
    await desk.frames(5);

    assert.deepEqual(desk.heard.tonesHeard({ from: moved }), [1200]);
  });

  test("turns to a conference that stays silent after 400 ms", async () => {
    await device();
    const old = await farEnd(600);
    await relay.hear(old.far);
    const silent = relay.attach({ ...pcmu, port: await openRtpPort(HOST) });

    const from = performance.now();
    await relay.hear(silent);

    assert.ok(performance.now() - from >= 390);
  });

  test("lets both conferences hear the phone while it moves", async () => {
    await device(400);
    const old = await farEnd(600);
    await relay.hear(old.far);
    const next = await farEnd(1200);

    await Promise.all([old.room.hears(400), next.room.hears(400)]);
  });

  test("replaces a muted phone by silence at once, in the same stream", async () => {
    const desk = await device(400);
    const { room, far } = await farEnd(600);
    await relay.hear(far);
    await room.hears(400);

    relay.muted = true;
    await room.frames(2);
    const from = room.forget();
    await room.frames(10);

    assert.deepEqual(room.heard.tonesHeard({ from }), []);
    assert.equal(room.heard.missingFrames({ from }), 0);
    assert.ok(room.heard.packets.every(({ payload }) => payload.every((code) => code === 0xff)));
    relay.muted = false;
    await room.hears(400);
    desk.stop();
  });

  test("does not pass on a stranger's packets, nor send it any", async () => {
    const desk = await device();
    const { far, port } = await farEnd(600);
    await relay.hear(far);
    const stranger = await RtpParty.open({ hz: 2000, host: "127.0.0.2" });
    open.push(stranger);

    stranger.talkTo(port);
    await desk.frames(10);

    assert.ok(!desk.heard.tonesHeard().includes(2000));
    assert.equal(stranger.heard.packets.length, 0);
  });

  test("learns once that a peer sends from another port of its address", async () => {
    const desk = await device();
    const negotiated = await party(600);
    const actual = await party(800);
    const late = await party(1000);
    const port = await openRtpPort(HOST);
    port.latch(negotiated);
    const far = relay.attach({ ...pcmu, port });
    await relay.hear(far);

    actual.talkTo(port);
    await desk.hears(800);
    late.talkTo(port);
    const from = desk.forget();
    await desk.frames(10);

    assert.deepEqual(desk.heard.tonesHeard({ from }), [800]);
    assert.equal(late.heard.packets.length, 0);
  });

  test("speaks each side's number for key presses", async () => {
    const desk = await party(undefined);
    const port = await portFor(desk);
    desk.stop();
    relay.setDevice({ ...pcmu, port });
    const { room, far } = await farEnd(600);
    far.side = { ...far.side, telephoneEvent: 96 };
    const key = Buffer.from([0x80, 101, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 5, 10, 0, 160]);
    const pressed = room.next(({ header }) => header.payloadType === 96);

    desk.send(key, port);

    assert.deepEqual([...(await pressed).payload], [5, 10, 0, 160]);
  });

  test("says how long the phone heard nothing", async () => {
    const desk = await device();
    const { room, port, far } = await farEnd(600);
    await relay.hear(far);
    await desk.hears(600);

    const gapMs = relay.measureGap();
    room.stop();
    await new Promise((resolve) => setTimeout(resolve, 200));
    room.talkTo(port);
    await desk.frames(2);

    assert.ok(gapMs() > 100, `${gapMs()} ms`);
  });

  test("keeps a parked phone on the line with silence in the same stream", async () => {
    const desk = await device();
    const { far } = await farEnd(600);
    await relay.hear(far);
    await desk.hears(600);
    relay.detach(far);

    relay.playSilence(true);
    await desk.frames(10);

    assert.equal(desk.heard.missingFrames(), 0);
    assert.equal(new Set(desk.heard.packets.map(({ header }) => header.ssrc)).size, 1);
  });

  test("sends nothing after the end", async () => {
    const desk = await device(400);
    const { room, far } = await farEnd(600);
    await relay.hear(far);
    await Promise.all([desk.hears(600), room.hears(400)]);

    relay.close();
    await new Promise((resolve) => setTimeout(resolve, 30));
    desk.forget();
    room.forget();
    await new Promise((resolve) => setTimeout(resolve, 100));

    assert.deepEqual([desk.heard.packets.length, room.heard.packets.length], [0, 0]);
  });
});
