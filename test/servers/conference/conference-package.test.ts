import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { XmlElement } from "#xml/strict.ts";
import { parseXml } from "#xml/strict.ts";
import {
  countDocument,
  deletedDocument,
  fullDocument,
  partialDocuments,
  unchangedDocument,
} from "../../../servers/conference/conference-package.ts";
import type { Present } from "../../../servers/conference/roster.ts";
import { Roster } from "../../../servers/conference/roster.ts";
import { eventComplaints, heardFromFocus } from "../../support/conference-schema.ts";

const JOINED = new Date("2026-11-22T20:00:00Z");
const alice = "sip:alice@example.com";
const bob = "sip:bob@example.com";
const desk = "sip:desk@192.0.2.1:5060";
const laptop = "sip:laptop@192.0.2.2:5060";

function call(entity: string, change: Partial<Present> = {}): Present {
  return {
    entity,
    displayText: "Alice",
    status: "connected",
    method: "dialed-in",
    joined: JOINED,
    media: "sendrecv",
    talking: false,
    hand: false,
    ...change,
  };
}

function child(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce((at, name) => at?.children.find((one) => one.name === name), element);
}

/** What leads to the roster from its revision before `change`. */
function following(change: () => void): XmlElement | undefined {
  const { revision } = films;
  change();
  const past = films.at(revision);
  const [sheet, ...others] = past ? partialDocuments(films, past) : [];
  assert.deepEqual(others, []);
  return sheet && parseXml(heardFromFocus(sheet(4)));
}

let films: Roster;

beforeEach(() => {
  films = new Roster("sip:films@127.0.0.1:5080", "films");
});

describe("The full document", () => {
  test("lists every user with endpoint, media and the time of joining", () => {
    films.put(alice, call(desk, { hand: true }));
    const root = parseXml(heardFromFocus(fullDocument(films)(0)));
    const endpoint = child(root, "users", "user", "endpoint");

    assert.equal(root.namespace, "urn:ietf:params:xml:ns:conference-info");
    assert.deepEqual(root.attributes, { entity: "sip:films@127.0.0.1:5080", state: "full", version: "0" });
    assert.equal(child(root, "conference-description", "display-text")?.text, "films");
    assert.equal(child(root, "conference-state", "user-count")?.text, "1");
    assert.equal(child(root, "conference-state", "locked")?.text, "false");
    assert.deepEqual(child(root, "users", "user")?.attributes, { entity: alice });
    assert.equal(child(root, "users", "user", "display-text")?.text, "Alice");
    assert.equal(endpoint?.attributes["entity"], desk);
    assert.equal(child(endpoint, "status")?.text, "connected");
    assert.equal(child(endpoint, "joining-info", "when")?.text, "2026-11-22T20:00:00.000Z");
    assert.equal(child(endpoint, "media", "type")?.text, "audio");
    assert.equal(child(endpoint, "media", "status")?.text, "sendrecv");
    assert.equal(child(endpoint, "talking"), undefined);
    assert.equal(child(endpoint, "hand")?.text, "true");
    assert.equal(child(endpoint, "hand")?.namespace, "urn:partyline:conference:1");
  });

  test("carries a hostile name as text", () => {
    const name = `<user entity="sip:eve@example.com"/>&"']]> version="9"`;
    films.put(alice, call(desk, { displayText: name }));
    const root = parseXml(heardFromFocus(fullDocument(films)(7)));

    assert.equal(child(root, "users")?.children.length, 1);
    assert.equal(child(root, "users", "user", "display-text")?.text, name);
    assert.equal(root.attributes["version"], "7");
  });

  test("has a moderator's role, and who is not there yet and does not count", () => {
    films.put(alice, call(desk, { method: "dialed-out" }), true);
    films.put(bob, { entity: bob, displayText: "Bob", status: "pending", method: "dialed-in" });
    films.put("sip:carol@example.com", { entity: desk, displayText: "Carol", status: "alerting" });
    const missed = { status: "disconnected", cause: 486, reason: `Busy "now"` } as const;
    films.put("sip:dave@example.com", { entity: desk, displayText: "Dave", ...missed });
    const root = parseXml(heardFromFocus(fullDocument(films)(0)));

    assert.equal(child(root, "users", "user", "roles", "entry")?.text, "moderator");
    assert.equal(child(root, "users", "user", "endpoint", "joining-method")?.text, "dialed-out");
    assert.equal(child(root, "conference-state", "user-count")?.text, "1");
    assert.deepEqual(
      child(root, "users")?.children.map((user) => child(user, "endpoint", "status")?.text),
      ["connected", "pending", "alerting", "disconnected"],
    );
  });
});

