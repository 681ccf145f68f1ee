/** Key presses through the service: real RTP packets of RFC 4733, under the numbers each side gave them. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { writeRtp } from "#rtp/packet.ts";
import type { Leg } from "#sip/leg.ts";
import type { Sdp } from "#sip/message.ts";
import { bracketed } from "#sip/uri.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { DeviceRegistry } from "../../native-host/src/devices/registry.ts";
import { sipPhone } from "../../native-host/src/devices/sip-phone.ts";
import { Choices } from "../../native-host/src/service/choices.ts";
import { SipService } from "../../native-host/src/service/sip-service.ts";
import { mediaOf, RtpParty } from "../support/rtp-party.ts";
import type { ReceivedPacket } from "../support/rtp-recording.ts";

const HOST = "127.0.0.1";

/** A phone whose numbers are its own, and the RTP port beside it. */
interface Phone {
  readonly agent: UserAgent;
  readonly rtp: RtpParty;
  /** What it heard last of the service's media. */
  described: Sdp;
  leg: Leg | undefined;
}

let open: { close(): unknown }[];
let service: SipService;
let desk: Phone;
let comedies: Phone;

/** A desk phone in a call with comedies, both anchored at an address of this machine. */
async function inCall(host: string): Promise<void> {
  open = [];
  desk = await phone("desk", 96, host);
  comedies = await phone("comedies", 110, host);
  const caller = await UserAgent.open({ host, port: 0, name: "service", identity: {} });
  const device = sipPhone({
    id: "desk",
    name: "Desk phone",
    uri: `sip:desk@${bracketed(host)}:${desk.agent.port}`,
    anchored: true,
    caller,
    mediaHost: host,
  });
  service = new SipService({
    caller,
    subscriber: caller,
    devices: new DeviceRegistry([device], { defaultId: "desk" }),
    choices: new Choices(),
    identity: { uri: `sip:alice@${HOST}` },
    mediaHost: host,
  });
  open.push(service, caller);
  const target = `sip:comedies@${bracketed(host)}:${comedies.agent.port}` as const;
  const signal = new AbortController().signal;
  await service.join({
    target,
    client: "k1",
    signal,
    onAccepted: () => undefined,
    device: "desk",
    mode: "auto",
  });
}
beforeEach(() => inCall(HOST));
async function hangUp(): Promise<void> {
  await service.close();
  for (const one of open.reverse()) await one.close();
}
afterEach(hangUp);

/** Takes calls with PCMU and telephone-event under `events`, whatever number it was offered under. */
async function phone(name: string, events: number, host: string): Promise<Phone> {
  const rtp = await RtpParty.open({ host });
  const agent = await UserAgent.open({
    host,
    port: 0,
    name,
    identity: {},
    onInvite: (invite) => {
      self.described = invite.offer ?? "";
      self.leg = invite.accept(description(self, events));
    },
  });
  const self: Phone = { agent, rtp, described: "", leg: undefined };
  open.push(agent, rtp);
  return self;
}

function description({ rtp }: Phone, events: number, direction = "sendrecv"): Sdp {
  return rtp.offer(direction).replaceAll("101", String(events));
}

function answered(offer: Sdp, tell: (offer: Sdp) => void): Sdp {
  tell(offer);
  return description(comedies, 110, "sendonly");
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
    const there = await sent(desk, comedies, 96);
    const back = await sent(comedies, desk, 110);

    assert.deepEqual([there.header.payloadType, back.header.payloadType], [110, 96]);
    assert.deepEqual([...there.payload], [5, 0x8a, 0x01, 0xe0]);
    assert.deepEqual([...back.payload], [5, 0x8a, 0x01, 0xe0]);
  });

  test("arrives over IPv6 as well", async () => {
    await hangUp();
    await inCall("::1");

    assert.match(comedies.described, /^c=IN IP6 ::1\r$/m);
    assert.equal((await sent(desk, comedies, 96)).header.payloadType, 110);
  });

  test("arrives also from a phone that sends under the number we declared", async () => {
    const declared = Number(/a=rtpmap:(\d+) telephone-event/.exec(desk.described)?.[1]);

    assert.equal(declared, 101);
    assert.equal((await sent(desk, comedies, declared)).header.payloadType, 110);
  });

  test("keeps the timestamp of its first packet and the order of its packets", async () => {
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
    const answer = await desk.leg?.offer(description(desk, 98));

    assert.match(answer ?? "", /a=rtpmap:98 telephone-event/);
    assert.equal((await sent(comedies, desk, 110)).header.payloadType, 98);
    assert.equal((await sent(desk, comedies, 98)).header.payloadType, 110);
  });

  test("has the same number in every later offer of ours", async () => {
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
    desk.rtp.hz = 400;
    desk.rtp.talkTo(mediaOf(desk.described));
    await comedies.rtp.hears(400);

    const held = await comedies.leg?.offer(description(comedies, 110, "sendonly"));
    comedies.rtp.forget();
    // What was on its way may still come; a second of the desk phone's frames must not.
    const before = comedies.rtp.heard.packets.length;
    comedies.rtp.talkTo(mediaOf(comedies.described));
    await desk.rtp.frames(25);

    assert.match(held ?? "", /a=recvonly/);
    assert.ok(comedies.rtp.heard.packets.length - before <= 1, `${comedies.rtp.heard.packets.length}`);
    await comedies.leg?.offer(description(comedies, 110));
    await comedies.rtp.hears(400);
  });

  test("by the old address of zeros stays where it was, and resumes", async () => {
    desk.rtp.hz = 400;
    desk.rtp.talkTo(mediaOf(desk.described));
    const zeros = description(comedies, 110).replace(/^c=.*$/m, "c=IN IP4 0.0.0.0");
    const held = await comedies.leg?.offer(zeros);
    await comedies.leg?.offer(description(comedies, 110));

    assert.match(held ?? "", /a=recvonly/);
    await comedies.rtp.hears(400);
  });
});
