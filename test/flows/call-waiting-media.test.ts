/** Call waiting as it is heard: one desk phone, two calls, sockets, SIP and RTP as they are. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ApiClient } from "../support/daemon.ts";
import { deskService } from "../support/desk-service.ts";
import { samplesOf } from "../support/rtp-recording.ts";
import { tonesIn } from "../support/tone.ts";
import { TonePhone } from "../support/tone-phone.ts";
import { until } from "../support/until.ts";

const ALICE_HZ = 700;
const BOB_HZ = 1000;
const CAROL_HZ = 1400;

const stack = new AsyncDisposableStack();
let desk: TonePhone;
let bob: TonePhone;
let carol: TonePhone;
let alice: ApiClient;
let address: `sip:${string}`;

before(async () => {
  [desk, bob, carol] = await Promise.all([
    TonePhone.open("desk", ALICE_HZ),
    TonePhone.open("bob", BOB_HZ),
    TonePhone.open("carol", CAROL_HZ),
  ]);
  for (const phone of [desk, bob, carol]) stack.defer(() => phone.close());
  const { daemon, api } = await deskService(stack, "alice", { desk });
  const [, port] = await daemon.program.says(/SIP on sip:127\.0\.0\.1:(\d+)/);
  address = `sip:alice@127.0.0.1:${port}`;
  alice = api;
  await alice.tell("Subscribe", { to: "calls" });
});

after(() => stack.disposeAsync());

/** Calls alice; resolves when she has answered. */
async function callsAlice(phone: TonePhone): Promise<void> {
  const { leg, answer } = await phone.agent.invite(address, { offer: phone.rtp.offer() });
  phone.rtp.talkTo(answer);
  phone.calls.add(leg);
}

/** Whether the phone has heard this tone since it last forgot what it heard. */
const hasHeard = ({ rtp }: TonePhone, hz: number) =>
  rtp.heard.audio().some((packet) => tonesIn(samplesOf(packet)).includes(hz));

/** The desk phone and this one hear each other, and the other one hears nobody. */
async function talk(one: TonePhone, hz: number, other: TonePhone, silentHz: number): Promise<void> {
  for (const { rtp } of [desk, one, other]) rtp.forget();
  await Promise.all([desk.rtp.hears(hz), one.rtp.hears(ALICE_HZ)]);
  for (const { rtp } of [desk, one, other]) rtp.forget();
  await Promise.all([desk.rtp.hears(hz), one.rtp.hears(ALICE_HZ)]);
  assert.equal(hasHeard(desk, silentHz), false, "the desk phone hears who is on hold");
  assert.equal(hasHeard(other, ALICE_HZ), false, "who is on hold hears alice");
}

test("alice answers carol during her call with bob: her phone hears carol, then bob again, and is called once", async () => {
  await alice.tell("Join", { id: bob.address }, '<Use dev="desk"/>');
  await talk(bob, BOB_HZ, carol, CAROL_HZ);

  const comesIn = alice.next(({ attributes }) => attributes["state"] === "incoming");
  const answered = callsAlice(carol);
  const { attributes } = await comesIn;
  await alice.tell("Answer", { call: attributes["call"] ?? "", dev: "desk" });
  await answered;
  await talk(carol, CAROL_HZ, bob, BOB_HZ);

  await alice.tell("Resume", { call: "c1" });
  await talk(bob, BOB_HZ, carol, CAROL_HZ);
  assert.equal(desk.calls.size, 1);

  await carol.hangUp();
  await talk(bob, BOB_HZ, carol, CAROL_HZ);
  await alice.tell("Leave", { all: "true" });
  await until(() => desk.calls.size + bob.calls.size === 0, "the end of all calls");
});
