import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Policies } from "../../../servers/conference/policies.ts";
import { changed, DEFAULT_POLICY, readPolicy } from "../../../servers/conference/policy.ts";

describe("A conference's policy", () => {
  test("is changed field by field, as JSON says it", () => {
    const change = readPolicy({ title: "Weekly", pin: "4711", lobby: true, capacity: 12 });

    assert.deepEqual(changed(DEFAULT_POLICY, change), {
      ...DEFAULT_POLICY,
      title: "Weekly",
      pin: "4711",
      lobby: true,
      capacity: 12,
    });
  });

  test("loses its PIN and its title to null", () => {
    const policy = changed(DEFAULT_POLICY, { pin: "4711", title: "Weekly" });

    assert.deepEqual(changed(policy, readPolicy({ pin: null, title: null })), DEFAULT_POLICY);
  });

  const odd: readonly (readonly [unknown, RegExp])[] = [
    ["films", /must be a JSON object/],
    [null, /must be a JSON object/],
    [[], /must be a JSON object/],
    [{ colour: "red" }, /no such field; it has title, locked, lobby/],
    [{ constructor: 1 }, /no such field/],
    [{ pin: 4711 }, /pin must be a string of 4 to 12 digits/],
    [{ pin: "12a4" }, /pin must be/],
    [{ pin: "1٣34" }, /pin must be/],
    [{ tokens: ["short"] }, /tokens must be/],
    [{ tokens: "abcdefgh" }, /tokens must be/],
    [{ title: "two\nlines" }, /title must be/],
    [{ capacity: 0 }, /capacity must be a whole number/],
    [{ capacity: 1.5 }, /capacity must be/],
    [{ locked: "yes" }, /locked must be true or false/],
    [{ lobby: null }, /lobby must be true or false/],
  ];
  for (const [json, sentence] of odd) {
    test(`is not ${JSON.stringify(json)}`, () => {
      assert.throws(() => readPolicy(json), { message: sentence });
    });
  }

  test("is never repeated by what refuses it", () => {
    assert.throws(
      () => readPolicy({ pin: "secret99" }),
      ({ message }: Error) => !message.includes("secret99"),
    );
  });
});

describe("The policies of a server", () => {
  test("are kept by name, before anybody is in the conference, and told of as they change", () => {
    const policies = new Policies();
    const heard: string[] = [];
    policies.onChanged = (id, { pin }) => heard.push(`${id} ${pin}`);
    policies.change("films", { pin: "4711" });
    policies.change("films", { pin: undefined });

    assert.deepEqual(heard, ["films 4711", "films undefined"]);
    assert.deepEqual(policies.of("films"), DEFAULT_POLICY);
    assert.equal(policies.all.size, 0);
  });

  test("are at most 10,000", () => {
    const policies = new Policies();
    for (let at = 0; at < 10_000; at += 1) policies.change(`room-${at}`, { lobby: true });

    assert.throws(() => policies.change("one-more", { lobby: true }), /At most 10000/);
    policies.change("room-1", { lobby: false });
    policies.change("one-more", { lobby: true });
  });
});
