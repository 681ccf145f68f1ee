/** Dtmf: digits the service plays itself, as RFC 4733 has them on the wire, or by INFO where the media run directly. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { mediaOf } from "../support/rtp-party.ts";
import type { ReceivedPacket } from "../support/rtp-recording.ts";
import { TwoPhones, type TwoPhonesOptions } from "../support/two-phones.ts";

let call: TwoPhones;
afterEach(() => call.close());

async function inCall(options?: TwoPhonesOptions): Promise<void> {
  call = await TwoPhones.inCall(options);
}
const never = new AbortController().signal;
const dtmf = (digits: string, durationMs?: number, signal = never) =>
  call.service.dtmf({ digits, client: "k1", signal, ...(durationMs !== undefined && { durationMs }) });

/** The desk phone talks, as it would, and comedies hears it. */
async function talking(): Promise<void> {
  const { desk, comedies } = call;
  desk.rtp.hz = 400;
  desk.rtp.talkTo(mediaOf(desk.described));
  await comedies.rtp.hears(400);
  comedies.rtp.forget();
}

const isEvent = ({ header }: ReceivedPacket) => header.payloadType === 110;
const eventsHeard = () => call.comedies.rtp.heard.packets.filter(isEvent);
const code = ({ payload }: ReceivedPacket) => payload[0];
const isEnd = ({ payload }: ReceivedPacket) => ((payload[1] ?? 0) & 0x80) !== 0;
const samples = ({ payload }: ReceivedPacket) => 256 * (payload[2] ?? 0) + (payload[3] ?? 0);

/** The reports of each digit: those with one timestamp. */
function digitsHeard(): ReceivedPacket[][] {
  return [...Map.groupBy(eventsHeard(), ({ header }) => header.timestamp).values()];
}

describe("Dtmf through the service", () => {
  test("is a marker, reports of growing duration, and the end said three times", async () => {
    await inCall();
    await talking();

    await dtmf("5", 100);
    await call.comedies.rtp.hears(400);

    const [five = [], ...others] = digitsHeard();
    assert.equal(others.length, 0);
    assert.deepEqual(five.map(code), [5, 5, 5, 5, 5, 5, 5]);
    assert.deepEqual(five.map(samples), [160, 320, 480, 640, 800, 800, 800]);
    assert.deepEqual(five.map(isEnd), [false, false, false, false, true, true, true]);
    assert.deepEqual(
      five.map(({ header }) => header.marker),
      [true, false, false, false, false, false, false],
    );
  });

  test("lasts a tenth of a second where nothing is said, and 40 ms at least", async () => {
    await inCall();
    await talking();

    await dtmf("1");
    await dtmf("2", 1);

    const longest = (reports: readonly ReceivedPacket[]) => Math.max(...reports.map(samples));
    assert.deepEqual(digitsHeard().map(longest), [800, 320]);
  });

  test("is one stream with the desk phone's voice, which waits meanwhile", async () => {
    await inCall();
    await talking();

    await dtmf("19*#AD");
    await call.comedies.rtp.hears(400);

    const { packets } = call.comedies.rtp.heard;
    assert.deepEqual(
      digitsHeard().map(([first]) => first && code(first)),
      [1, 9, 10, 11, 12, 15],
    );
    assert.equal(new Set(packets.map(({ header }) => header.ssrc)).size, 1);
    for (const [index, { header }] of packets.entries()) {
      const before = packets[index - 1]?.header;
      if (!before) continue;
      assert.equal((header.sequence - before.sequence) & 0xffff, 1, "no packet is missing or double");
      const step = (header.timestamp - before.timestamp) | 0;
      assert.ok(step >= 0 && step <= 8 * 400, `the clock goes on: ${step}`);
    }
    for (const reports of digitsHeard()) {
      const numbers = reports.map(({ header }) => header.sequence);
      const span = ((numbers.at(-1) ?? 0) - (numbers[0] ?? 0)) & 0xffff;
      assert.equal(span, reports.length - 1, "no voice in the middle of a digit");
    }
  });

  test("keeps to the clock of the stream: a digit begins where its time is", async () => {
    await inCall();
    await talking();

    await dtmf("1,2");

    const [one, two] = digitsHeard().map(([first]) => first);
    assert.ok(one && two);
    const apartMs = ((two.header.timestamp - one.header.timestamp) >>> 0) / 8;
    const reallyMs = two.at - one.at;
    assert.ok(apartMs >= 1000, `a comma is a second: ${apartMs}`);
    assert.ok(Math.abs(apartMs - reallyMs) <= 80, `${apartMs} ms by the stream, ${reallyMs} ms really`);
  });

  test("is heard from a muted phone, and from one that sends nothing at all", async () => {
    await inCall();
    await talking();
    call.desk.rtp.stop();
    await call.service.mute({ muted: true, client: "k1" });

    await dtmf("7");

    assert.deepEqual(
      digitsHeard().map(([first]) => first && code(first)),
      [7],
    );
  });

  test("of two commands come one after the other", async () => {
    await inCall();
    await talking();

    await Promise.all([dtmf("12"), dtmf("34")]);

    assert.deepEqual(
      digitsHeard().map(([first]) => first && code(first)),
      [1, 2, 3, 4],
    );
  });

  test("stops in the middle when the command is given up, the key released", async () => {
    await inCall();
    await talking();
    const abort = new AbortController();

    const played = dtmf("1234567890", 200, abort.signal);
    await call.comedies.rtp.next(isEvent);
    abort.abort();

    await assert.rejects(played, { code: "cancelled" });
    await call.comedies.rtp.frames(10);
    const [one = [], ...others] = digitsHeard();
    assert.equal(others.length, 0);
    assert.equal(one.filter(isEnd).length, 3);
  });

  test("says so when comedies understands no telephone-event", async () => {
    await inCall({ events: undefined });

    await assert.rejects(dtmf("1"), { code: "device-unsupported" });
  });

  test("says so when comedies has put us on hold, and while we have put it on hold", async () => {
    await inCall();
    await call.comedies.leg?.offer(call.comedies.description("sendonly"));
    await assert.rejects(dtmf("1"), { code: "wrong-state" });
    await call.comedies.leg?.offer(call.comedies.description());

    await call.service.hold({ held: true, client: "k1" });

    await assert.rejects(dtmf("1"), { code: "wrong-state" });
  });

  test("refuses what is no digit, and a call that is not there", async () => {
    await inCall();
    await assert.rejects(dtmf("x"), { code: "bad-request" });
    await call.service.leave({ all: true, hangup: true, client: "k1" });

    await assert.rejects(dtmf("1"), { code: "no-active-call" });
  });
});

describe("Dtmf where the media run directly", () => {
  test("goes by INFO, digit after digit", async () => {
    await inCall({ anchored: false });

    await dtmf("1#", 40);

    const told = call.comedies.requests.map(({ headers, content }) => [headers["content-type"], content]);
    assert.deepEqual(told, [
      ["application/dtmf-relay", "Signal=1\r\nDuration=40\r\n"],
      ["application/dtmf-relay", "Signal=#\r\nDuration=40\r\n"],
    ]);
  });

  test("says so when comedies does not take it", async () => {
    await inCall({ anchored: false });
    call.comedies.status = 415;

    await assert.rejects(dtmf("1"), { code: "device-unsupported", sip: 415 });
  });
});
