import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRtp, writeRtp } from "#rtp/packet.ts";
import { FRAME } from "../../../../servers/media-server/frame.ts";
import { JitterBuffer } from "../../../../servers/media-server/mixing/jitter-buffer.ts";

/** Code word c decodes to c * 100, so that a frame tells which packet it came from. */
const decode = Int16Array.from({ length: 256 }, (_, code) => code * 100);

interface Arriving {
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly samples?: number;
}

/** A buffer that is written by packet number and read by tick; a tick says the number of the frame heard. */
function buffer(start = { sequence: 0, timestamp: 0 }) {
  const jitter = new JitterBuffer();
  const write = (n: number, arriving: Arriving = {}) => {
    const { sequence = (start.sequence + n) & 65_535, timestamp = (start.timestamp + n * FRAME) >>> 0 } =
      arriving;
    const payload = new Uint8Array(arriving.samples ?? FRAME).fill(n & 255);
    const packet = writeRtp(
      { payloadType: 0, marker: false, sequence, timestamp, ssrc: arriving.ssrc ?? 1 },
      payload,
    );
    const header = readRtp(packet);
    if (header) jitter.write(header, packet, decode);
  };
  const tick = () => jitter.read() / 100;
  const ticks = (count: number) => Array.from({ length: count }, tick);
  return { jitter, write, tick, ticks };
}

