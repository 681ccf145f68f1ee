/** Multi-Invite with telephones among the people, where nothing says how telephones are called. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { HostCast } from "../support/host-cast.ts";

/** A telephone, as the API hands it to the service. */
const AUNT = "tel:+4930123456" as SipUri;

let cast: HostCast;

beforeEach(async () => {
  cast = await HostCast.open();
});

afterEach(() => cast.close());

const invite = (people: Parameters<HostCast["invite"]>[0]) => cast.invite(people, { device: "desk" });

describe("A telephone that cannot be called", () => {
  test("is refused alone: the others come, from no call and into a conference", async () => {
    const [bob, carol] = await Promise.all(["bob", "carol"].map((name) => cast.person(name)));
    assert.ok(bob && carol);

    for (const people of [
      [AUNT, bob],
      [carol, AUNT],
    ]) {
      const { invitees } = await invite(people);
      const failed = invitees.find(({ state }) => state === "failed");

      assert.deepEqual(invitees.map(({ state }) => state).sort(), ["failed", "joined"]);
      assert.equal(failed?.id, AUNT);
      assert.equal(failed?.error?.code, "bad-uri");
      assert.match(failed?.error?.detail ?? "", /numberPlan/);
    }
    assert.deepEqual([bob.invites.length, carol.invites.length], [1, 1]);
  });

  test("is no reason for a conference by itself", async () => {
    await assert.rejects(invite([AUNT, AUNT]), { code: "bad-uri", message: /numberPlan/ });

    assert.deepEqual(cast.conference.ladder.steps("INVITE"), []);
  });
});
