import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRtp, writeRtp } from "#rtp/packet.ts";
import { ContinuousStream } from "#rtp/stream.ts";

interface Sent {
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc?: number;
  readonly marker?: boolean;
}

/** A desk phone hears one stream; `hears` gives what it sees of each packet. */
function desk(first = { sequence: 100, timestamp: 1000 }) {
  const clock = { ms: 0 };
  const stream = new ContinuousStream(7, first, () => clock.ms);
  const hears = (from: string, { sequence, timestamp, ssrc = 1, marker = false }: Sent) => {
    const packet = writeRtp({ payloadType: 0, marker, sequence, timestamp, ssrc }, Buffer.from([42]));
    const header = readRtp(stream.forward(packet, from));
    return { sequence: header?.sequence, timestamp: header?.timestamp };
  };
  return { clock, stream, hears };
}

describe("a continuous stream", () => {
  test("goes on by one frame when comedies is followed by dramas", () => {
    const { hears, clock } = desk();

    assert.deepEqual(hears("comedies", { sequence: 9, timestamp: 0 }), { sequence: 100, timestamp: 1000 });
    clock.ms += 20;
    assert.deepEqual(hears("comedies", { sequence: 10, timestamp: 160 }), { sequence: 101, timestamp: 1160 });
    clock.ms += 35;
    assert.deepEqual(hears("dramas", { sequence: 777, timestamp: 5, ssrc: 2 }), {
      sequence: 102,
      timestamp: 1320,
    });
    clock.ms += 20;
    assert.deepEqual(hears("dramas", { sequence: 778, timestamp: 165, ssrc: 2 }), {
      sequence: 103,
      timestamp: 1480,
    });
  });

  test("lets the timestamp tell how long nobody spoke between two sources", () => {
    const { hears, clock } = desk();
    hears("comedies", { sequence: 9, timestamp: 0 });
    clock.ms += 1000;

    assert.deepEqual(hears("dramas", { sequence: 1, timestamp: 0 }), {
      sequence: 101,
      timestamp: 1000 + 50 * 160,
    });
  });

  test("keeps a loss and a reordering of one source as they are", () => {
    const { hears } = desk();
    hears("comedies", { sequence: 9, timestamp: 0 });

    assert.equal(hears("comedies", { sequence: 12, timestamp: 480 }).sequence, 103);
    assert.equal(hears("comedies", { sequence: 11, timestamp: 320 }).sequence, 102);
    assert.equal(hears("comedies", { sequence: 13, timestamp: 640 }).sequence, 104);
    assert.equal(hears("comedies", { sequence: 10, timestamp: 160 }).sequence, 101);
    assert.deepEqual(hears("dramas", { sequence: 1, timestamp: 0 }), { sequence: 105, timestamp: 1800 });
  });

  test("takes a new SSRC or a jump of one source for a new source", () => {
    const { hears } = desk();
    hears("comedies", { sequence: 9, timestamp: 0 });

    assert.deepEqual(hears("comedies", { sequence: 9, timestamp: 0, ssrc: 2 }), {
      sequence: 101,
      timestamp: 1160,
    });
    assert.deepEqual(hears("comedies", { sequence: 40_000, timestamp: 9, ssrc: 2 }), {
      sequence: 102,
      timestamp: 1320,
    });
  });

  test("wraps sequence and timestamp", () => {
    const { hears } = desk({ sequence: 65_535, timestamp: 4_294_967_200 });
    hears("comedies", { sequence: 1, timestamp: 0 });

    assert.deepEqual(hears("comedies", { sequence: 2, timestamp: 160 }), { sequence: 0, timestamp: 64 });
  });

  test("has one SSRC, no marker in its middle, and the payload untouched", () => {
    const { stream, hears } = desk();
    hears("comedies", { sequence: 9, timestamp: 0, marker: true });
    const packet = writeRtp(
      { payloadType: 0, marker: true, sequence: 1, timestamp: 0, ssrc: 3 },
      Buffer.from([42]),
    );

    const out = stream.forward(packet, "dramas");

    assert.equal(readRtp(out)?.ssrc, 7);
    assert.equal(readRtp(out)?.marker, false);
    assert.equal(out[12], 42);
    assert.equal(packet[11], 3, "the packet that came in is not changed");
  });

  test("passes a datagram that is no RTP unchanged", () => {
    assert.deepEqual(desk().stream.forward(Buffer.from("hello"), "comedies"), Buffer.from("hello"));
  });
});
