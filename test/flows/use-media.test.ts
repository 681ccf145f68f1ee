/** Use with sockets, SIP and RTP as they are: comedies goes on hearing alice while she walks from the desk to the kitchen. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { mediaOf } from "../support/rtp-party.ts";
import { TwoPhones, WAYS } from "../support/two-phones.ts";

/** The others hear no more than this without her, in ms. */
const MOST_MS = 200;

let call: TwoPhones;
afterEach(() => call.close());

const use = (device: string) => call.service.useDevice({ device, client: "k1" });

/** Alice's voice is 400 Hz at the desk and 600 Hz in the kitchen, that of comedies 500 Hz. */
async function talkingAtTheDesk(anchored: boolean, kitchenAnchored: boolean): Promise<void> {
  call = await TwoPhones.inCall({ anchored, kitchenAnchored });
  const { desk, comedies } = call;
  comedies.rtp.hz = 500;
  await call.talkAtDesk();
  comedies.rtp.talkTo(mediaOf(comedies.described));
  await Promise.all([comedies.rtp.hears(400), desk.rtp.hears(500)]);
}

/** Longest time without a packet of sound, in ms. */
function longestSilence(from: number): number {
  const { rtp } = call.comedies;
  const sounds = rtp.heard.audio({ from }).map(({ at }) => at);
  const gaps = sounds.slice(1).map((at, index) => at - (sounds[index] ?? at));
  return Math.max(...gaps, rtp.heard.longestSilentRun({ from }));
}

describe("Alice goes from the desk to the kitchen", () => {
  for (const [desk, kitchen] of WAYS) {
    test(`and both hear each other again at once: ${desk} to ${kitchen}`, async () => {
      await talkingAtTheDesk(desk === "anchored", kitchen === "anchored");
      const from = call.comedies.rtp.forget();

      await use("kitchen");
      await Promise.all([call.comedies.rtp.hears(600), call.kitchen.rtp.hears(500)]);

      assert.ok(longestSilence(from) <= MOST_MS, `${longestSilence(from)} ms`);
      assert.equal(call.desk.leg?.state, "ended");
      await use("desk");
      await Promise.all([call.comedies.rtp.hears(400), call.desk.rtp.hears(500)]);
      assert.equal(call.kitchen.leg?.state, "ended");
    });
  }

  test("while comedies changes the call itself at the same moment: she is there all the same", async () => {
    await talkingAtTheDesk(false, false);

    const used = use("kitchen");
    const changed = call.comedies.leg?.offer(call.comedies.description());
    await Promise.all([used, changed]);

    await Promise.all([call.comedies.rtp.hears(600), call.kitchen.rtp.hears(500)]);
  });

  test("and stays at the desk when the kitchen phone is gone: it is still heard", async () => {
    await talkingAtTheDesk(true, false);
    await call.kitchen.agent.close();
    const gaveUp = use("kitchen");
    gaveUp.catch(() => undefined);

    await Promise.all([call.comedies.rtp.hears(400), call.desk.rtp.hears(500)]);
    assert.equal(call.service.calls()[0]?.dev, "desk");
    await call.service.leave({ all: true, hangup: true, client: "k1" });
    await assert.rejects(gaveUp);
  });
});
