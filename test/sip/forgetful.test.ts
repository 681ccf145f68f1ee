import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Forgetful, Waiting } from "#sip/forgetful.ts";

class Guest extends Waiting {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }
}

/** A waiting room and the names of those who were sent away. */
function room(most: number, roomFor?: number) {
  const gone: string[] = [];
  const waiting = new Forgetful<Guest>(most, ({ name }) => gone.push(name), roomFor);
  return { waiting, gone };
}

describe("those that wait", () => {
  const guests = () => ["alice", "bob", "carol", "dave"].map((name) => new Guest(name));

  test("are forgotten when they are too many, the oldest first", () => {
    const { waiting, gone } = room(2);

    for (const guest of guests()) waiting.keep(guest);

    assert.deepEqual(gone, ["alice", "bob"]);
    assert.equal(waiting.size, 2);
  });

  test("are forgotten when they take too much room, as many as it needs", () => {
    const { waiting, gone } = room(10, 100);
    const [alice, bob, carol] = guests();
    assert.ok(alice && bob && carol);

    waiting.keep(alice, 40);
    waiting.keep(bob, 50);
    waiting.keep(carol, 90);

    assert.deepEqual(gone, ["alice", "bob"]);
  });

  test("leave from anywhere, and make room for another", () => {
    const { waiting, gone } = room(3);
    const [alice, bob, carol, dave] = guests();
    assert.ok(alice && bob && carol && dave);

    for (const guest of [alice, bob, carol]) waiting.keep(guest);
    waiting.ended(bob);
    waiting.ended(bob);
    waiting.keep(dave);
    waiting.keep(bob);

    assert.deepEqual(gone, ["alice"]);
    assert.equal(waiting.size, 3);
  });
});
