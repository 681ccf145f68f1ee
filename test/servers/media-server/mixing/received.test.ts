/** What the mixer takes from the network, and what it leaves. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { writeRtp } from "#rtp/packet.ts";
import { MixerBench } from "../../../support/mixer-bench.ts";

const [ALICE, BOB, _CAROL, DAVE] = [450, 600, 1000, 1300] as const;

describe("media are bound to the negotiated address", () => {
  test("an injector is neither heard nor answered", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    const bob = bench.phone("comedies", undefined);
    bench.run(5);
    alice.silent = true;
    for (let n = 0; n < 20; n++) {
      bench.send(alice, { address: "10.9.9.9", port: alice.at.port }, DAVE);
      bench.send(alice, { address: alice.at.address, port: 666 }, DAVE);
      bench.run(1);
    }

    assert.ok(!bob.heard.tonesHeard().includes(DAVE));
    assert.equal(bob.heard.firstWith(DAVE), undefined);
    assert.equal(bench.engine.dump().streams[0]?.strangers, 40);
    assert.equal(alice.heard.packets.length, 25);
  });

  test("a device behind another port is learned once", () => {
    const bench = new MixerBench();
    const bob = bench.phone("comedies", undefined);
    const alice = bench.phone("comedies", ALICE);
    alice.silent = true;
    for (let n = 0; n < 20; n++) {
      bench.send(alice, { address: alice.at.address, port: 7000 });
      bench.send(alice, { address: alice.at.address, port: 7001 });
      bench.run(1);
    }

    assert.deepEqual(bob.heard.tonesHeard(), [ALICE]);
    assert.equal(bench.engine.dump().streams[1]?.strangers, 20);
  });

  test("follows a re-INVITE to another address and forgets the old one", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    const bob = bench.phone("comedies", undefined);
    bench.run(10);
    const media = bench.media(alice, { remote: { address: "10.0.0.3", port: 7000 } });
    bench.engine.apply({ name: "agree", stream: alice.stream, media });
    bench.run(10, { anew: true });

    assert.deepEqual(bob.heard.tonesHeard({ from: 320 }), []);
    assert.equal(alice.heard.packets.length, 0, "nothing goes to the old address");
  });

  test("nothing is sent after the end, and the port is free", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    bench.phone("comedies", BOB);
    bench.run(10);
    bench.engine.apply({ name: "close", stream: alice.stream });
    bench.run(10, { anew: true });

    assert.equal(alice.heard.packets.length, 0);
    assert.deepEqual([...bench.open], [2]);
    assert.equal(bench.engine.dump().streams.length, 1);
  });
});

describe("what is not audio", () => {
  test("telephone events are counted once each and not heard", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", undefined);
    const bob = bench.phone("comedies", undefined);
    for (let n = 0; n < 10; n++) {
      const timestamp = n < 6 ? 800 : 1600;
      const fields = { payloadType: 101, marker: n === 0, sequence: 900 + n, timestamp, ssrc: 1 };
      const digit = writeRtp(fields, Buffer.from([5, 10, 0, 160]));
      bench.engine.receive(alice.stream, digit, alice.at.address, alice.at.port);
      bench.run(1);
    }

    assert.equal(bench.engine.dump().streams[0]?.keys, 2);
    assert.equal(bob.heard.longestSilentRun(), 200);
  });

  test("random datagrams, RTCP and unknown payload types change nothing", () => {
    const bench = new MixerBench();
    const alice = bench.phone("comedies", ALICE);
    const bob = bench.phone("comedies", undefined);
    bench.run(5);
    let state = 7;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 16;
    };
    for (let n = 0; n < 5000; n++) {
      const junk = Uint8Array.from({ length: random() % 300 }, random);
      // Half of it looks like RTP with a payload type that was not agreed on.
      if (n % 2 && junk.length > 2) junk.set([0x80, 20 + (random() % 40)]);
      bench.engine.receive(alice.stream, junk, alice.at.address, alice.at.port);
    }
    bench.run(20, { anew: true });

    assert.deepEqual(bob.heard.tonesHeard(), [ALICE]);
    assert.equal(bob.heard.missingFrames(), 0);
  });
});