describe("The partial document", () => {
  test("adds somebody who came, and counts them", () => {
    const root = following(() => films.put(alice, call(desk)));

    assert.deepEqual(root?.attributes, {
      entity: "sip:films@127.0.0.1:5080",
      state: "partial",
      version: "4",
    });
    assert.equal(child(root, "conference-state", "user-count")?.text, "1");
    assert.deepEqual(child(root, "users", "user")?.attributes, { entity: alice });
  });

  test("deletes somebody who left", () => {
    films.put(alice, call(desk));
    const root = following(() => films.take(alice, desk));

    assert.equal(child(root, "conference-state", "user-count")?.text, "0");
    assert.deepEqual(child(root, "users", "user")?.attributes, { entity: alice, state: "deleted" });
  });

  test("says only which endpoint changed when one of two mutes", () => {
    films.put(alice, call(desk));
    films.put(alice, call(laptop));
    const root = following(() => films.put(alice, call(laptop, { media: "recvonly" })));
    const user = child(root, "users", "user");

    assert.equal(child(root, "conference-state"), undefined);
    assert.deepEqual(user?.attributes, { entity: alice, state: "partial" });
    assert.deepEqual(
      user?.children.map(({ attributes }) => attributes["entity"]),
      [laptop],
    );
    assert.equal(child(user, "endpoint", "media", "status")?.text, "recvonly");
  });

  test("deletes one endpoint of a user who stays with the other", () => {
    films.put(alice, call(desk));
    films.put(alice, call(laptop));
    const root = following(() => films.take(alice, desk));

    assert.equal(child(root, "users", "user")?.attributes["state"], "partial");
    assert.deepEqual(child(root, "users", "user", "endpoint")?.attributes, {
      entity: desk,
      state: "deleted",
    });
  });

  test("says that somebody became, or is no longer, a moderator", () => {
    films.put(alice, call(desk));
    const made = following(() => films.put(alice, call(desk), true));
    assert.equal(child(made, "users", "user", "roles", "entry")?.text, "moderator");

    const unmade = following(() => films.put(alice, call(desk), false));
    assert.equal(child(unmade, "users", "user", "roles", "entry")?.text, "participant");
  });

  test("says who talks, and by saying nothing that they no longer do", () => {
    films.put(alice, call(desk));
    const began = following(() => films.put(alice, call(desk, { talking: true })));
    assert.equal(child(began, "users", "user", "endpoint", "talking")?.text, "true");
    assert.equal(
      child(began, "users", "user", "endpoint", "talking")?.namespace,
      "urn:partyline:conference:1",
    );

    const ended = following(() => films.put(alice, call(desk)));
    assert.equal(child(ended, "users", "user", "endpoint", "talking"), undefined);
  });

  test("says what the conference is called now, and that it is locked", () => {
    const root = following(() => films.describe({ title: "Comedies", locked: true }));

    assert.equal(child(root, "conference-description", "display-text")?.text, "Comedies");
    assert.equal(child(root, "conference-state", "locked")?.text, "true");
  });

  test("has many changes of one user as one", () => {
    const root = following(() => {
      films.put(alice, call(desk));
      films.put(alice, call(desk, { talking: true }));
      films.put(alice, call(laptop));
      films.take(alice, desk);
    });

    assert.equal(child(root, "users")?.children.length, 1);
    assert.deepEqual(
      child(root, "users", "user")?.children.map(({ attributes }) => attributes["entity"]),
      [undefined, laptop],
    );
  });

  test("is several when much has changed, each short enough for a datagram", () => {
    const { revision } = films;
    for (let i = 0; i < 300; i++) films.put(`sip:${i}@example.com`, call(desk, { displayText: "Ünsäld" }));
    films.describe({ locked: true });
    const past = films.at(revision);
    const texts = (past ? partialDocuments(films, past) : []).map((sheet, i) => heardFromFocus(sheet(i)));

    assert.ok(texts.length > 1);
    assert.ok(texts.every((text) => Buffer.byteLength(text) < 61_000));
    assert.equal(texts.join().match(/<user /g)?.length, 300);
    assert.deepEqual(
      texts.map((text) => text.includes("<locked>true</locked>")),
      texts.map((_text, i) => i === 0),
    );
  });

  test("is none when everything is as it was", () => {
    films.put(alice, call(desk));
    const root = following(() => {
      films.put(alice, call(desk, { talking: true }));
      films.put(alice, call(desk));
      films.put(bob, call(laptop));
      films.take(bob, laptop);
      films.describe({ locked: true });
      films.describe({ locked: false });
    });

    assert.equal(root, undefined);
  });
});

describe("The other documents", () => {
  test("say that nothing has changed", () => {
    films.put(alice, call(desk));
    const root = parseXml(heardFromFocus(unchangedDocument(films)(3)));

    assert.equal(root.attributes["state"], "partial");
    assert.equal(child(root, "users")?.children.length, 0);
  });

  test("say how many are there and nobody's name", () => {
    films.put(alice, call(desk));
    const text = heardFromFocus(countDocument(films)(0));

    assert.equal(child(parseXml(text), "conference-state", "user-count")?.text, "1");
    assert.doesNotMatch(text, /alice|desk|locked|display-text/i);
  });

  test("say that the conference is over", () => {
    assert.equal(parseXml(heardFromFocus(deletedDocument(films)(9))).attributes["state"], "deleted");
  });
});

describe("The schemas", () => {
  test("refuse what RFC 4575 or docs/conference-events.md do not have", () => {
    films.put(alice, call(desk, { talking: true }));
    const good = fullDocument(films)(0);

    assert.equal(eventComplaints([good]), "");
    for (const [was, is] of [
      ["connected", "present"],
      [">true</talking>", ">perhaps</talking>"],
      ["<users", "<people/><users"],
    ] as const)
      assert.notEqual(eventComplaints([good.replace(was, is)]), "", is);
  });
});

describe("A roster", () => {
  test("takes nothing for a change that changes nothing", () => {
    films.put(alice, call(desk));
    const { revision } = films;
    films.put(alice, call(desk));
    films.take(bob, laptop);
    films.describe({ title: "films" });

    assert.equal(films.revision, revision);
  });

  test("forgets what was long ago, and no more changes than there are users", () => {
    films.put(alice, call(desk));
    const { revision } = films;
    for (let i = 0; i < 1000; i++) films.put(alice, call(desk, { talking: i % 2 === 0 }));

    assert.equal(films.at(revision), undefined);
    assert.notEqual(films.at(films.revision - 40), undefined);
    assert.equal(films.at(films.revision + 1), undefined);
  });
});
