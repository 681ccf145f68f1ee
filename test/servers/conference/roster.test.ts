import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { until } from "../../support/until.ts";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;

beforeEach(async () => {
  cast = await ConferenceCast.open({ limits: { conferences: 2, participants: 3, subscriptionsEach: 2 } });
  alice = await cast.person("alice");
  bob = await cast.person("bob");
});

afterEach(() => cast.close());

const ANONYMOUS = { uri: "sip:anonymous@anonymous.invalid", name: "Alice, really" } as const;

describe("A member's view of the roster", () => {
  test("is full at first, and then says who came and who left", async () => {
    await alice.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    const bobs = await bob.joins("films");
    await watch.heard(2);
    await bobs.bye();
    await watch.heard(3);

    assert.deepEqual(
      watch.documents.map((document) => [document.attributes["state"], ...watch.users(document)]),
      [
        ["full", "alice full sendrecv"],
        ["partial", "bob full sendrecv"],
        ["partial", "sip:bob@example.com deleted"],
      ],
    );
    assert.deepEqual(watch.versions, [0, 1, 2]);
    assert.equal(watch.last?.attributes["entity"], alice.room("films"));
  });

  test("is full again when it asks, and its versions go on", async () => {
    await alice.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    watch.subscription.refresh();
    await watch.heard(2);

    assert.equal(watch.last?.attributes["state"], "full");
    assert.deepEqual(watch.versions, [0, 1]);
  });

  test("shows the nameless as guests, each with an entity of their own", async () => {
    await alice.joins("films");
    await bob.joins("films", { from: ANONYMOUS });
    await bob.joins("films", { from: ANONYMOUS });
    const watch = alice.watches("films");
    await watch.heard(1);

    assert.deepEqual(watch.users(), [
      "alice full sendrecv",
      "Guest 1 full sendrecv",
      "Guest 2 full sendrecv",
    ]);
    assert.ok(!JSON.stringify(watch.last).includes("really"));
  });

  test("shows one person with two calls as one user with two endpoints", async () => {
    await alice.joins("films");
    await bob.joins("films");
    const second = await bob.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    assert.deepEqual(watch.users(), ["alice full sendrecv", "bob full sendrecv sendrecv"]);
    await second.bye();
    await watch.heard(2);

    assert.deepEqual(watch.users(), ["sip:bob@example.com partial deleted"]);
  });

  test("shows who is muted: the phone that no longer sends", async () => {
    await alice.joins("films");
    const bobs = await bob.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    await bobs.offer(bob.offer.replace("a=sendrecv", "a=recvonly"));
    await watch.heard(2);

    assert.deepEqual(watch.users(), ["sip:bob@example.com partial recvonly"]);
  });

  test("shows who talks, as the mixer hears it", async () => {
    await alice.joins("films");
    await bob.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    const [, bobs] = cast.mixer.legs("films");
    assert.ok(bobs);
    assert.equal(await cast.mixer.talks(bobs, true), 200);
    await watch.heard(2);
    assert.deepEqual(watch.users(), ["sip:bob@example.com partial sendrecv talking"]);
    assert.equal(await cast.mixer.talks(bobs, false), 200);
    await watch.heard(3);

    assert.deepEqual(watch.users(), ["sip:bob@example.com partial sendrecv"]);
  });

  test("ends when the member leaves", async () => {
    const alices = await alice.joins("films");
    await bob.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    await alices.bye();
    await watch.over();

    assert.equal(watch.ended?.reason, "noresource");
  });

  test("survives the end of one of a member's two calls", async () => {
    const first = await alice.joins("films");
    await alice.joins("films");
    const watch = alice.watches("films", { by: first });
    await watch.heard(1);
    await first.bye();
    await watch.heard(2);

    assert.equal(watch.ended, undefined);
  });
});

describe("The roster is kept", () => {
  const refusal = async (watch: {
    over(): Promise<void>;
    ended: { status: number | undefined } | undefined;
  }) => {
    await watch.over();
    return watch.ended?.status;
  };

  test("from a stranger", async () => {
    await alice.joins("films");

    assert.equal(await refusal(bob.watches("films")), 403);
  });

  test("from a member of another conference", async () => {
    await alice.joins("films");
    const bobs = await bob.joins("dramas");

    assert.equal(await refusal(bob.watches("films", { by: bobs })), 403);
  });

  test("from an anonymous stranger while another anonymous caller is in", async () => {
    await alice.joins("films", { from: ANONYMOUS });

    assert.equal(await refusal(bob.watches("films", { from: ANONYMOUS.uri })), 403);
  });

  test("from everybody when there is no such conference, in the same words", async () => {
    assert.equal(await refusal(alice.watches("films")), 403);
  });

  test("but open to an anonymous member who names the dialog", async () => {
    const leg = await alice.joins("films", { from: ANONYMOUS });
    const watch = bob.watches("films", { by: leg, from: ANONYMOUS.uri });
    await watch.heard(1);

    assert.deepEqual(watch.users(), ["Guest 1 full sendrecv"]);
  });

  test("for the conference package only", async () => {
    await alice.joins("films");

    assert.equal(await refusal(alice.watches("films", { event: "presence" })), 489);
  });

  test("from the third subscription of a member who may have two", async () => {
    await alice.joins("films");
    await alice.watches("films").heard(1);
    await alice.watches("films").heard(1);

    assert.equal(await refusal(alice.watches("films")), 503);
  });
});

describe("A full server", () => {
  test("asks the fourth of three participants to come later", async () => {
    for (const id of ["films", "films", "dramas"]) await alice.joins(id);

    await assert.rejects(bob.joins("films"), (error: Error & { response?: { headers: object } }) => {
      assert.equal((error as { status?: number }).status, 503);
      assert.equal(new Map(Object.entries(error.response?.headers ?? {})).get("retry-after"), "10");
      return true;
    });
  });

  test("opens no third conference of two, but lets people into the others", async () => {
    await alice.joins("films");
    await alice.joins("dramas");

    await assert.rejects(bob.joins("comedies"), { status: 503 });
    await bob.joins("dramas");
    assert.equal(cast.count("dramas"), 2);
  });

  test("has room again when somebody leaves", async () => {
    const legs = [await alice.joins("films"), await alice.joins("films"), await alice.joins("films")];
    await legs[0]?.bye();
    await until(() => cast.count("films") === 2, "two in films");

    await bob.joins("films");
  });
});

describe("A server that closes", () => {
  test("says goodbye to phones, mixer and subscribers", async () => {
    const ended = Promise.withResolvers<string>();
    await alice.joins("films", { handlers: { onEnded: ended.resolve } });
    const watch = alice.watches("films");
    await watch.heard(1);
    await cast.server.close();

    assert.match(await ended.promise, /The conference server closes/);
    await watch.over();
    assert.deepEqual(cast.mixer.ports("films"), []);
  });
});