describe("the jitter buffer", () => {
  test("waits for two frames and then plays one at each tick", () => {
    const { write, tick } = buffer();

    write(1);
    assert.equal(tick(), 0);
    write(2);
    assert.equal(tick(), 1);
    write(3);
    assert.equal(tick(), 2);
    write(4);
    assert.equal(tick(), 3);
  });

  test("puts packets in order across the wrap of sequence and timestamp", () => {
    const { write, ticks } = buffer({ sequence: 65_533, timestamp: 4_294_967_296 - 3 * FRAME });

    for (const n of [1, 3, 2, 5, 4, 6]) write(n);

    // Six frames at once are a stall's end: playing begins two frames before the newest.
    assert.deepEqual(ticks(2), [5, 6]);
  });

  test("plays a reordered pair in order", () => {
    const { write, tick, jitter } = buffer();
    write(1);
    write(2);
    assert.equal(tick(), 1);
    write(4);
    write(3);

    assert.deepEqual([tick(), tick(), tick()], [2, 3, 4]);
    assert.equal(jitter.counters.lost, 0);
  });

  test("covers a lost frame with the last one at half amplitude and goes on in time", () => {
    const { write, tick, jitter } = buffer();
    write(1);
    write(2);
    tick();
    write(4);
    write(5);

    assert.deepEqual([tick(), tick(), tick()], [2, 1, 4]);
    assert.equal(jitter.counters.lost, 1);
  });

  test("drops a packet that comes twice and one that comes too late", () => {
    const { write, tick, jitter } = buffer();
    write(1);
    write(2);
    write(2);
    tick();
    write(4);
    tick();
    tick();
    write(3);
    write(5);

    assert.equal(tick(), 4);
    assert.equal(jitter.counters.duplicate, 1);
    assert.equal(jitter.counters.late, 1);
  });

  test("plays a delayed packet late instead of never, and is then safe against the same delay", () => {
    const { write, tick, jitter } = buffer();
    write(1);
    write(2);
    assert.deepEqual([tick(), tick()], [1, 2]);
    assert.equal(tick(), 1, "nothing there: the last frame fades");
    write(3);
    write(4);
    assert.equal(tick(), 3);
    assert.equal(tick(), 4);
    assert.equal(jitter.counters.late, 0);
    assert.equal(jitter.counters.underruns, 1);
  });

  test("goes on in time after frames that were lost while it waited for them", () => {
    const { write, ticks, tick, jitter } = buffer();
    write(1);
    write(2);
    assert.deepEqual(ticks(5), [1, 2, 1, 0.5, 0]);

    write(6);
    assert.equal(tick(), 6);
    write(7);
    assert.equal(tick(), 7);
    assert.deepEqual(jitter.counters, { ...jitter.counters, underruns: 3, lost: 3, late: 0 });
  });

  test("leaves out no more than was lost where the next packet is late, too", () => {
    const { write, ticks } = buffer();
    write(1);
    write(2);
    assert.deepEqual(ticks(4), [1, 2, 1, 0.5]);

    write(4);
    write(5);
    write(7);
    assert.deepEqual(ticks(4), [4, 5, 2.5, 7]);
  });

  test("falls silent when the sender stops and starts again where the sender does", () => {
    const { write, ticks, tick, jitter } = buffer();
    write(1);
    write(2);
    assert.deepEqual(ticks(10).slice(4), [0, 0, 0, 0, 0, 0]);

    write(60);
    write(61);

    assert.equal(tick(), 60);
    assert.equal(jitter.counters.resyncs, 1);
  });

  test("starts again at once after a short pause in which the sender sent nothing", () => {
    const { write, ticks, tick } = buffer();
    write(1);
    write(2);
    ticks(12);

    write(12);
    write(13);

    assert.deepEqual([tick(), tick()], [12, 13]);
  });

  test("never plays again what was played, not even of a packet that comes half too late", () => {
    const { write, tick } = buffer();
    for (const n of [1, 2]) write(n);
    tick();
    tick();
    write(99, { sequence: 3, timestamp: 2 * FRAME, samples: 2 * FRAME });
    const heard = [];
    for (let n = 4; n < 30; n++) {
      if (n !== 15) write(n);
      heard.push(tick());
    }

    assert.deepEqual(
      heard.filter((level) => level > 30),
      [99],
    );
  });

  test("after a stall of the mixer plays the present, not the past", () => {
    const { write, tick, jitter } = buffer();
    write(1);
    write(2);
    tick();

    for (let n = 3; n < 30; n++) write(n);

    const heard = tick();
    assert.ok(heard >= 24, `heard frame ${heard} of 29`);
    assert.ok(jitter.depth <= 5 * FRAME);
  });

  test("brings the delay of a burst down again, a frame at a time", () => {
    const { write, ticks, tick, jitter } = buffer();
    for (const n of [1, 2]) write(n);
    tick();
    for (const n of [3, 4, 5, 6]) write(n);
    const depths = [];
    for (let n = 7; n < 600; n++) {
      write(n);
      tick();
      depths.push(jitter.depth);
    }

    assert.equal(depths[0], 5 * FRAME);
    assert.equal(depths.at(-1), FRAME);
    assert.equal(jitter.counters.skipped, 4);
    assert.equal(jitter.counters.underruns, 0);
    assert.equal(ticks(1)[0], 599 & 255);
  });

  test("follows a sender that starts anew with other numbers, or another SSRC", () => {
    const { write, tick } = buffer();
    write(1, { timestamp: 900_000 });
    write(2, { timestamp: 900_160 });
    assert.equal(tick(), 1);

    write(3, { timestamp: 160 });
    write(4, { timestamp: 320 });
    assert.equal(tick(), 3);

    write(5, { timestamp: 480, ssrc: 2 });
    write(6, { timestamp: 640, ssrc: 2 });
    assert.equal(tick(), 5);
  });

  test("follows a sender that slipped back a little for good", () => {
    const { write, ticks, tick } = buffer();
    for (const n of [1, 2]) write(n, { timestamp: 4000 + n * FRAME });
    ticks(2);

    const heard = [];
    for (let n = 3; n < 60; n++) {
      write(n, { timestamp: n * FRAME });
      heard.push(tick());
    }
    assert.equal(heard.at(-1), 58);
  });

  test("plays packets of 10, 30 and 60 ms too", () => {
    for (const ms of [10, 30, 60]) {
      const samples = ms * 8;
      const { write, tick, jitter } = buffer();
      let sent = 0;
      const levels = [];
      for (let now = 0; now < 1200; now += 20) {
        for (; sent * ms <= now; sent++) write(7, { sequence: sent, timestamp: sent * samples, samples });
        levels.push(tick());
      }
      assert.deepEqual(new Set(levels.slice(8)), new Set([7]), `${ms} ms`);
      assert.equal(jitter.counters.lost, 0);
    }
  });

  test("a payload too long for it, or empty, is not heard", () => {
    const { write, ticks } = buffer();
    write(1, { samples: 1400 });
    write(2, { samples: 0 });

    assert.deepEqual(ticks(3), [0, 0, 0]);
  });
});
