/** Whoever calls the factory gets a conference of their own (RFC 4579 §5.4). */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import { formatRecipients } from "#sip/recipient-list.ts";
import { parseUri } from "#sip/uri.ts";
import { newConferenceId } from "../../../servers/conference/factory.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { until } from "../../support/until.ts";

const INFO = "application/conference-info+xml";
const SECRET_NAME = /^alice-[0-9a-f]{32}$/;

let cast: ConferenceCast;
let alice: Person;
let bob: Person;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
});

afterEach(() => cast.close());

/** The name of the conference that a call is in, as its Contact says. */
function nameOf({ remoteContact }: Leg): string {
  return parseUri(remoteContact.uri)?.user ?? "";
}

function locks(leg: Leg): Promise<void> {
  const content = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:x@y" state="partial"><conference-state><locked>true</locked></conference-state></conference-info>`;
  return leg.info("conference-control", { type: INFO, content });
}

describe("A call to the conference factory", () => {
  test("is answered by a focus whose address is a conference that was not there before", async () => {
    const alices = await alice.joins("factory");

    assert.match(nameOf(alices), SECRET_NAME);
    assert.ok("isfocus" in alices.remoteContact.params);
    assert.equal(cast.count(nameOf(alices)), 1);
    assert.equal(cast.count("factory"), 0);
    assert.deepEqual(cast.mixer.ports(nameOf(alices)).length, 1);
  });

  test("makes its caller moderator, in this call and the one that takes its place", async () => {
    const alices = await alice.joins("factory");
    const watch = alice.watches(nameOf(alices), { by: alices });
    await watch.heard(1);

    assert.match(JSON.stringify(watch.last), /"name":"entry".*?"text":"moderator"/);
    assert.match(JSON.stringify(watch.last), /Conference of alice/);
    const second = await alice.joins(nameOf(alices), { replaces: alices.id });
    await locks(second);
    assert.equal(cast.server.focus.conferences.get(nameOf(second))?.locked, true);
  });

  test("gives each caller another conference", async () => {
    const [one, other] = [await alice.joins("factory"), await alice.joins("factory")];

    assert.notEqual(nameOf(one), nameOf(other));
  });

  test("makes a conference that others join by its address, as members like any", async () => {
    const alices = await alice.joins("factory");
    const bobs = await bob.joins(nameOf(alices));

    assert.equal(cast.count(nameOf(alices)), 2);
    await assert.rejects(locks(bobs), { status: 403 });
  });

  test("with a list has all of them called into the new conference", async () => {
    const alices = await alice.joins("factory", {
      parts: [formatRecipients([{ uri: bob.address }])],
      headers: { require: "recipient-list-invite" },
    });
    await until(() => cast.count(nameOf(alices)) === 2, "bob");

    assert.equal(bob.calls[0]?.remoteContact.uri, alices.remoteContact.uri);
  });

  test("with a call to be replaced takes that along", async () => {
    const films = await alice.joins("films");
    const own = await alice.joins("factory", { replaces: films.id });

    assert.match(nameOf(own), SECRET_NAME);
    assert.equal(cast.count("films"), 0);
    await locks(own);
  });

  test("makes nothing when the mixer refuses", async () => {
    cast.mixer.refusing = 486;

    await assert.rejects(alice.joins("factory"), { status: 503 });
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("is answered 503 when there is no room for one more conference", async () => {
    await cast.close();
    cast = await ConferenceCast.open({ limits: { conferences: 1 } });
    alice = await cast.person("alice");
    await alice.joins("factory");

    await assert.rejects(alice.joins("factory"), { status: 503, reason: "Server Full" });
    assert.equal((await alice.agent.request("OPTIONS", alice.room("factory"))).status, 503);
  });
});

describe("The name of a new conference", () => {
  const names: readonly (readonly [string, RegExp])[] = [
    ["sip:alice@example.com", /^alice-[0-9a-f]{32}$/],
    ["sip:a%22b%0d@example.com", /^a22b0d-[0-9a-f]{32}$/],
    ["sip:+49301234567@example.com", /^49301234567-[0-9a-f]{32}$/],
    ["sip:example.com", /^guest-[0-9a-f]{32}$/],
    [`sip:${"x".repeat(200)}@example.com`, /^x{31}-[0-9a-f]{32}$/],
  ];
  for (const [aor, name] of names) {
    test(`is a name for ${aor.slice(0, 40)} too`, () => {
      assert.match(newConferenceId({ aor, anonymous: false }), name);
    });
  }

  test("says nothing of whoever withholds their own", () => {
    const id = newConferenceId({ aor: "sip:anonymous@anonymous.invalid", anonymous: true });

    assert.match(id, /^guest-[0-9a-f]{32}$/);
  });
});
