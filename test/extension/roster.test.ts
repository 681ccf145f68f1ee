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
      { entity: "sip:alice@b", name: "Alice", me: true, muted: true, talking: false },
      { entity: "sip:bob@b", name: "Bob", me: false, muted: false, talking: true },
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
