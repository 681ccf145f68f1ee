import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { XmlElement } from "#xml/strict.ts";
import { parseXml } from "#xml/strict.ts";
import { fullDocument, partialDocument } from "../../../servers/conference/conference-package.ts";
import type { Present } from "../../../servers/conference/roster.ts";
import { emptyRoster, withEndpoint, withoutEndpoint } from "../../../servers/conference/roster.ts";

const JOINED = new Date("2026-11-22T20:00:00Z");
const films = emptyRoster("sip:films@127.0.0.1:5080", "films");

function call(entity: string, change: Partial<Present> = {}): Present {
  const there = { status: "connected", method: "dialed-in", joined: JOINED } as const;
  return {
    entity,
    displayText: "Alice",
    ...there,
    media: "sendrecv",
    talking: false,
    hand: false,
    ...change,
  };
}

function child(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce((at, name) => at?.children.find((one) => one.name === name), element);
}

const alice = "sip:alice@example.com";
const desk = "sip:desk@192.0.2.1:5060";
const laptop = "sip:laptop@192.0.2.2:5060";
const withAlice = withEndpoint(films, alice, call(desk));

describe("The full document", () => {
  test("lists every user with endpoint, media and the time of joining", () => {
    const root = parseXml(fullDocument(withAlice, 0));
    const endpoint = child(root, "users", "user", "endpoint");

    assert.equal(root.namespace, "urn:ietf:params:xml:ns:conference-info");
    assert.deepEqual(root.attributes, { entity: "sip:films@127.0.0.1:5080", state: "full", version: "0" });
    assert.equal(child(root, "conference-description", "display-text")?.text, "films");
    assert.equal(child(root, "conference-state", "user-count")?.text, "1");
    assert.deepEqual(child(root, "users", "user")?.attributes, { entity: alice, state: "full" });
    assert.equal(child(root, "users", "user", "display-text")?.text, "Alice");
    assert.equal(endpoint?.attributes["entity"], desk);
    assert.equal(child(endpoint, "status")?.text, "connected");
    assert.equal(child(endpoint, "joining-info", "when")?.text, "2026-11-22T20:00:00.000Z");
    assert.equal(child(endpoint, "media", "type")?.text, "audio");
    assert.equal(child(endpoint, "media", "status")?.text, "sendrecv");
    assert.equal(child(endpoint, "talking")?.text, "false");
    assert.equal(child(endpoint, "talking")?.namespace, "urn:partyline:conference:1");
  });

  test("carries a hostile name as text", () => {
    const name = `<user entity="sip:eve@example.com"/>&"']]>`;
    const document = fullDocument(withEndpoint(films, alice, call(desk, { displayText: name })), 0);

    assert.equal(child(parseXml(document), "users")?.children.length, 1);
    assert.equal(child(parseXml(document), "users", "user", "display-text")?.text, name);
  });
});

describe("The partial document", () => {
  test("adds somebody who came, and counts them", () => {
    const root = parseXml(partialDocument(films, withAlice, 4) ?? "");

    assert.deepEqual(root.attributes, { entity: "sip:films@127.0.0.1:5080", state: "partial", version: "4" });
    assert.equal(child(root, "conference-state", "user-count")?.text, "1");
    assert.deepEqual(child(root, "users", "user")?.attributes, { entity: alice, state: "full" });
  });

  test("deletes somebody who left", () => {
    const root = parseXml(partialDocument(withAlice, films, 5) ?? "");

    assert.equal(child(root, "conference-state", "user-count")?.text, "0");
    assert.deepEqual(child(root, "users", "user")?.attributes, { entity: alice, state: "deleted" });
  });

  test("says only which endpoint changed when one of two mutes", () => {
    const both = withEndpoint(withAlice, alice, call(laptop));
    const muted = withEndpoint(both, alice, call(laptop, { media: "recvonly" }));
    const root = parseXml(partialDocument(both, muted, 6) ?? "");
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
    const both = withEndpoint(withAlice, alice, call(laptop));
    const root = parseXml(partialDocument(both, withoutEndpoint(both, alice, desk), 7) ?? "");

    assert.equal(child(root, "users", "user")?.attributes["state"], "partial");
    assert.deepEqual(child(root, "users", "user", "endpoint")?.attributes, {
      entity: desk,
      state: "deleted",
    });
  });

  test("is none when everything is as it was", () => {
    const again = withEndpoint(
      withEndpoint(withAlice, alice, call(desk, { talking: true })),
      alice,
      call(desk),
    );

    assert.equal(partialDocument(withAlice, again, 8), undefined);
  });
});
