/** What a back-to-back user agent owes both ends of media that bypass it (RFC 3264 §8, RFC 3725 §4.1). */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { Sdp } from "#sip/message.ts";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const events = (number: number) => `a=rtpmap:${number} telephone-event/8000`;

/** What `name` is offered from now on; it answers with `answer`, or with what it said before. */
function offersTo(name: string, answer?: (offer: Sdp) => Sdp): Sdp[] {
  const leg = stage.cast.leg(name);
  const heard: Sdp[] = [];
  leg.offer = async (offer) => {
    heard.push(offer);
    const said = answer?.(offer) ?? leg.description;
    leg.described(said, offer);
    return said;
  };
  return heard;
}

describe("Media straight from device to far end", () => {
  test("keep their own payload numbers at both ends", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    const heard = offersTo("desk");
    const { description, handlers } = stage.cast.leg("comedies");

    await handlers.onOffer?.(description.replace(/(?<=[ :])101\b/g, "97"));

    assert.ok(heard[0]?.includes(events(97)), heard[0]);
  });

  test("never give the desk phone a number that meant something else before", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    const heard = offersTo("desk");
    const { description, handlers } = stage.cast.leg("comedies");
    const strange = description.replace(/101 telephone-event\/8000/, "101 opus/48000/2");

    await handlers.onOffer?.(strange.replace(/a=fmtp:101.*\r\n/, ""));

    assert.match(heard[0] ?? "", /^m=audio \d+ RTP\/AVP 0\r$/m);
  });

  test("follow the desk phone when its answer puts them elsewhere", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    const moved = (said: Sdp) => said.replace(/^m=audio \d+/m, "m=audio 61234");
    offersTo("desk", () => moved(stage.cast.leg("desk").description));
    stage.ladder.clear();

    await stage.switchTo("dramas:5090");

    const told = stage.cast.leg("dramas").localDescription;
    assert.match(told, /^m=audio 61234 /m);
  });

  test("may be of a kind we cannot read", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    const secured = (said: Sdp) => said.replace("RTP/AVP", "RTP/SAVP");
    const heard = offersTo("comedies", secured);

    const answer = await stage.cast
      .leg("desk")
      .handlers.onOffer?.(secured(stage.cast.leg("desk").description));

    assert.match(heard[0] ?? "", /RTP\/SAVP/);
    assert.match(answer ?? "", /RTP\/SAVP/);
  });
});
