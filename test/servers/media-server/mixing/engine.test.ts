import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MixerBench } from "../../../support/mixer-bench.ts";
import { samplesOf } from "../../../support/rtp-recording.ts";

const [ALICE, BOB, CAROL, _DAVE] = [450, 600, 1000, 1300] as const;

describe("a conference of three", () => {
  test("lets each hear the other two and not himself", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    const bob = bench.phone("comedies", BOB);
    const carol = bench.phone("comedies", CAROL);
    bench.run(10);
    bench.run(20, { anew: true });

    assert.deepEqual(alice.heard.tonesHeard(), [BOB, CAROL]);
    assert.deepEqual(bob.heard.tonesHeard(), [ALICE, CAROL]);
    assert.deepEqual(carol.heard.tonesHeard(), [ALICE, BOB]);
    assert.equal(alice.heard.packets.length, 20);
    assert.equal(alice.heard.missingFrames(), 0);
  });

  test("joins PCMA and PCMU", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE, "PCMA");
    const bob = bench.phone("comedies", BOB);
    const carol = bench.phone("comedies", undefined, "PCMA");
    bench.run(30);

    assert.deepEqual(alice.heard.tonesHeard({ from: 200 }), [BOB]);
    assert.deepEqual(bob.heard.tonesHeard({ from: 200 }), [ALICE]);
    assert.deepEqual(carol.heard.tonesHeard({ from: 200 }), [ALICE, BOB]);
    assert.equal(carol.heard.packets[0]?.header.payloadType, 8);
  });

  test("two conferences do not hear each other", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    bench.phone("dramas", BOB);
    bench.run(30);

    assert.deepEqual(alice.heard.tonesHeard(), []);
    assert.equal(alice.heard.longestSilentRun(), alice.heard.packets.length * 20);
  });

  test("gets silence packet by packet when nobody speaks", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", undefined);
    bench.phone("comedies", undefined);
    bench.run(30);

    assert.equal(alice.heard.packets.length, 30);
    assert.ok(alice.heard.packets.every(({ payload }) => payload.every((code) => code === 0xff)));
    assert.equal(bench.engine.dump().rooms[0]?.encoded, 0);
  });

  test("saturates where loud voices add up, and does not wrap", () => {
    const bench = new MixerBench();
    const listener = bench.phone("comedies", undefined);
    const loud = Array.from({ length: 5 }, () => bench.phone("comedies", ALICE));
    bench.run(20);

    // 5 times a quarter of full scale is more than 16 bits hold.
    const samples = listener.heard.audio({ from: 200 }).flatMap((packet) => [...samplesOf(packet)]);
    const peak = Math.max(...samples);
    assert.equal(peak, 32_124);
    const wrapped = samples.filter((sample, i) => Math.abs(sample - (samples[i - 1] ?? sample)) > 32_000);
    assert.deepEqual(wrapped, []);
    assert.equal(loud.length, 5);
  });
});

describe("encoding", () => {
  test("takes T + 1 frames a tick for T talkers, however many listen", () => {
    const bench = new MixerBench();
    for (const hz of [ALICE, BOB, CAROL]) bench.phone("comedies", hz);
    for (let n = 0; n < 40; n++) bench.phone("comedies", undefined);
    bench.run(10);
    const before = bench.engine.dump().rooms[0]?.encoded ?? 0;
    bench.run(50);

    assert.equal((bench.engine.dump().rooms[0]?.encoded ?? 0) - before, 50 * (3 + 1));
  });

  test("stays at seven frames when everybody shouts at once", () => {
    const bench = new MixerBench();
    for (let n = 0; n < 30; n++) bench.phone("comedies", ALICE);
    bench.run(10);
    const before = bench.engine.dump().rooms[0]?.encoded ?? 0;
    bench.run(10);

    assert.equal((bench.engine.dump().rooms[0]?.encoded ?? 0) - before, 10 * 7);
  });
});

