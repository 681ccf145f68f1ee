import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRtp, writeRtp } from "#rtp/packet.ts";
import { eventReport } from "#rtp/telephone-event.ts";
import { KeyEvents } from "../../../servers/media-server/keys.ts";

const [FIVE, SIX, STAR, FLASH] = [5, 6, 10, 16] as const;

interface Report {
  readonly event: number;
  readonly timestamp: number;
  readonly samples?: number;
  readonly end?: boolean;
  readonly marker?: boolean;
  readonly ssrc?: number;
}

/** A stream's keys, and what its packets have pressed so far. */
function keypad() {
  const keys = new KeyEvents();
  let sequence = 0;
  let pressed = "";
  const hear = ({ event, timestamp, samples = 160, end = false, marker = false, ssrc = 1 }: Report) => {
    const fields = { payloadType: 101, marker, sequence: sequence++, timestamp: timestamp >>> 0, ssrc };
    const packet = writeRtp(fields, eventReport(event, samples, end));
    const header = readRtp(packet);
    assert.ok(header);
    pressed += keys.read(header, packet) ?? "";
  };
  return {
    keys,
    hear,
    /** A press as RFC 4733 has it: the marker first, reports that grow, and its end three times. */
    press(event: number, timestamp: number, ends = 3) {
      for (let n = 1; n <= 4; n++) hear({ event, timestamp, samples: n * 160, marker: n === 1 });
      for (let n = 0; n < ends; n++) hear({ event, timestamp, samples: 640, end: true });
    },
    wait(ms: number) {
      for (let n = 0; n < ms / 20; n++) keys.tick();
    },
    get pressed() {
      return pressed;
    },
  };
}

describe("Keys in telephone events", () => {
  test("are told once each, however often they are reported", () => {
    const pad = keypad();
    pad.press(STAR, 0);
    pad.press(SIX, 1600);
    pad.press(SIX, 3200);
    assert.equal(pad.pressed, "*66");
  });

  test("are told when their ends are lost, or their beginnings, or all but one packet", () => {
    const pad = keypad();
    pad.press(FIVE, 0, 0);
    pad.press(FIVE, 1600, 0);
    pad.hear({ event: SIX, timestamp: 3200, samples: 640, end: true });
    pad.hear({ event: SIX, timestamp: 4800, samples: 480 });
    assert.equal(pad.pressed, "5566");
  });

  test("are not told again by packets that come late", () => {
    const pad = keypad();
    pad.press(FIVE, 1600);
    pad.press(SIX, 3200);
    pad.hear({ event: FIVE, timestamp: 1600, end: true });
    pad.hear({ event: SIX, timestamp: 3200, end: true });
    assert.equal(pad.pressed, "56");
  });

  test("are one press when held for longer than a report can say", () => {
    const pad = keypad();
    for (const timestamp of [100, 100 + 0xffff, 100 + 2 * 0xffff])
      for (const samples of [160, 30_000, 0xffff]) pad.hear({ event: FIVE, timestamp, samples });
    assert.equal(pad.pressed, "5");
  });

  test("are one press from a phone that gives each report a time of its own", () => {
    const pad = keypad();
    for (let n = 0; n < 8; n++) pad.hear({ event: FIVE, timestamp: n * 160, end: n > 4, marker: n === 0 });
    pad.hear({ event: FIVE, timestamp: 4000, marker: true });
    assert.equal(pad.pressed, "55");
  });

  test("are heard across the wrap of the clock, from a new source, and when the clock begins anew", () => {
    const pad = keypad();
    pad.press(FIVE, 2 ** 32 - 800);
    pad.press(SIX, 800);
    pad.hear({ event: STAR, timestamp: 700, ssrc: 2 });
    pad.hear({ event: STAR, timestamp: 2 ** 31, ssrc: 2 });
    pad.hear({ event: SIX, timestamp: 700, ssrc: 2 });
    assert.equal(pad.pressed, "56**6");
  });

  test("are not what is no key, or too short", () => {
    const pad = keypad();
    pad.press(FLASH, 0);
    pad.press(255, 1600);
    const packet = writeRtp(
      { payloadType: 101, marker: true, sequence: 1, timestamp: 9000, ssrc: 1 },
      Buffer.from([5, 0, 0]),
    );
    const header = readRtp(packet);
    assert.ok(header);
    assert.equal(pad.keys.read(header, packet), undefined);
    assert.equal(pad.pressed, "");
  });

  test("are told twenty at once and ten a second, and no faster", () => {
    const pad = keypad();
    for (let n = 0; n < 500; n++) pad.hear({ event: n % 10, timestamp: n * 1000, marker: true });
    assert.equal(pad.pressed.length, 20);
    assert.deepEqual([pad.keys.presses, pad.keys.excess], [500, 480]);
    pad.wait(1000);
    for (let n = 500; n < 600; n++) pad.hear({ event: n % 10, timestamp: n * 1000, marker: true });
    assert.equal(pad.pressed.length, 30);
  });

  test("say how long after one another they came", () => {
    const pad = keypad();
    pad.press(FIVE, 0);
    assert.equal(pad.keys.sinceMs, undefined);
    pad.wait(240);
    pad.press(SIX, 1920);
    assert.equal(pad.keys.sinceMs, 240);
  });
});
