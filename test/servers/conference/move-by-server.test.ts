import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { Leg } from "#sip/leg.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { until } from "../../support/until.ts";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;
let carol: Person;
let inComedies: Leg;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  carol = await cast.person("carol");
  inComedies = await alice.joins("comedies");
});

afterEach(() => cast.close());

const move = (leg: Leg, id: string) => cast.server.focus.mover.move(cast.participant(leg), id);

/** The conference that the phone believes to be in, once it has heard. */
const knows = (leg: Leg, id: string) =>
  until(() => leg.remoteContact.uri.startsWith(`sip:${id}@`), `the phone to know of ${id}`, 5_000);

describe("The server moves alice", () => {
  test("from comedies to dramas: the mixer carries her stream over, her phone hears of it by UPDATE alone", async () => {
    const { description, localDescription } = inComedies;
    const port = readAudio(description)?.port;
    cast.ladder.clear();
    await move(inComedies, "dramas");
    await knows(inComedies, "dramas");
    await until(() => cast.ladder.steps("BYE").length === 1, "the end of the old mixer leg");

    assert.deepEqual(cast.ladder.steps("conference -> alice"), ["conference -> alice: UPDATE"]);
    assert.equal(cast.ladder.steps("conference -> mixer: INVITE replaces").length, 1);
    assert.ok("isfocus" in inComedies.remoteContact.params);
    assert.deepEqual([inComedies.description, inComedies.localDescription], [description, localDescription]);
    assert.deepEqual([cast.mixer.ports("comedies"), cast.mixer.ports("dramas")], [[], [port]]);
    assert.deepEqual([cast.count("comedies"), cast.count("dramas")], [0, 1]);
  });

  test("and bob in comedies and carol in dramas see it, and her own view of comedies ends", async () => {
    await Promise.all([bob.joins("comedies"), carol.joins("dramas")]);
    const [comedies, dramas, hers] = [
      bob.watches("comedies"),
      carol.watches("dramas"),
      alice.watches("comedies"),
    ];
    await Promise.all([comedies.heard(1), dramas.heard(1), hers.heard(1)]);
    await move(inComedies, "dramas");
    await Promise.all([comedies.heard(2), dramas.heard(2), hers.over()]);

    assert.deepEqual(comedies.users(), ["sip:alice@example.com deleted"]);
    assert.deepEqual(dramas.users(), ["alice full sendrecv"]);
    assert.equal(hers.ended?.reason, "noresource");
  });
});
