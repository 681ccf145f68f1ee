/** Real softphones in a conference: they mute themselves by keys, are muted, hold and resume; heard and listed as such. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { SipUri } from "#sip/message.ts";
import { Baresip } from "../support/baresip.ts";
import { mutes } from "../support/control-package.ts";
import { Linphone } from "../support/linphone.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { VoicePhone } from "../support/voice-phone.ts";

const HZ = 600;
/** A key pressed before the last one is over is not sent. */
const BETWEEN_KEYS_MS = 300;

/** What a person does with a softphone. */
interface Softphone {
  readonly address: SipUri;
  press(keys: string): Promise<void>;
  hold(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

async function baresip(): Promise<Softphone> {
  const phone = await Baresip.start({ name: "carol", hz: HZ, answer: "auto" });
  return {
    address: phone.address,
    async press(keys) {
      for (const key of keys) {
        await phone.command("sndcode", key);
        await setTimeout(BETWEEN_KEYS_MS);
      }
    },
    hold: async () => void (await phone.command("hold")),
    resume: async () => void (await phone.command("resume")),
    stop: () => phone.stop(),
  };
}

async function linphone(): Promise<Softphone> {
  const phone = await Linphone.start({ name: "carol", hz: HZ });
  return {
    address: phone.address,
    press: async (keys) => phone.command(keys),
    hold: async () => phone.command("pause"),
    resume: async () => phone.command("resume 1"),
    stop: () => phone.stop(),
  };
}

for (const [name, start] of Object.entries({ baresip, linphone })) {
  describe(`${name} in a conference`, () => {
    let site: ConferenceSite;
    let alice: VoicePhone;
    let phone: Softphone;

    /** Carol is called in by alice, who so may mute her. */
    beforeEach(async () => {
      [site, alice, phone] = await Promise.all([startConferenceSite(), VoicePhone.open("alice"), start()]);
      const room = site.room("films");
      await alice.joins(room);
      await alice.watches(room);
      assert.equal(await alice.call.refer(phone.address), 200);
      await alice.rtp.hears(HZ);
    });

    afterEach(async () => {
      await phone.stop();
      await alice.close();
      await site.stop();
    });

    /** Half a second in which she is not heard; then what was heard before is forgotten. */
    async function silence(): Promise<void> {
      await alice.rtp.frames(5);
      const from = alice.rtp.forget();
      await alice.rtp.frames(25);
      assert.deepEqual(alice.framesWith(HZ, from), []);
    }

    test("mutes itself by *6 and is heard again by *6", async () => {
      const at = performance.now();
      await phone.press("*6");
      await alice.reads(/muted-via-focus/, at);
      await silence();
      await phone.press("*6");
      await alice.rtp.hears(HZ);
    });

    test("raises a hand by *9", async () => {
      const at = performance.now();
      await phone.press("*9");
      await alice.reads(/hand[^>]*>true</, at);
    });

    test("is muted, and heard again", async () => {
      const at = performance.now();
      await mutes(alice.call, phone.address);
      await alice.reads(/muted-via-focus/, at);
      await silence();
      await mutes(alice.call, phone.address, false);
      await alice.rtp.hears(HZ);
    });

    test("holds, is listed so and not heard, and resumes", async () => {
      const at = performance.now();
      await phone.hold();
      await alice.reads(/on-hold/, at);
      await silence();
      await phone.resume();
      await alice.rtp.hears(HZ);
    });
  });
}
