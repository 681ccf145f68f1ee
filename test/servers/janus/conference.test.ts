/** Conferences on a real Janus through the mixer's SIP face: hearing, moving, offers and answers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { stageForEach, TIMERS } from "../../support/janus-studio.ts";
import { mediaOf } from "../../support/rtp-party.ts";
import { until } from "../../support/until.ts";

const stage = stageForEach();

describe("Janus behind the mixer's SIP face", () => {
  test("puts three callers into a conference, each hearing the other two", async () => {
    const alice = await stage.films.join("comedies", 450);
    const bob = await stage.films.join("comedies", 600);
    const carol = await stage.films.join("comedies", 1000);
    await Promise.all([alice.party.hears(600), bob.party.hears(1000), carol.party.hears(450)]);
    await alice.party.frames(10);
    const from = performance.now();
    await Promise.all([alice, bob, carol].map(({ party }) => party.frames(15)));

    assert.deepEqual(alice.party.heard.tonesHeard({ from }), [600, 1000]);
    assert.deepEqual(bob.party.heard.tonesHeard({ from }), [450, 1000]);
    assert.deepEqual(carol.party.heard.tonesHeard({ from }), [450, 600]);
  });

  test("moves a caller by Replaces: same port and SSRC, no frame missing, and the old dialog gets its BYE", async () => {
    await stage.films.join("comedies", 450);
    await stage.films.join("dramas", 600);
    const goodbye = Promise.withResolvers<string>();
    const carol = await stage.films.join("comedies", 1000, { onEnded: goodbye.resolve });
    await carol.party.hears(450);
    await carol.party.frames(5);
    carol.party.forget();
    await carol.party.frames(5);
    const movedAt = performance.now();

    const moved = await stage.films.focus.invite(stage.films.room("dramas"), {
      offer: carol.party.offer(),
      replaces: carol.leg.id,
    });
    const first = await carol.party.hears(600);
    await carol.party.frames(25);

    assert.deepEqual(mediaOf(moved.answer), mediaOf(carol.answer));
    assert.match(await goodbye.promise, /Replaced/);
    assert.equal(carol.party.heard.missingFrames(), 0);
    assert.equal(carol.party.heard.ssrcChanges(), 0);
    assert.ok(first.at - movedAt < 500, `${first.at - movedAt} ms`);
    assert.deepEqual(stage.films.mixer.dump().legs.length, 3);
    await moved.leg.bye();
    await until(() => stage.films.mixer.dump().legs.length === 2, "carol's end");
  });

  test("lets a listener hear who sends nothing himself, in PCMA too", async () => {
    await stage.films.join("comedies", 450);
    const bob = await stage.films.phone(undefined, "PCMA");
    await stage.films.focus.invite(stage.films.room("comedies"), { offer: bob.offer("recvonly") });

    const { header } = await bob.hears(450);
    assert.equal(header.payloadType, 8);
  });

  test("takes a caller without an offer: ours goes in the 200, his answer in the ACK", async () => {
    const alice = await stage.films.join("comedies", 450);
    const bob = await stage.films.phone(600);
    await stage.films.focus.invite(stage.films.room("comedies"), {
      answerOffer: (offer) => {
        bob.talkTo(offer);
        return bob.offer();
      },
    });

    await Promise.all([alice.party.hears(600), bob.hears(450)]);
  });

  test("follows a re-INVITE to another address, with PCMA there, and to hold and back", async () => {
    const alice = await stage.films.join("comedies", 450);
    const bob = await stage.films.join("comedies", 600);
    await alice.party.hears(600);
    const desk = await stage.films.phone(1000, "PCMA");

    desk.talkTo(await alice.leg.offer(desk.offer()));
    const { header } = await desk.hears(600);
    assert.equal(header.payloadType, 8);
    await bob.party.hears(1000);

    assert.match(await alice.leg.offer(desk.offer("sendonly")), /a=recvonly/);
    await until(() => performance.now() - (desk.heard.packets.at(-1)?.at ?? 0) > 100, "silence at the desk");
    await alice.leg.offer(desk.offer());
    await desk.hears(600);
    // Time went on at the desk; of the packets none seems lost.
    const sequence = desk.heard.audio().map(({ header }) => header.sequence);
    assert.ok(sequence.every((number, i) => i === 0 || number === (((sequence[i - 1] ?? 0) + 1) & 65_535)));
    assert.equal(desk.heard.ssrcChanges(), 0);
  });

  test("says 488 to media Janus cannot do, at first and in a re-INVITE, and 404 to what names no conference", async () => {
    const alice = await stage.films.join("comedies", 450);
    const opus = alice.party
      .offer()
      .replace(/RTP\/AVP 0 101/, "RTP/AVP 96")
      .replace("rtpmap:0 PCMU/8000", "rtpmap:96 opus/48000/2");

    await assert.rejects(stage.films.focus.invite(stage.films.room("comedies"), { offer: opus }), {
      status: 488,
    });
    await assert.rejects(alice.leg.offer(opus), { status: 488 });
    const nobody = stage.films.mixer.address.replace("sip:", "sip:films@") as SipUri;
    await assert.rejects(stage.films.focus.invite(nobody, { offer: alice.party.offer() }), { status: 404 });
    assert.equal(stage.films.mixer.dump().legs.length, 1);
  });

  test("says no to a Replaces that names no dialog, or comes from another address than the dialog", async () => {
    const alice = await stage.films.join("comedies", 450);
    const stranger = await UserAgent.open({
      host: "127.0.0.2",
      port: 0,
      name: "x",
      identity: {},
      timers: TIMERS,
    });
    const steal = (by: UserAgent, localTag: string) =>
      by.invite(stage.films.room("dramas"), {
        offer: alice.party.offer(),
        replaces: { ...alice.leg.id, localTag },
      });

    await assert.rejects(steal(stage.films.focus, "nobody"), { status: 481 });
    await assert.rejects(steal(stranger, alice.leg.id.localTag), { status: 403 });
    await stranger.close();
    assert.equal(alice.leg.state, "confirmed");
    assert.deepEqual(
      stage.films.mixer.dump().rooms.map(({ conference }) => conference),
      ["", "comedies"],
    );
  });

  test("a leg that its owner does not acknowledge gets no audio, and ends", async () => {
    await stage.films.join("comedies", 450);
    const bob = await stage.films.phone();
    const confirm = Promise.withResolvers<void>();
    const called = stage.films.focus.invite(stage.films.room("comedies"), {
      offer: bob.offer(),
      confirm: confirm.promise,
    });
    await until(() => stage.films.mixer.dump().legs.length === 2, "bob's leg");
    const port = stage.films.mixer.dump().streams.at(-1)?.port ?? assert.fail("no port");
    bob.talkTo({ address: bob.address, port });
    await (await stage.films.join("comedies", 600)).party.hears(450);
    assert.equal(bob.heard.packets.length, 0);

    confirm.resolve();
    await called;
    await bob.hears(450);
  });
});
