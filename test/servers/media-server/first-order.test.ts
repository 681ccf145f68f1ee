/** What an INVITE says of its leg beside the media: done before anybody hears him, and answered in the 200. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { InviteOptions } from "#sip/leg.ts";
import type { SipResponse } from "#sip/message.ts";
import { partsOf } from "#sip/multipart.ts";
import { MSCML } from "../../../servers/mscml/document.ts";
import { readNotification } from "../../../servers/mscml/notification.ts";
import { configureLeg, play } from "../../../servers/mscml/request.ts";
import { press } from "../../support/keypad.ts";
import { join, phone, room, type Studio, studio } from "../../support/mixer-cast.ts";
import { mediaOf } from "../../support/rtp-party.ts";
import { until } from "../../support/until.ts";

/** A phone whose leg is ordered with this document; what the 200 says of it, and the keys that are told. */
async function ordered({ mixer, focus }: Studio, content: string, options: InviteOptions = {}) {
  const party = await phone(450);
  let said: SipResponse | undefined;
  const keys: string[] = [];
  const { leg, answer } = await focus.invite(room(mixer, "comedies"), {
    offer: party.offer(),
    parts: [{ type: MSCML, disposition: "signal;handling=optional", content }],
    onAccepted: (response) => {
      said = response;
    },
    handlers: {
      onRequest: (request) => {
        const news = readNotification(request.content);
        if (news?.kind === "keypress") keys.push(news.digit);
        return { status: 200 };
      },
    },
    ...options,
  });
  party.talkTo(answer);
  const part = said && partsOf(said)?.find(({ type }) => type === MSCML);
  const response = part && readNotification(part.content);
  assert.ok(response?.kind === "response");
  return { party, leg, answer, keys, response };
}

describe("An INVITE that says how its leg is to be", () => {
  test("has nobody hear him from his first packet on who is to be mute, and his keys told", async () => {
    const films = await studio();
    const bob = await join(films, "comedies", 600);
    const from = performance.now();
    const alice = await ordered(films, configureLeg({ mixmode: "mute", keypresses: true }));
    await alice.party.hears(600);
    press(alice.party, mediaOf(alice.answer), "7");
    await bob.party.frames(20);

    assert.deepEqual([alice.response.request, alice.response.code], ["configure_leg", 200]);
    assert.deepEqual(bob.party.heard.tonesHeard({ from }), []);
    await until(() => alice.keys.length > 0, "the key to be told");
    assert.deepEqual(alice.keys, ["7"]);
  });

  test("of a stream that goes on in it is done there, muted or not, and his keys are told", async () => {
    const films = await studio();
    const bob = await join(films, "comedies", 600);
    const alice = await ordered(films, configureLeg({ mixmode: "mute" }));
    const moved = await ordered(films, configureLeg({ mixmode: "full", keypresses: true }), {
      replaces: alice.leg.id,
      offer: alice.party.offer(),
    });
    await bob.party.hears(450);
    press(alice.party, mediaOf(moved.answer), "8");

    await until(() => moved.keys.length > 0, "the key to be told");
    assert.equal(moved.response.code, 200);
  });

  for (const [what, content, request, code] of [
    ["is no XML", "<configure_leg", "unknown", 400],
    ["names another request", play("muted"), "play", 501],
    ["has a mixmode that is none", configureLeg({ mixmode: "deaf" as "mute" }), "configure_leg", 400],
    ["wants keys in the mix", configureLeg({ mixmode: "mute", clamp: false }), "configure_leg", 501],
  ] as const) {
    test(`is accepted when that ${what}, says so in the 200, and changes nothing`, async () => {
      const films = await studio();
      const bob = await join(films, "comedies", 600);
      const { response } = await ordered(films, content);

      assert.deepEqual([response.request, response.code], [request, code]);
      assert.notEqual(response.text, "");
      await bob.party.hears(450);
    });
  }
});
