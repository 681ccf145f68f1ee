import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { Leg } from "#sip/leg.ts";
import type { Sdp } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { FakeMixer } from "../../support/fake-mixer.ts";
import { until } from "../../support/until.ts";

/** So that the media of the two mixers are told apart. */
const SPARE_PORT = 45_000;

let cast: ConferenceCast;
let spare: FakeMixer;
let alice: Person;
let bob: Person;
let carol: Person;

beforeEach(async () => {
  spare = await FakeMixer.open({ firstPort: SPARE_PORT });
  cast = await ConferenceCast.open({ spares: [spare] });
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  carol = await cast.person("carol");
});

afterEach(async () => {
  await cast.close();
  await spare.close();
});

const portOf = (sdp: Sdp) => readAudio(sdp)?.port;

/** A call whose phone takes whatever media it is offered, or not. */
async function call(person: Person, id: string, takes = true): Promise<{ leg: Leg; ended: string[] }> {
  const ended: string[] = [];
  const onOffer = (offer: Sdp) => {
    if (!takes) throw new SipError(488, "Not Acceptable Here");
    return person.answer(offer);
  };
  const leg = await person.joins(id, { handlers: { onOffer, onEnded: (reason) => void ended.push(reason) } });
  return { leg, ended };
}

const move = (leg: Leg, id: string) => cast.server.focus.mover.move(cast.participant(leg), id);

describe("With two mixers", () => {
  test("each conference is at one of them, a new one where the fewest legs are", async () => {
    for (const person of [alice, bob, carol]) await call(person, "comedies");
    for (const person of [alice, bob, carol]) await call(person, "dramas");

    assert.equal(cast.mixer.ports("comedies").length, 3);
    assert.equal(spare.ports("dramas").length, 3);
    assert.deepEqual(
      cast.server.mixers().map(({ up, legs }) => [up, legs]),
      [
        [true, 3],
        [true, 3],
      ],
    );
  });

  test("alice moves to a conference at the other: her phone is told where her media go now, the old leg ends last", async () => {
    const { leg } = await call(alice, "comedies");
    await call(bob, "comedies");
    await call(carol, "dramas");
    cast.ladder.clear();
    await move(leg, "dramas");
    await until(() => cast.mixer.ports("comedies").length === 1, "the end of her old leg at the mixer");

    assert.deepEqual(
      [portOf(leg.description), spare.ports("dramas").at(-1)],
      [SPARE_PORT + 2, SPARE_PORT + 2],
    );
    assert.equal(cast.count("dramas"), 2);
    assert.equal(cast.ladder.steps("conference -> alice: INVITE").length, 1);
    assert.equal(cast.ladder.steps("conference -> alice: BYE").length, 0);
  });

  test("alice moves to a new conference at the mixer she is at, with the stream she has", async () => {
    const { leg } = await call(alice, "comedies");
    await call(bob, "comedies");
    const port = portOf(leg.description);
    await move(leg, "musicals");

    assert.deepEqual(cast.mixer.ports("musicals"), [port]);
    assert.equal(portOf(leg.description), port);
  });

  test("a phone that will not send elsewhere stays where it is, and nothing of it is left at the other mixer", async () => {
    const { leg, ended } = await call(alice, "comedies", false);
    await call(bob, "comedies");
    await call(carol, "dramas");
    await assert.rejects(move(leg, "dramas"), { status: 488 });
    await until(() => spare.ports("dramas").length === 1, "the end of the new leg");

    assert.deepEqual([cast.count("comedies"), cast.count("dramas")], [2, 1]);
    assert.equal(cast.mixer.ports("comedies").length, 2);
    assert.deepEqual(ended, []);
  });

  test("alice hangs up while her phone is told of the other: she is in neither conference, and has a leg at none", async () => {
    await call(bob, "comedies");
    await call(carol, "dramas");
    const leg = await alice.joins("comedies", {
      handlers: {
        onOffer: async (offer) => {
          await leg.bye();
          return alice.answer(offer);
        },
      },
    });
    await assert.rejects(move(leg, "dramas"), { status: 481 });
    await until(() => cast.mixer.ports("comedies").length === 1, "the end of her old leg");
    await until(() => spare.ports("dramas").length === 1, "the end of the new one");

    assert.deepEqual([cast.count("comedies"), cast.count("dramas")], [1, 1]);
  });

  test("alice comes by herself with Replaces to the other: she hears one mixer, not two", async () => {
    const { leg } = await call(alice, "comedies");
    await call(bob, "comedies");
    await call(carol, "dramas");
    const inDramas = await alice.joins("dramas", { replaces: leg.id });
    await until(
      () => cast.mixer.ports("comedies").length === 1,
      "the end of her old leg at the mixer",
      1_000,
    );

    assert.equal(portOf(inDramas.description), SPARE_PORT + 2);
    assert.equal(leg.state, "ended");
  });
});

