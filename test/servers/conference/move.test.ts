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
let hungUp: Promise<string>;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  carol = await cast.person("carol");
  const ended = Promise.withResolvers<string>();
  hungUp = ended.promise;
  inComedies = await alice.joins("comedies", { handlers: { onEnded: ended.resolve } });
});

afterEach(() => cast.close());

describe("INVITE with Replaces", () => {
  test("moves alice from comedies to dramas: new dialog first, old one last, one stream", async () => {
    const port = readAudio(inComedies.description)?.port;
    cast.ladder.clear();
    const inDramas = await alice.joins("dramas", { replaces: inComedies.id });
    await hungUp;
    await until(() => cast.mixer.ports("comedies").length === 0, "the old mixer leg to end");

    assert.equal(readAudio(inDramas.description)?.port, port);
    assert.deepEqual(cast.mixer.ports("dramas"), [port]);
    assert.equal(cast.count("comedies"), 0);
    assert.equal(cast.count("dramas"), 1);
    assert.deepEqual(cast.ladder.steps("conference -> alice"), [
      "conference -> alice: 200 sdp",
      "conference -> alice: BYE",
    ]);
  });

  test("is seen by bob in comedies and carol in dramas at once", async () => {
    await bob.joins("comedies");
    await carol.joins("dramas");
    const comedies = bob.watches("comedies");
    const dramas = carol.watches("dramas");
    await Promise.all([comedies.heard(1), dramas.heard(1)]);
    await alice.joins("dramas", { replaces: inComedies.id });
    await Promise.all([comedies.heard(2), dramas.heard(2)]);

    assert.deepEqual(comedies.users(), ["sip:alice@example.com deleted"]);
    assert.deepEqual(dramas.users(), ["alice full sendrecv"]);
  });

  test("ends alice's view of comedies and opens that of dramas", async () => {
    const comedies = alice.watches("comedies");
    await comedies.heard(1);
    const inDramas = await alice.joins("dramas", { replaces: inComedies.id });
    const dramas = alice.watches("dramas", { by: inDramas });
    await comedies.over();
    await dramas.heard(1);

    assert.equal(comedies.ended?.reason, "noresource");
    assert.deepEqual(dramas.users(), ["alice full sendrecv"]);
  });

  test("into the conference she is in changes her call and nothing else", async () => {
    const watch = alice.watches("comedies", { by: inComedies });
    await watch.heard(1);
    await alice.joins("comedies", { replaces: inComedies.id });
    await hungUp;
    await watch.heard(2);

    assert.equal(cast.count("comedies"), 1);
    assert.deepEqual(watch.users(), ["sip:alice@example.com partial deleted sendrecv"]);
    assert.equal(watch.ended, undefined);
  });

  test("keeps alice muted when she says so in her offer", async () => {
    await carol.joins("dramas");
    const watch = carol.watches("dramas");
    await watch.heard(1);
    const offer = alice.offer.replace("a=sendrecv", "a=recvonly");
    await alice.joins("dramas", { replaces: inComedies.id, offer });
    await watch.heard(2);

    assert.deepEqual(watch.users(), ["alice full recvonly"]);
  });

  test("ten times in a row ends in the last conference with one leg alive", async () => {
    let leg = inComedies;
    for (let hop = 0; hop < 10; hop += 1) leg = await alice.joins(`room-${hop}`, { replaces: leg.id });
    await until(() => [...alice.agent.legs()].length === 1, "one leg");

    assert.deepEqual([...cast.server.focus.conferences.keys()], ["room-9"]);
    assert.equal(cast.mixer.ports("room-9").length, 1);
  });
});

describe("Nobody moves alice", () => {
  test("who is not alice, though they know her dialog", async () => {
    const byBob = bob.agent.invite(bob.room("dramas"), {
      offer: bob.offer,
      from: { uri: bob.uri },
      headers: { replaces: replacesHeader(inComedies), require: "replaces" },
    });

    await assert.rejects(byBob, { status: 403 });
    assert.equal(cast.count("comedies"), 1);
    assert.equal(cast.ladder.steps("conference -> mixer: INVITE replaces").length, 0);
  });

  test("out of a dialog that does not exist", async () => {
    const unknown = { ...inComedies.id, callId: "somebody-elses" };

    await assert.rejects(alice.joins("dramas", { replaces: unknown }), { status: 481 });
    assert.equal(cast.count("comedies"), 1);
  });

  test("when the mixer refuses: she stays in comedies and is heard there", async () => {
    cast.mixer.refusing = 486;
    await assert.rejects(alice.joins("dramas", { replaces: inComedies.id }), { status: 503 });

    assert.equal(cast.count("comedies"), 1);
    assert.equal(cast.count("dramas"), 0);
    assert.equal(inComedies.state, "confirmed");
    assert.equal(cast.mixer.ports("comedies").length, 1);
  });

  test("when she changes her mind after the mixer has moved her: she is moved back", async () => {
    const port = readAudio(inComedies.description)?.port;
    const cancel = new AbortController();
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    cast.mixer.onOrder = () => {
      asked.resolve();
      return go.promise;
    };
    const moving = alice.joins("dramas", { replaces: inComedies.id, signal: cancel.signal });
    const refused = assert.rejects(moving, { status: 487 });
    await asked.promise;
    cancel.abort();
    await refused;
    await until(() => cast.ladder.steps("conference -> alice: 487").length === 1, "487 to alice");
    go.resolve();
    await until(
      () => cast.mixer.ports("comedies").length === 1 && cast.mixer.ports("dramas").length === 0,
      "back",
    );

    await inComedies.offer(alice.offer.replace("a=sendrecv", "a=recvonly"));
    assert.deepEqual(cast.mixer.ports("comedies"), [port]);
    assert.equal(cast.count("comedies"), 1);
    assert.equal(inComedies.state, "confirmed");
    assert.equal(readAudio(cast.mixer.legs("comedies")[0]?.description ?? "")?.direction, "recvonly");
  });
});

/** Replaces as the focus reads it: its own tag is to-tag (RFC 3891 §6.1). */
function replacesHeader({ id }: Leg): string {
  return `${id.callId};to-tag=${id.remoteTag};from-tag=${id.localTag}`;
}
