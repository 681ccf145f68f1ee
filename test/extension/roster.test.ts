import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { markTalking, mergeRoster, type Roster } from "../../extension/background/roster.ts";
import { readXml } from "../../extension/background/xml.ts";

const roster = (version: number, state: string, users: string) =>
  readXml(`<Roster conf="sip:comedies@b" version="${version}" state="${state}">${users}</Roster>`);

const FULL = roster(
  4,
  "full",
  `<User entity="sip:alice@b" display="Alice" me="true"><Endpoint entity="a1" muted="true" talking="false"/></User>
   <User entity="sip:bob@b" display="Bob"><Endpoint entity="b1" muted="false" talking="true"/></User>`,
);

function names(list: Roster | undefined): string[] | undefined {
  return list?.people.map(({ name }) => name);
}

describe("The roster", () => {
  test("knows who is there, who is muted and who talks", () => {
    assert.deepEqual(mergeRoster(undefined, FULL)?.people, [
      {
        entity: "sip:alice@b",
        name: "Alice",
        me: true,
        muted: true,
        talking: false,
        hand: false,
        held: false,
        moderator: false,
      },
      {
        entity: "sip:bob@b",
        name: "Bob",
        me: false,
        muted: false,
        talking: true,
        hand: false,
        held: false,
        moderator: false,
      },
    ]);
  });

  test("takes a part that follows: somebody came, somebody went, the rest stays", () => {
    const before = mergeRoster(undefined, FULL);
    const change = `<User entity="sip:bob@b" state="deleted"/><User entity="sip:carol@b" display="Carol"/>`;
    assert.deepEqual(names(mergeRoster(before, roster(5, "partial", change))), ["Alice", "Carol"]);
  });

  test("waits for a full one when a part is missing", () => {
    const before = mergeRoster(undefined, FULL);
    const late = roster(6, "partial", `<User entity="sip:carol@b" display="Carol"/>`);
    assert.equal(mergeRoster(before, late), before);
    assert.equal(mergeRoster(undefined, late), undefined);
    assert.deepEqual(names(mergeRoster(before, roster(9, "full", ""))), []);
  });

  test("keeps what a partial user leaves out", () => {
    const before = mergeRoster(undefined, FULL);
    const after = mergeRoster(before, roster(5, "partial", `<User entity="sip:alice@b" state="partial"/>`));
    assert.deepEqual(after?.people[0], before?.people[0]);
  });

  test("leaves out who is only being called, until they are there", () => {
    const carol = (status: string) =>
      `<User entity="sip:carol@b" display="Carol"><Endpoint entity="c1" status="${status}"/></User>`;
    const ringing = mergeRoster(mergeRoster(undefined, FULL), roster(5, "partial", carol("alerting")));
    assert.deepEqual(names(ringing), ["Alice", "Bob"]);
    assert.deepEqual(names(mergeRoster(ringing, roster(6, "partial", carol("connected")))), [
      "Alice",
      "Bob",
      "Carol",
    ]);
  });

  test("leaves them out of a full list, too, and who waits to be let in", () => {
    const user = (name: string, status: string) =>
      `<User entity="sip:${name}@b"><Endpoint entity="${name}" status="${status}"/></User>`;
    const full = roster(
      1,
      "full",
      user("alice", "connected") + user("bob", "alerting") + user("carol", "pending"),
    );
    assert.deepEqual(names(mergeRoster(undefined, full)), ["alice"]);
  });

  test("knows who raised a hand, and who has put the conference on hold", () => {
    const bob = (what: string) =>
      roster(5, "partial", `<User entity="sip:bob@b"><Endpoint entity="b1" ${what}/></User>`);
    const shown = (what: string) => {
      const one = mergeRoster(mergeRoster(undefined, FULL), bob(what))?.people[1];
      return [one?.hand, one?.held];
    };
    assert.deepEqual(shown('hand="true" status="connected"'), [true, false]);
    assert.deepEqual(shown('hand="false" status="on-hold"'), [false, true]);
  });

  test("shows who has no name by the address, or as a guest", () => {
    const users = `<User entity="sip:dora@b"/><User entity="sip:anon-7f@b"/><User entity="x" display="&#x202e; "/>`;
    assert.deepEqual(names(mergeRoster(undefined, roster(1, "full", users))), ["dora", "Guest", "Guest"]);
  });

  test("hears who starts and stops to talk", () => {
    const before = mergeRoster(undefined, FULL);
    assert.ok(before);
    assert.equal(markTalking(before, "sip:bob@b", false).people[1]?.talking, false);
  });
});
