import assert from "node:assert/strict";
import { test } from "node:test";
import { MSCML } from "../../../servers/mscml/document.ts";
import { response } from "../../../servers/mscml/notification.ts";
import { ConferenceCast } from "../../support/conference-cast.ts";
import { participantOf } from "../../support/participant-of.ts";
import { until } from "../../support/until.ts";

test("A mixer that takes a mute and says later that it cannot do it gets media that send nothing instead", async (t) => {
  const cast = await ConferenceCast.open();
  t.after(() => cast.close());
  const bob = await cast.person("bob");
  const bobs = await bob.joins("films");
  const { mixer } = cast;
  await until(() => mixer.reportsKeys("films")[0] === true, "the mixer to be told to report keys");
  await participantOf(cast.server, bobs).silence(true, "self");
  const [leg] = mixer.legs("films");
  assert.ok(leg);
  await until(() => /a=sendrecv/.test(leg.description), "media that flow on");
  const content = response({ request: "configure_leg", code: 500, text: "No" });
  assert.equal((await leg.request("INFO", { type: MSCML, content })).status, 200);
  await until(() => /a=recvonly/.test(leg.description), "media that send nothing");

  assert.equal(participantOf(cast.server, bobs).silenced, true);
});

test("A mute that a dying mixer leaves unanswered is in force at the next one, and listed then", async (t) => {
  const cast = await ConferenceCast.open();
  t.after(() => cast.close());
  const bob = await cast.person("bob");
  const bobs = await bob.joins("films");
  bobs.handlers = { onOffer: (offer) => bob.answer(offer) };
  await until(() => cast.mixer.reportsKeys("films")[0] === true, "the mixer to be told to report keys");
  const participant = participantOf(cast.server, bobs);
  const { ladder, mixer } = cast;
  ladder.clear();
  mixer.takesMscml = "silence";
  const muted = participant.silence(true, "self");
  await until(() => ladder.steps("conference -> mixer: INFO").length > 0, "the mute on its way");
  const ended = mixer.legs("films")[0]?.bye("Mixer failed");
  mixer.takesMscml = true;
  await Promise.all([muted, ended]);

  assert.equal(participant.silenced, true);
  await until(() => mixer.reportsKeys("films")[0] === true, "the next mixer leg");
  assert.ok(!mixer.heard("films")[0]?.includes(true));
});
