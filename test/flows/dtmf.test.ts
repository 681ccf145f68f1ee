/** Key presses through the service: real RTP packets of RFC 4733, under the numbers each side gave them. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { writeRtp } from "#rtp/packet.ts";
import type { Sdp } from "#sip/message.ts";
import { mediaOf } from "../support/rtp-party.ts";
import type { ReceivedPacket } from "../support/rtp-recording.ts";
import { type Phone, TwoPhones } from "../support/two-phones.ts";

let call: TwoPhones;
beforeEach(async () => {
  call = await TwoPhones.inCall();
});
afterEach(() => call.close());

function answered(offer: Sdp, tell: (offer: Sdp) => void): Sdp {
  tell(offer);
  return call.comedies.description("sendonly");
}

/** One packet of an event: digit 5, its third report (RFC 4733 §2.3). */
function keyPress(payloadType: number, sequence = 1, marker = true): Buffer {
  const fields = { payloadType, marker, sequence, timestamp: 8000, ssrc: 77 };
  return writeRtp(fields, Buffer.from([5, 0x8a, 0x01, 0xe0]));
}

/** Sends it until it is heard: the first packets of a call may come before its ports are latched. */
async function sent(from: Phone, to: Phone, payload: number): Promise<ReceivedPacket> {
  const heard = to.rtp.next(({ payload: said }) => said.length === 4);
  from.rtp.send(keyPress(payload), mediaOf(from.described));
  return heard;
}

describe("A key pressed during an anchored call", () => {
  test("arrives under the number its receiver gave key presses, both ways", async () => {
    const { desk, comedies } = call;
    const there = await sent(desk, comedies, 96);
    const back = await sent(comedies, desk, 110);

    assert.deepEqual([there.header.payloadType, back.header.payloadType], [110, 96]);
    assert.deepEqual([...there.payload], [5, 0x8a, 0x01, 0xe0]);
    assert.deepEqual([...back.payload], [5, 0x8a, 0x01, 0xe0]);
  });

  test("arrives over IPv6 as well", async () => {
    await call.close();
    call = await TwoPhones.inCall({ host: "::1" });
    const { desk, comedies } = call;

    assert.match(comedies.described, /^c=IN IP6 ::1\r$/m);
    assert.equal((await sent(desk, comedies, 96)).header.payloadType, 110);
  });

  test("arrives also from a phone that sends under the number we declared", async () => {
    const { desk, comedies } = call;
    const declared = Number(/a=rtpmap:(\d+) telephone-event/.exec(desk.described)?.[1]);

    assert.equal(declared, 101);
    assert.equal((await sent(desk, comedies, declared)).header.payloadType, 110);
  });

  test("keeps the timestamp of its first packet and the order of its packets", async () => {
    const { desk, comedies } = call;
    await sent(desk, comedies, 96);
    comedies.rtp.forget();
    const last = comedies.rtp.frames(3);
    for (const sequence of [2, 3, 4]) desk.rtp.send(keyPress(96, sequence, false), mediaOf(desk.described));
    await last;

    const headers = comedies.rtp.heard.packets.map(({ header }) => header);
    assert.equal(new Set(headers.map(({ timestamp }) => timestamp)).size, 1);
    const [first = 0, ...others] = headers.map(({ sequence }) => sequence);
    assert.deepEqual(
      others.map((sequence) => (sequence - first) & 0xffff),
      [1, 2],
    );
  });

  test("is still understood after the desk phone gave it another number", async () => {
    const { desk, comedies } = call;
    const answer = await desk.leg?.offer(desk.rtp.offer("sendrecv", 98));

    assert.match(answer ?? "", /a=rtpmap:98 telephone-event/);
    assert.equal((await sent(comedies, desk, 110)).header.payloadType, 98);
    assert.equal((await sent(desk, comedies, 98)).header.payloadType, 110);
  });

  test("has the same number in every later offer of ours", async () => {
    const { desk, comedies, service } = call;
    const told = new Promise<Sdp>((resolve) => {
      if (comedies.leg) comedies.leg.handlers = { onOffer: (offer) => answered(offer, resolve) };
    });
    await service.mute({ muted: true, client: "k1" });

    assert.match(await told, /a=rtpmap:101 telephone-event/);
    assert.equal((await sent(comedies, desk, 101)).header.payloadType, 96);
  });
});

describe("An anchored far end on hold", () => {
  test("is sent nothing, until it resumes", async () => {
    const { desk, comedies } = call;
    desk.rtp.hz = 400;
    desk.rtp.talkTo(mediaOf(desk.described));
    await comedies.rtp.hears(400);

    const held = await comedies.leg?.offer(call.comedies.description("sendonly"));
    comedies.rtp.forget();
    // What was on its way may still come; a second of the desk phone's frames must not.
    const before = comedies.rtp.heard.packets.length;
    comedies.rtp.talkTo(mediaOf(comedies.described));
    await desk.rtp.frames(25);

    assert.match(held ?? "", /a=recvonly/);
    assert.ok(comedies.rtp.heard.packets.length - before <= 1, `${comedies.rtp.heard.packets.length}`);
    await comedies.leg?.offer(call.comedies.description());
    await comedies.rtp.hears(400);
  });

  test("by the old address of zeros stays where it was, and resumes", async () => {
    const { desk, comedies } = call;
    desk.rtp.hz = 400;
    desk.rtp.talkTo(mediaOf(desk.described));
    const zeros = call.comedies.description().replace(/^c=.*$/m, "c=IN IP4 0.0.0.0");
    const held = await comedies.leg?.offer(zeros);
    await comedies.leg?.offer(call.comedies.description());

    assert.match(held ?? "", /a=recvonly/);
    await comedies.rtp.hears(400);
  });
});
