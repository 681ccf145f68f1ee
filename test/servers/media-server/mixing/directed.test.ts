/** What a stream is told to be, tick by tick: muted, parked, played to. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MixerBench, type Phone } from "../../../support/mixer-bench.ts";
import { samplesOf } from "../../../support/rtp-recording.ts";
import { toneLevel, toneSamples } from "../../../support/tone.ts";

const [ALICE, BOB, PROMPT] = [450, 600, 1000] as const;

/** How strong a tone is in all that a phone heard. */
function level(phone: Phone, hz: number): number {
  return toneLevel(
    phone.heard.audio().flatMap((packet) => [...samplesOf(packet)]),
    hz,
  );
}

function couple() {
  const bench = new MixerBench();
  const alice = bench.phone("comedies", ALICE);
  const bob = bench.phone("comedies", BOB);
  bench.run(10);
  const talks = () =>
    bench.reports.flatMap((one) => (one.name === "talking" && one.stream === alice.stream ? [one.on] : []));
  return { bench, alice, bob, talks };
}

describe("A stream taken out of the mix", () => {
  for (const mixMode of ["mute", "parked"] as const)
    test(`by ${mixMode} is silent in the very next frame, and no talker`, () => {
      const { bench, alice, bob, talks } = couple();
      bench.engine.apply({ name: "configure", stream: alice.stream, mixMode });
      bench.run(5, { anew: true });

      assert.equal(bob.heard.longestSilentRun(), 100);
      assert.equal(alice.heard.longestSilentRun(), mixMode === "parked" ? 100 : 0);
      assert.deepEqual(talks(), [true, false]);
      bench.engine.apply({ name: "configure", stream: alice.stream, mixMode: "full" });
      bench.run(10);
      assert.deepEqual(bob.heard.tonesHeard({ from: 300 }), [ALICE]);
      assert.deepEqual(talks(), [true, false, true]);
    });

  test("by its description, likewise", () => {
    const { bench, alice, bob, talks } = couple();
    bench.engine.apply({ name: "agree", stream: alice.stream, media: bench.media(alice, { hears: false }) });
    bench.run(5, { anew: true });
    assert.equal(bob.heard.longestSilentRun(), 100);
    assert.deepEqual(talks(), [true, false]);
  });
});

describe("What is played to a stream", () => {
  const samples = toneSamples(PROMPT, 160 * 20);

  test("is heard by it alone, over the others at a quarter of their level, for as long as it is", () => {
    const { bench, alice, bob } = couple();
    bench.run(20, { anew: true });
    const usual = level(alice, BOB);
    bench.engine.apply({ name: "play", stream: alice.stream, ask: 7, pieces: [samples] });
    bench.run(20, { anew: true });

    assert.ok(Math.abs(level(alice, PROMPT) - 0.25) < 0.02, `${level(alice, PROMPT)}`);
    assert.ok(Math.abs(level(alice, BOB) * 4 - usual) < 0.02, `${level(alice, BOB)} of ${usual}`);
    assert.deepEqual(bob.heard.tonesHeard(), [ALICE]);
    assert.deepEqual(bench.reports.at(-1), { name: "played", stream: alice.stream, ask: 7, end: "EOF" });
    bench.run(5, { anew: true });
    assert.deepEqual(alice.heard.tonesHeard(), [BOB]);
    assert.equal(alice.heard.missingFrames(), 0);
  });

  test("waits until he can be reached, and then is heard from its beginning", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", undefined);
    alice.silent = true;
    bench.engine.apply({ name: "play", stream: alice.stream, ask: 7, pieces: [samples] });
    bench.run(9);
    assert.equal(alice.heard.packets.length, 0);
    bench.run(21);
    assert.equal(alice.heard.audio().length - alice.heard.longestSilentRun() / 20, 20);
  });

  test("goes on unheard while he is on hold, so that it ends", () => {
    const { bench, alice } = couple();
    bench.engine.apply({ name: "agree", stream: alice.stream, media: bench.media(alice, { speaks: false }) });
    bench.engine.apply({ name: "play", stream: alice.stream, ask: 8, pieces: [samples] });
    bench.run(20, { anew: true });
    assert.equal(alice.heard.packets.length, 0);
    assert.deepEqual(bench.reports.at(-1), { name: "played", stream: alice.stream, ask: 8, end: "EOF" });
  });
});
