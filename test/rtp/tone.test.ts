import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { writeRtp } from "#rtp/packet.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { RtpRecording } from "../support/rtp-recording.ts";
import { decodeFrame, FRAME_SAMPLES, toneFrame, toneLevel, toneSamples, tonesIn } from "../support/tone.ts";

describe("Goertzel's filter", () => {
  test("finds the amplitude of a tone and nothing beside it", () => {
    const pcm = toneSamples(440, 800, 0, 0.5);

    assert.ok(Math.abs(toneLevel(pcm, 440) - 0.5) < 0.01);
    assert.ok(toneLevel(pcm, 600) < 0.01);
  });

  test("finds two tones in G.711 frames and none in silence", () => {
    for (const codec of ["PCMU", "PCMA"] as const) {
      const alice = decodeFrame(toneFrame(450, 3, codec), codec);
      const bob = decodeFrame(toneFrame(1000, 3, codec), codec);

      assert.deepEqual(tonesIn(alice.map((sample, i) => sample + (bob[i] ?? 0))), [450, 1000]);
      assert.deepEqual(tonesIn(decodeFrame(toneFrame(undefined, 0, codec), codec)), []);
    }
  });
});

describe("a recording", () => {
  const from = { address: "127.0.0.1", port: 4000 };
  const packet = (n: number, hz?: number, ssrc = 5) =>
    writeRtp(
      { payloadType: 0, marker: false, sequence: n & 65_535, timestamp: (n * FRAME_SAMPLES) >>> 0, ssrc },
      toneFrame(hz, n),
    );

  test("counts missing frames across the wrap, not those that came late or twice", () => {
    const heard = new RtpRecording();
    for (const n of [65_534, 65_535, 65_537, 65_536, 65_536, 65_540]) heard.add(packet(n), from, n * 20);

    assert.equal(heard.missingFrames(), 2);
  });

  test("counts a jump of the timestamp alone and time lost at a change of SSRC", () => {
    const heard = new RtpRecording();
    heard.add(packet(1), from, 0);
    const late = packet(2);
    late.writeUInt32BE(5 * FRAME_SAMPLES, 4);
    heard.add(late, from, 20);
    heard.add(packet(900, 450, 6), from, 100);

    assert.equal(heard.missingFrames(), 3 + 3);
    assert.equal(heard.ssrcChanges(), 1);
  });

  test("says when a tone began and how long nothing was heard", () => {
    const heard = new RtpRecording();
    for (let n = 0; n < 5; n++) heard.add(packet(n, 450), from, n * 20);
    for (let n = 5; n < 8; n++) heard.add(packet(n), from, n * 20);
    for (let n = 8; n < 12; n++) heard.add(packet(n, 600), from, n * 20);

    assert.equal(heard.firstWith(600, 0)?.at, 160);
    assert.equal(heard.firstWith(450, 100), undefined);
    assert.equal(heard.longestSilentRun(), 60);
    assert.deepEqual(heard.tonesHeard({ to: 100 }), [450]);
  });
});

test("two parties talk to each other without a mixer", async () => {
  const alice = await RtpParty.open({ hz: 450 });
  const bob = await RtpParty.open({ hz: 600, codec: "PCMA" });
  alice.talkTo(bob.offer());
  bob.talkTo(alice);

  await Promise.all([alice.frames(10), bob.frames(10)]);

  assert.deepEqual(alice.heard.tonesHeard(), [600]);
  assert.deepEqual(bob.heard.tonesHeard(), [450]);
  assert.equal(bob.heard.missingFrames(), 0);
  alice.close();
  bob.close();
});
