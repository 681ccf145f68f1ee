/** How the mixer learns in one INVITE what somebody's leg is to be, and how it is told when it does not. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { SipRequest } from "#sip/message.ts";
import { partsOf } from "#sip/multipart.ts";
import { print } from "#sip/stack.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { MixerControl } from "../../../servers/conference/mixer-control.ts";
import { MSCML } from "../../../servers/mscml/document.ts";
import { ConferenceCast, offerFrom, type Person } from "../../support/conference-cast.ts";
import { FakeMixer } from "../../support/fake-mixer.ts";
import { participantOf } from "../../support/participant-of.ts";
import { until } from "../../support/until.ts";

let cast: ConferenceCast;
let alice: Person;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
});

afterEach(() => cast.close());

const reported = () => until(() => cast.mixer.reportsKeys("films")[0] === true, "keys to be reported");
const asked = () => ({ ...cast.mixer.asked });

describe("A leg that is ordered with all it is to be", () => {
  test("reports keys without an INFO", async () => {
    await alice.joins("films");

    assert.deepEqual(cast.mixer.reportsKeys("films"), [true]);
    cast.ladder.drop((step) => step.includes("ACK"));
    cast.ladder.reads(`
      alice -> conference: INVITE sdp
      conference -> mixer: INVITE sdp
      mixer -> conference: 200 sdp
      conference -> alice: 200 sdp`);
    const [leg] = cast.mixer.legs("films");
    assert.ok(leg);
    await cast.mixer.presses(leg, "*6");
    await until(() => cast.mixer.heard("films")[0]?.at(-1) === false, "alice muted by her keys");
  });

  test("of a newcomer who is muted is heard in no frame, and may be heard with one INFO", async () => {
    cast.server.focus.policies.change("films", { muteOnEntry: true });
    const alices = await alice.joins("films");
    await until(
      () => cast.mixer.legs("films")[0]?.description.includes("sendrecv") === true,
      "her media to flow",
    );

    assert.deepEqual(new Set(cast.mixer.heard("films")[0]), new Set([false]));
    assert.equal(asked().infos, 0);
    await participantOf(cast.server, alices).silence(false, "self");
    assert.equal(cast.mixer.heard("films")[0]?.at(-1), true);
  });

  test("in another conference reports keys and stays muted there without an INFO", async () => {
    const inDramas = await alice.joins("dramas");
    await participantOf(cast.server, inDramas).silence(true);
    const before = asked().infos;
    await cast.server.focus.mover.move(cast.participant(inDramas), "films");
    await reported();

    assert.deepEqual(new Set(cast.mixer.heard("films")[0]), new Set([false]));
    assert.equal(asked().infos, before);
  });

  test("is told by INFO when the mixer passes over what the INVITE says", async () => {
    cast.mixer.readsParts = false;
    cast.server.focus.policies.change("films", { muteOnEntry: true });
    await alice.joins("films");
    await reported();
    await until(
      () => cast.mixer.legs("films")[0]?.description.includes("sendrecv") === true,
      "her media to flow",
    );

    assert.deepEqual(new Set(cast.mixer.heard("films")[0]), new Set([false]));
    assert.deepEqual(asked(), { infos: 1, invites: 1 });
  });

  for (const status of [400, 415, 488]) {
    test(`is ordered by description alone from a mixer that refuses the rest with ${status}, and all after it`, async () => {
      cast.mixer.readsParts = status;
      await alice.joins("films");
      await reported();
      assert.deepEqual(asked(), { infos: 1, invites: 2 });

      await (await cast.person("bob")).joins("films");
      await until(() => cast.mixer.reportsKeys("films")[1] === true, "bob's keys to be reported");
      assert.deepEqual(asked(), { infos: 2, invites: 3 });
    });
  }

  test("is told by INFO when its phone describes itself later", async () => {
    await alice.joins("films", { answerOffer: (offer) => alice.answer(offer) });
    await reported();

    assert.deepEqual(asked(), { infos: 1, invites: 1 });
  });
});

describe("An INVITE to the mixer", () => {
  /** The bytes of the INVITE that moves the stream of a phone which offers so many characters, and whether it says more than the media. */
  async function sent(characters: number): Promise<{ bytes: number; saysMore: boolean }> {
    const invites: SipRequest[] = [];
    const mixer = await FakeMixer.open();
    const focus = await UserAgent.open({
      host: "127.0.0.1",
      port: 0,
      name: "Partyline conference",
      identity: { name: "Conference" },
      onTrace(way, message) {
        if (way === "out" && "method" in message && message.method === "INVITE") invites.push(message);
      },
    });
    const bare = offerFrom(30_000);
    const offer = `${bare}a=${"x".repeat(characters - bare.length - 4)}\r\n`;
    const control = new MixerControl(focus, mixer.address);
    const { leg } = await control.order("dramas", { offer });
    await control.order("films", { offer, replaces: leg.id });
    await Promise.all([focus.close(), mixer.close()]);
    const [, move = assert.fail("no INVITE")] = invites;
    return {
      bytes: print(move).length,
      saysMore: partsOf(move)?.some(({ type }) => type === MSCML) === true,
    };
  }

  test("fits into a datagram with all it says, and says less when it would not", async () => {
    const sizes = await Promise.all([240, 280, 310, 480].map(sent));

    assert.deepEqual(
      sizes.map(({ saysMore }) => saysMore),
      [true, true, false, false],
    );
    for (const { bytes } of sizes) assert.ok(bytes <= 1_300, `it has ${bytes} bytes`);
  });
});
