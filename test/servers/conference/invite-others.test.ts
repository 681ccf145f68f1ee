import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import type { ReferOptions } from "#sip/refer.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { until, within } from "../../support/until.ts";

const _PRIVATE = "alice-0123456789abcdef";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;
let carol: Person;
let inFilms: Leg;

beforeEach(async () => {
  const inviteLimits = { atOnce: 3, perMinute: 6, inAll: 5, ringMs: 60_000 };
  cast = await ConferenceCast.open({ inviteLimits });
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  carol = await cast.person("carol");
  inFilms = await alice.joins("films", { handlers: {} });
});

afterEach(() => cast.close());

/** Every status that is reported, the final one last. */
async function refers(by: Leg, target: SipUri, options: ReferOptions = {}): Promise<number[]> {
  const heard: number[] = [];
  await by.refer(target, { ...options, onProgress: (status) => void heard.push(status) });
  return heard;
}

describe("A member who has somebody called in", () => {
  test("hears how it goes, and has him in the conference with the mixer's media", async () => {
    cast.ladder.clear();

    assert.deepEqual(await refers(inFilms, bob.address), [100, 200]);

    assert.equal(cast.count("films"), 2);
    const [call] = bob.calls;
    assert.equal(readAudio(call?.description ?? "")?.port, cast.mixer.ports("films")[1]);
    assert.equal(readAudio(cast.mixer.legs("films")[1]?.description ?? "")?.port, bob.rtpPort);
    assert.ok(call && "isfocus" in call.remoteContact.params);
    assert.equal(call.remoteContact.uri, alice.room("films"));
    assert.deepEqual(cast.ladder.steps("INVITE"), [
      "conference -> mixer: INVITE",
      "conference -> bob: INVITE sdp",
      "conference -> mixer: INVITE sdp",
    ]);
  });

  test("has him called by what the conference is called", async () => {
    cast.server.focus.conferences.get("films")?.setPolicy({ title: "Film night" });
    await refers(inFilms, bob.address);

    assert.equal(bob.invites[0]?.from.name, "Film night");
  });

  test("names herself to him, whatever her REFER says", async () => {
    await refers(inFilms, bob.address);
    await refers(inFilms, carol.address, {
      referredBy: { name: "The boss", uri: "sip:boss@example.com", params: {} },
    });

    const named = [bob, carol].map(({ invites }) => invites[0]?.request.headers["referred-by"]);
    assert.deepEqual(named, ['"alice" <sip:alice@example.com>', '"alice" <sip:alice@example.com>']);
  });

  test("learns that he is busy, and nothing is left of the call", async () => {
    bob.picksUp = 486;

    assert.deepEqual(await refers(inFilms, bob.address), [100, 486]);

    assert.equal(cast.count("films"), 1);
    await until(() => cast.mixer.ports("films").length === 1, "the end of the place that was kept");
  });

  test("learns that he has said no for good", async () => {
    bob.picksUp = 603;

    assert.deepEqual(await refers(inFilms, bob.address), [100, 603]);
  });

  test("learns that he rings, and takes the invitation back", async () => {
    bob.picksUp = false;
    const rings = Promise.withResolvers<number>();
    const outcome = inFilms.refer(bob.address, {
      onProgress: (status) => status === 180 && rings.resolve(status),
    });
    await within(rings.promise, "that he rings");

    assert.equal(await inFilms.refer(bob.address, { method: "BYE" }), 200);

    assert.equal(await outcome, 487);
    assert.equal(cast.count("films"), 1);
  });

  test("does it outside her call too, by naming it", async () => {
    const final = await alice.agent.refer(alice.room("films"), bob.address, { targetDialog: inFilms.id });

    assert.equal(final, 200);
    assert.equal(cast.count("films"), 2);
  });

  test("twice has him called once, and both hear of it", async () => {
    const both = await Promise.all([refers(inFilms, bob.address), refers(inFilms, bob.address)]);
    const again = await refers(inFilms, bob.address);

    assert.deepEqual(
      both.map((heard) => heard.at(-1)),
      [200, 200],
    );
    assert.deepEqual(again, [100, 200]);
    assert.equal(bob.invites.length, 1);
  });

  test("is refused the conference itself, another one here, and what is no call", async () => {
    await assert.rejects(inFilms.refer(alice.room("films")), { status: 403 });
    await assert.rejects(inFilms.refer(alice.room("dramas")), { status: 403 });
    await assert.rejects(inFilms.refer(bob.address, { method: "OPTIONS" }), { status: 403 });
    assert.equal(cast.server.focus.conferences.size, 1);
  });

  test("has no more phones ringing at a time than the server allows", async () => {
    const people = await Promise.all(["dave", "erin"].map((name) => cast.person(name)));
    for (const one of [bob, carol, ...people]) one.picksUp = false;
    for (const one of [bob, carol, people[0]])
      inFilms.refer(one?.address ?? "sip:nobody@127.0.0.1").catch(() => undefined);
    await until(() => people[0]?.invites.length === 1, "three phones that ring");

    await assert.rejects(inFilms.refer(people[1]?.address ?? "sip:nobody@127.0.0.1"), { status: 503 });
    assert.equal(people[1]?.invites.length, 0);
  });

  test("causes no more calls a minute than the server allows", async () => {
    bob.picksUp = 486;
    for (let call = 0; call < 6; call += 1) await refers(inFilms, bob.address);

    await assert.rejects(inFilms.refer(bob.address), { status: 503 });
    assert.equal(bob.invites.length, 6);
  });

  test("and leaves before he answers has his phone silenced when nobody is left", async () => {
    bob.picksUp = false;
    inFilms.refer(bob.address).catch(() => undefined);
    await until(() => bob.invites.length === 1, "bob's phone to ring");
    const cancelled = Promise.withResolvers<void>();
    for (const invite of bob.invites) invite.onCancelled = () => cancelled.resolve();
    await inFilms.bye();

    await within(cancelled.promise, "the CANCEL");
    await until(() => cast.mixer.ports("films").length === 0, "the mixer's legs to end");
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("when the mixer has no place for him learns that, and his phone does not ring", async () => {
    cast.mixer.refusing = 503;

    assert.equal(await inFilms.refer(bob.address), 503);

    assert.equal(cast.count("films"), 1);
    assert.equal(bob.invites.length, 0);
  });

  test("whose phone answers with what the mixer cannot do learns 488, and he is hung up on", async () => {
    bob.answer = (offer) => offer.replace(/m=audio (\d+) RTP\/AVP .*/, "m=audio $1 RTP/AVP 97");

    assert.equal(await inFilms.refer(bob.address), 488);

    await until(() => bob.hungUp.length === 1, "the end of bob's call");
    await until(() => cast.mixer.ports("films").length === 1, "the end of the place that was kept");
    assert.equal(cast.count("films"), 1);
  });
});

describe("The roster", () => {
  test("is had by whoever answers and asks for it at once, before the mixer has agreed", async () => {
    const agreed = Promise.withResolvers<void>();
    cast.mixer.onChange = () => agreed.promise;
    const outcome = inFilms.refer(bob.address);
    await until(() => bob.calls.length === 1, "bob to answer");
    const [call] = bob.calls;
    assert.ok(call);
    const watch = bob.watches("films", { by: call, from: bob.address });
    await until(() => cast.ladder.steps("bob -> conference: SUBSCRIBE").length === 1, "bob to ask");
    agreed.resolve();

    assert.equal(await outcome, 200);
    await watch.heard(1);
    assert.equal(watch.ended, undefined);
  });

  test("shows who is being called, who rings and who does not come", async () => {
    const watch = alice.watches("films");
    await watch.heard(1);
    bob.picksUp = false;
    const outcome = inFilms.refer(bob.address);
    await until(() => statuses(watch).includes("alerting"), "bob ringing");
    bob.invites[0]?.reject(486);
    assert.equal(await outcome, 486);
    await until(() => statuses(watch).includes("disconnected"), "bob not coming");

    const reason = JSON.stringify(watch.last);
    assert.match(reason, /SIP;cause=486;text=/);
    assert.match(reason, /"disconnection-method".*busy/);
    assert.equal(cast.count("films"), 1);
  });

  test("shows nobody the PIN or token by which somebody is called", async () => {
    const watch = alice.watches("films");
    await watch.heard(1);
    bob.picksUp = false;
    const outcome = inFilms.refer(`${bob.address};pin=4711;token=abcdefgh;transport=udp`);
    await until(() => statuses(watch).includes("alerting"), "bob ringing");
    bob.invites[0]?.reject(486);
    assert.equal(await outcome, 486);
    await until(() => statuses(watch).includes("disconnected"), "bob not coming");

    assert.match(bob.invites[0]?.target ?? "", /;pin=4711;token=abcdefgh/);
    assert.match(JSON.stringify(watch.documents), /;transport=udp/);
    assert.doesNotMatch(JSON.stringify(watch.documents), /4711|abcdefgh/);
  });

  test("lists who came so as dialed out, at his address, and counts him", async () => {
    const watch = alice.watches("films");
    await watch.heard(1);
    await inFilms.refer(bob.address);
    await until(() => /"user-count".*?"text":"2"/.test(JSON.stringify(watch.last)), "bob counted");

    assert.deepEqual(watch.users(), ["bob full sendrecv"]);
    assert.match(JSON.stringify(watch.last), new RegExp(`"entity":"${bob.address}".*dialed-out`));
    assert.ok(statuses(watch).includes("connected"));
  });
});

describe("A full server", () => {
  test("calls nobody for whom it has no place", async () => {
    const small = await ConferenceCast.open({
      limits: { conferences: 2, participants: 2, subscriptionsEach: 2 },
    });
    const dave = await small.person("dave");
    const erin = await small.person("erin");
    const daves = await dave.joins("films");
    assert.equal(await daves.refer(erin.address), 200);

    await assert.rejects(daves.refer(bob.address), { status: 503 });
    assert.equal(bob.invites.length, 0);
    await small.close();
  });
});

describe("A focus", () => {
  test("does not come into a conference of another focus", async () => {
    const joined = bob.joins("films", { contactParams: { isfocus: null } });

    await assert.rejects(joined, { status: 482 });
  });
});

/** The status of every endpoint there was in the documents. */
function statuses(watch: { readonly documents: readonly object[] }): string[] {
  const text = JSON.stringify(watch.documents);
  return [
    ...text.matchAll(
      /"name":"status","namespace":"[^"]*","attributes":\{\},"children":\[\],"text":"([a-z-]+)"/g,
    ),
  ].map(([, status]) => status ?? "");
}
