/** Use and Hold in a real conference: what bob hears of alice there while she changes phones. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { mediaOf, RtpParty } from "../support/rtp-party.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { TwoPhones, WAYS } from "../support/two-phones.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
/** The others hear no more than this without her, in ms. */
const MOST_MS = 200;

let site: ConferenceSite;
let room: SipUri;
before(async () => {
  site = await startConferenceSite();
  room = site.room("comedies");
});
after(() => site.stop());

let call: TwoPhones;
let bob: { readonly agent: UserAgent; readonly rtp: RtpParty };
afterEach(async () => {
  await call.close();
  await bob.agent.close();
  bob.rtp.close();
});

/** Bob is in comedies with 500 Hz; alice comes with 400 Hz from her desk, and would have 600 Hz in the kitchen. */
async function inComedies(anchored: boolean, kitchenAnchored: boolean): Promise<void> {
  bob = {
    agent: await UserAgent.open({ host: HOST, port: 0, name: "bob", identity: { uri: "sip:bob@127.0.0.1" } }),
    rtp: await RtpParty.open({ hz: 500 }),
  };
  const { answer } = await bob.agent.invite(room, { offer: bob.rtp.offer() });
  bob.rtp.talkTo(mediaOf(answer));
  call = await TwoPhones.inCall({ anchored, kitchenAnchored, target: room });
  await call.talkAtDesk();
  await Promise.all([bob.rtp.hears(400), call.desk.rtp.hears(500)]);
}

describe("Alice in a conference", () => {
  for (const [desk, kitchen] of WAYS) {
    test(`goes to the kitchen and back, and bob is never long without her: ${desk} to ${kitchen}`, async () => {
      await inComedies(desk === "anchored", kitchen === "anchored");

      for (const [device, phone, hz] of [
        ["kitchen", call.kitchen, 600],
        ["desk", call.desk, 400],
      ] as const) {
        const from = bob.rtp.forget();
        await call.service.useDevice({ device, client: "k1" });
        const [back] = await Promise.all([bob.rtp.hears(hz), phone.rtp.hears(500)]);
        const silence = bob.rtp.heard.longestSilentRun({ from, to: back.at });
        assert.ok(silence <= MOST_MS, `${silence} ms without her`);
      }
    });
  }

  for (const way of ["anchored", "direct"] as const) {
    test(`is not heard on hold, does not hear, and comes back: ${way}`, async () => {
      await inComedies(way === "anchored", true);

      await call.service.hold({ held: true, client: "k1" });
      await until(() => {
        bob.rtp.forget();
        return bob.rtp.frames(10).then(() => !bob.rtp.heard.tonesHeard().includes(400));
      }, "bob hears her no longer");
      await call.service.hold({ held: false, client: "k1" });

      await Promise.all([bob.rtp.hears(400), call.desk.rtp.hears(500)]);
    });
  }
});
