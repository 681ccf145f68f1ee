/** PIN and lobby with real media: what somebody hears who is not in yet, and from when on he is heard. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { type ConferenceServer, openConferenceServer } from "../../servers/conference/server.ts";
import { type ReceivedPacket, samplesOf } from "../support/rtp-recording.ts";
import { type Server, startMixer } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { VoicePhone } from "../support/voice-phone.ts";

const HOST = "127.0.0.1";
/** Higher than the prompts speak. */
const ALICE = 3_350;
const BOB = 2_950;
const log = { info: () => undefined, error: () => undefined };

let mixer: Server;
let conference: ConferenceServer;
let alice: VoicePhone;
let bob: VoicePhone;

beforeEach(async () => {
  mixer = await startMixer({ args: ["--rtp", "0"] });
  const mixers: SipUri[] = [`sip:${mixer.host}:${mixer.port}`];
  conference = await openConferenceServer({ host: HOST, port: 0, mixers, log });
  alice = await VoicePhone.open("alice", ALICE);
  bob = await VoicePhone.open("bob", BOB);
});

afterEach(async () => {
  await Promise.all([alice.close(), bob.close()]);
  await conference.close();
  await mixer.stop();
});

const films = (parameters = ""): SipUri =>
  `sip:films@${conference.address.slice("sip:".length)}${parameters}`;

/** Loud as a voice is. */
const isSpoken = (packet: ReceivedPacket) => samplesOf(packet).some((sample) => Math.abs(sample) > 1_000);

const inside = (count: number) =>
  until(() => conference.focus.conferences.get("films")?.size === count, `${count} in the conference`);

describe("A telephone that calls a conference with a PIN", () => {
  beforeEach(async () => {
    conference.focus.policies.change("films", { pin: "4711" });
    await bob.joins(films(";pin=4711"));
  });

  test("is spoken to, hears nobody and is heard by nobody, types it, and is in: no frame is missing", async (t) => {
    await alice.joins(films());
    await alice.rtp.next(isSpoken);
    await alice.rtp.frames(60);
    const early = [alice.rtp.heard.firstWith(BOB), bob.rtp.heard.firstWith(ALICE)];
    await until(() => conference.focus.members.all.length === 2, "alice at the door");
    const typedAt = await alice.presses("4711#");
    await Promise.all([alice.rtp.hears(BOB), bob.rtp.hears(ALICE)]);
    const first = alice.rtp.heard.firstWith(BOB, typedAt)?.at ?? Number.NaN;
    t.diagnostic(`bob was heard ${Math.round(first - typedAt)} ms after the #`);
    await alice.rtp.frames(10);

    assert.deepEqual(early, [undefined, undefined]);
    assert.equal(alice.rtp.heard.missingFrames(), 0);
    assert.equal(alice.rtp.heard.ssrcChanges(), 0);
    await inside(2);
  });

  test("is spoken to again after a wrong one, and may try again", async () => {
    await alice.joins(films());
    await alice.rtp.next(isSpoken);
    await alice.rtp.frames(100);
    await alice.presses("1234#");
    await alice.rtp.next(isSpoken);
    await alice.presses("*4711#");

    await Promise.all([alice.rtp.hears(BOB), bob.rtp.hears(ALICE)]);
  });
});

describe("Two who wait in a lobby", () => {
  test("do not hear one another until they are let in, and then without a gap", async () => {
    conference.focus.policies.change("films", { lobby: true });
    await alice.joins(films());
    await bob.joins(films());
    await alice.rtp.frames(50);
    const held = conference.focus.conferences.get("films");
    assert.equal(held?.waiting.size, 2);
    const early = [alice.rtp.heard.firstWith(BOB), bob.rtp.heard.firstWith(ALICE)];
    assert.deepEqual(early, [undefined, undefined]);
    held.setPolicy({ lobby: false });
    await Promise.all([alice.rtp.hears(BOB), bob.rtp.hears(ALICE)]);
    await alice.rtp.frames(10);

    for (const { rtp } of [alice, bob]) {
      assert.equal(rtp.heard.missingFrames(), 0);
      assert.equal(rtp.heard.ssrcChanges(), 0);
    }
  });
});