describe("a move between rooms", () => {
  test("loses no frame, keeps the SSRC, and the new room is heard at the next tick", () => {
    const bench = new MixerBench();
    bench.phone("comedies", ALICE);
    bench.phone("dramas", BOB);
    const carol = bench.phone("comedies", undefined);
    bench.run(20, { anew: true });
    for (let n = 0; n < 20; n++) {
      const [room, tone, other] = n % 2 ? ["comedies", ALICE, BOB] : ["dramas", BOB, ALICE];
      const count = carol.heard.packets.length;
      bench.engine.apply({ name: "move", stream: carol.stream, room: String(room) });
      bench.run(3);
      const since = { from: carol.heard.packets[count]?.at ?? 0 };
      assert.equal(carol.heard.firstWith(Number(tone), since.from)?.at, since.from);
      assert.ok(!carol.heard.tonesHeard(since).includes(Number(other)));
    }

    assert.equal(carol.heard.missingFrames(), 0);
    assert.equal(carol.heard.ssrcChanges(), 0);
    assert.equal(carol.heard.longestSilentRun({ from: 200 }), 0);
  });

  test("takes the mover's voice along, and an empty room is no more", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    const bob = bench.phone("dramas", undefined);
    bench.run(10);
    bench.engine.apply({ name: "move", stream: alice.stream, room: "dramas" });
    bench.run(5, { anew: true });

    assert.deepEqual(bob.heard.tonesHeard(), [ALICE]);
    assert.deepEqual(
      bench.engine.dump().rooms.map(({ id }) => id),
      ["dramas"],
    );
  });
});

describe("when the mixer begins to speak", () => {
  test("at once after the device was heard", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    bench.run(1);

    assert.equal(alice.heard.packets.length, 1);
    assert.equal(alice.heard.packets[0]?.header.marker, true);
  });

  test("after 200 ms when the device says nothing", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", undefined);
    alice.silent = true;
    bench.run(10);
    assert.equal(alice.heard.packets.length, 0);
    bench.run(10);

    assert.equal(alice.heard.packets.length, 10);
  });
});

describe("directions", () => {
  test("a muted participant is not heard, hears on, and is heard again when unmuted", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    const bob = bench.phone("comedies", BOB);
    bench.run(10);
    const mute = (hears: boolean) =>
      bench.engine.apply({ name: "agree", stream: alice.stream, media: bench.media(alice, { hears }) });
    mute(false);
    bench.run(2);
    bench.run(20, { anew: true });
    assert.deepEqual(bob.heard.tonesHeard(), []);
    assert.deepEqual(alice.heard.tonesHeard(), [BOB]);

    mute(true);
    bench.run(3);
    bench.run(10, { anew: true });
    assert.deepEqual(bob.heard.tonesHeard(), [ALICE]);
    assert.equal(bob.heard.missingFrames(), 0);
  });

  test("a participant on hold is sent nothing, and his time goes on meanwhile", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", undefined);
    bench.phone("comedies", BOB);
    bench.run(10);
    const hold = (speaks: boolean) =>
      bench.engine.apply({ name: "agree", stream: alice.stream, media: bench.media(alice, { speaks }) });
    hold(false);
    bench.run(50);
    hold(true);
    bench.run(1);

    const [before, after] = alice.heard.packets.slice(-2);
    assert.equal(alice.heard.packets.length, 11);
    assert.equal(((after?.header.sequence ?? 0) - (before?.header.sequence ?? 0)) & 65_535, 1);
    assert.equal(alice.heard.missingFrames(), 50);
  });
});

describe("who talks", () => {
  test("is reported when talking begins and when it ends, not at each pause", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    bench.phone("comedies", undefined);
    bench.run(20);
    alice.hz = undefined;
    bench.run(8);
    alice.hz = ALICE;
    bench.run(20);
    alice.hz = undefined;
    bench.run(40);

    const talking = bench.reports.filter(({ name }) => name === "talking");
    assert.deepEqual(talking, [
      { name: "talking", stream: alice.stream, on: true, talkers: 1 },
      { name: "talking", stream: alice.stream, on: false, talkers: 0 },
    ]);
  });

  test("is reported again to the room that a talker moves to", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    bench.phone("dramas", BOB);
    bench.run(20);
    bench.reports.length = 0;
    bench.engine.apply({ name: "move", stream: alice.stream, room: "dramas" });

    assert.deepEqual(bench.reports, [{ name: "talking", stream: alice.stream, on: true, talkers: 2 }]);
  });
});
