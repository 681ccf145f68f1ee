/** Several people called in at once: by a list in the INVITE (RFC 5366) or in a REFER (RFC 5368). */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import { formatRecipients } from "#sip/recipient-list.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { RawUdp, rawRequest } from "../../support/raw-sip.ts";
import { until } from "../../support/until.ts";

const PRIVATE = "alice-0123456789abcdef";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;
let carol: Person;
let inFilms: Leg;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  carol = await cast.person("carol");
  inFilms = await alice.joins("films", { handlers: {} });
});

afterEach(() => cast.close());

describe("A list of people", () => {
  const list = (...people: Person[]) =>
    formatRecipients(people.map(({ address: uri, name }) => ({ uri, name })));

  test("in the INVITE that opens the conference has all of them called", async () => {
    carol.picksUp = 603;
    const leg = await alice.joins(PRIVATE, {
      parts: [list(bob, carol)],
      headers: { require: "recipient-list-invite" },
    });
    await until(() => cast.count(PRIVATE) === 2 && carol.invites.length === 1, "bob, and not carol");

    assert.ok(leg.supports.has("recipient-list-invite"));
    assert.equal(bob.invites[0]?.request.headers["referred-by"], '"alice" <sip:alice@example.com>');
  });

  test("has nobody called before the caller has shown to be there, by the ACK", async () => {
    const acknowledges = Promise.withResolvers<void>();
    const joining = alice.joins(PRIVATE, {
      parts: [list(bob)],
      headers: { require: "recipient-list-invite" },
      confirm: acknowledges.promise,
    });
    await until(() => cast.count(PRIVATE) === 1, "alice, listed in the conference");
    assert.equal(bob.invites.length, 0);
    acknowledges.resolve();
    await joining;

    await until(() => bob.invites.length === 1, "bob called");
  });

  test("that names a conference of ours among others has the others called", async () => {
    const parts = [formatRecipients([{ uri: alice.room("films") }, { uri: bob.address }])];
    await alice.joins(PRIVATE, { parts, headers: { require: "recipient-list-invite" } });

    await until(() => cast.count(PRIVATE) === 2, "bob");
    assert.deepEqual(cast.ladder.steps("conference -> conference"), []);
  });

  test("that is none is refused with 400", async () => {
    const parts = [
      { type: "application/resource-lists+xml", disposition: "recipient-list", content: "<no/>" },
    ];

    await assert.rejects(alice.joins(PRIVATE, { parts }), { status: 400 });
  });

  test("in a REFER has all of them called, and no reports are owed", async () => {
    const { content, type } = list(bob, carol);
    const { status, headers } = await inFilms.request(
      "REFER",
      { type, content },
      {
        "refer-to": "<cid:people@alice>",
        "refer-sub": "false",
        require: "multiple-refer, norefersub",
        "content-disposition": "recipient-list",
        "content-id": "<people@alice>",
      },
    );
    await until(() => cast.count("films") === 3, "bob and carol");

    assert.equal(status, 202);
    assert.equal(headers["refer-sub"], "false");
  });

  /** A REFER of somebody who is in no conference, as bytes: what it gets. */
  async function strangerRefers(...lines: string[]): Promise<string> {
    const { content, type } = list(carol);
    using mallory = await RawUdp.open(Number(cast.server.address.split(":").at(-1)));
    const request = {
      uri: bob.room("films"),
      callId: "mallorys@example.org",
      via: `Via: SIP/2.0/UDP 127.0.0.1:${mallory.port};branch=z9hG4bK-mallory;rport`,
      body: content,
    };
    const about = ["Content-Disposition: recipient-list", "Content-ID: <people@bob>"];
    const asked = ["Refer-To: <cid:people@bob>", "Require: multiple-refer", `Content-Type: ${type}`];
    mallory.send(rawRequest({ ...request, method: "REFER", lines: [...asked, ...about, ...lines] }));
    return await mallory.answerTo(request.callId);
  }

  test("in a REFER of a stranger is refused with 403, and nobody is called", async () => {
    assert.match(await strangerRefers("Contact: <sip:mallory@127.0.0.1:5999>"), /^SIP\/2\.0 403 /);
    assert.equal(carol.invites.length, 0);
  });

  test("in a REFER that says not where its sender is, and so is none, is refused with 400", async () => {
    assert.match(await strangerRefers(), /^SIP\/2\.0 400 No Usable Contact/);
    assert.equal(carol.invites.length, 0);
  });
});