describe("When a mixer fails", () => {
  test("everybody gets another place, at one mixer, and nobody leaves the roster", async () => {
    const calls = [await call(alice, "comedies"), await call(bob, "comedies")];
    const watch = alice.watches("comedies");
    await watch.heard(1);
    const before = calls.map(({ leg }) => portOf(leg.description));
    await Promise.all(cast.mixer.legs("comedies").map((leg) => leg.bye("Mixer failed")));
    await until(() => calls.every(({ leg }, i) => portOf(leg.description) !== before[i]), "other media");

    const all = [...cast.mixer.ports("comedies"), ...spare.ports("comedies")];
    assert.deepEqual(all.toSorted(), calls.map(({ leg }) => portOf(leg.description)).toSorted());
    assert.equal(Math.min(cast.mixer.ports("comedies").length, spare.ports("comedies").length), 0);
    assert.equal(cast.count("comedies"), 2);
    assert.deepEqual(
      calls.flatMap(({ ended }) => ended),
      [],
    );
    assert.deepEqual(watch.users(), ["alice full sendrecv", "bob full sendrecv"]);
  });

  test("in the middle of a move alice ends where she was to go, with one leg", async () => {
    const { leg, ended } = await call(alice, "comedies");
    cast.mixer.onOrder = async () => {
      cast.mixer.onOrder = undefined;
      await Promise.all(cast.mixer.legs("comedies").map((one) => one.bye("Mixer failed")));
    };
    await move(leg, "dramas").catch(() => undefined);
    await until(() => cast.participant(leg).seated, "a place");
    const places = ["comedies", "dramas"].flatMap((id) => [...cast.mixer.ports(id), ...spare.ports(id)]);

    assert.equal(places.length, 1);
    assert.equal(cast.count("comedies") + cast.count("dramas"), 1);
    assert.deepEqual(ended, []);
  });

  test("bob, whose phone rings, is called on, and is in by the other when he answers", async () => {
    const { leg } = await call(alice, "comedies");
    bob.picksUp = false;
    const called = leg.refer(bob.address);
    await until(() => bob.invites.length === 1, "bob's phone to ring");
    cast.mixer.refusing = 503;
    await Promise.all(cast.mixer.legs("comedies").map((one) => one.bye("Mixer failed")));
    await until(() => spare.ports("comedies").length === 1, "alice's new place");
    const [invite] = bob.invites;
    const bobs = invite?.accept(bob.answer(invite.offer ?? ""), {
      handlers: { onOffer: (offer) => bob.answer(offer) },
    });
    assert.equal(await called, 200);
    await until(() => spare.ports("comedies").length === 2, "bob's place");
    await until(() => portOf(bobs?.description ?? "") === spare.ports("comedies")[1], "bob told of it");

    assert.equal(cast.count("comedies"), 2);
    assert.equal(spare.heard("comedies")[1]?.at(-1), true);
  });

  test("and none takes her in, alice hears why her call ends, within five seconds", async () => {
    const { ended } = await call(alice, "comedies");
    cast.mixer.refusing = 503;
    spare.refusing = 503;
    await Promise.all(cast.mixer.legs("comedies").map((leg) => leg.bye("Mixer failed")));
    await until(() => ended.length === 1, "the goodbye", 5_000);

    assert.match(ended[0] ?? "", /The mixer ended the media/);
    assert.equal(cast.count("comedies"), 0);
  });

  test("a hold of alice waits for her new place, and is in force there", async () => {
    const { leg } = await call(alice, "comedies");
    await call(bob, "comedies");
    const watch = bob.watches("comedies");
    await watch.heard(1);
    cast.mixer.refusing = 503;
    spare.refusing = 503;
    await Promise.all(cast.mixer.legs("comedies").map((one) => one.bye("Mixer failed")));
    const held = leg.offer(alice.offer.replace("a=sendrecv", "a=recvonly"));
    await until(() => cast.ladder.steps("conference -> alice: 491").length === 1, "that she is to wait");
    spare.refusing = undefined;
    await held;
    await until(() => /recvonly/.test(watch.users().join()), "her hold");

    assert.equal(leg.state, "confirmed");
    assert.equal(spare.legs("comedies").length, 2);
  });
});
