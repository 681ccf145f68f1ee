/** Many people are moved by one order of an operator. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";

let cast: ConferenceCast;
let alice: Person;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
});

afterEach(() => cast.close());

/** All who are in comedies are moved to dramas; why those who stay do so. */
async function move(): Promise<string[]> {
  const { mover, members } = cast.server.focus;
  const failures = await mover.moveAll(members.all, "dramas");
  return failures.flatMap((failure) => (failure ? [`${failure.status} ${failure.reason}`] : []));
}

const meet = (people: number) => Promise.all(Array.from({ length: people }, () => alice.joins("comedies")));

/** The mixer answers one order after the other, this long after the one before. */
function answersEvery(ms: number): void {
  let last = Promise.resolve();
  cast.mixer.onOrder = () => {
    last = last.then(() => pause(ms));
    return last;
  };
}

describe("The server moves many at once", () => {
  test("and waits for a mixer that needs longer for all of them than it may for one", async () => {
    await meet(60);
    answersEvery(80);

    assert.deepEqual(await move(), []);
    assert.deepEqual([cast.count("comedies"), cast.count("dramas")], [0, 60]);
  });

  test("but not more of them than the conference takes", async () => {
    cast.server.focus.policies.change("dramas", { capacity: 2 });
    await meet(5);

    assert.deepEqual(
      await move(),
      Array.from({ length: 3 }, () => "503 The Conference Is Full"),
    );
    assert.deepEqual([cast.count("comedies"), cast.count("dramas")], [3, 2]);
  });
});
