/** baresip's keys reach the conference as it sends them: RFC 4733 in its RTP, found by the mixer's thread, told by MSCML. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Baresip } from "../support/baresip.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { VoicePhone } from "../support/voice-phone.ts";

const BOB = 600;

describe("baresip in a conference", () => {
  let site: ConferenceSite;
  let alice: VoicePhone;
  let bob: Baresip;

  before(async () => {
    site = await startConferenceSite();
    alice = await VoicePhone.open("alice");
    bob = await Baresip.start({ name: "bob", hz: BOB });
    await alice.joins(site.room("films"));
    await bob.dial(site.room("films"));
    await alice.rtp.hears(BOB);
  });

  after(async () => {
    await bob?.stop();
    await alice?.close();
    await site?.stop();
  });

  test("presses *6 and is silent in the room, and presses it again and is heard", async () => {
    await bob.command("sndcode", "*6");
    await until(
      () =>
        alice.rtp.heard
          .audio()
          .slice(-10)
          .every(({ payload }) => payload.every((code) => code === 0xff)),
      "silence",
    );
    await alice.rtp.frames(10);
    await bob.command("sndcode", "*6");
    await alice.rtp.hears(BOB);

    assert.equal(alice.rtp.heard.missingFrames(), 0);
    assert.ok(
      alice.rtp.heard.packets.every(({ header }) => header.payloadType === 0),
      "no telephone event came through",
    );
    assert.deepEqual(alice.rtp.heard.tonesHeard(), [BOB], "and no tone of a key");
  });
});
