import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Case, judge } from "../../extension/background/consent.ts";

const page: Case = {
  origin: "https://films.example",
  uri: "sip:comedies@conf.films.example",
  trust: "own",
  site: undefined,
  granted: null,
  identity: "",
};

describe("A page's offer", () => {
  test("is only a question on a site the user has said nothing about", () => {
    const verdict = judge(page);
    assert.deepEqual(verdict, { name: "ask", question: { reason: "new-site", choice: "muted", name: "" } });
  });

  test("is taken muted or with the microphone on, as the user allowed, under the name for that site", () => {
    const muted = judge({ ...page, site: { choice: "muted", name: "Alice" } });
    assert.deepEqual(muted, { name: "join", muted: true, display: "Alice" });
    const talking = judge({ ...page, site: { choice: "talking", name: "" }, identity: "Alice Liddell" });
    assert.deepEqual(talking, { name: "join", muted: false, display: "" });
  });

  test("is asked about on each page when the user wants to be asked", () => {
    assert.equal(judge({ ...page, site: { choice: "ask", name: "" } }).name, "ask");
  });

  test("is never taken on a site the user refused, nor on a private network of somebody else", () => {
    assert.equal(judge({ ...page, site: { choice: "never", name: "" } }).name, "never");
    const granted = { origin: page.origin, uri: page.uri, muted: true };
    assert.equal(judge({ ...page, trust: "refused", granted }).name, "never");
  });

  test("always asks when the room is on a server that the site does not name", () => {
    const site = { choice: "talking", name: "" } as const;
    const verdict = judge({ ...page, trust: "elsewhere", site });
    assert.equal(verdict.name === "ask" && verdict.question.reason, "elsewhere");
    assert.equal(judge({ ...page, trust: "listed", site }).name, "join");
  });

  test("is taken for this one page when the user said so, and not for the next", () => {
    const site = { choice: "ask", name: "Alice" } as const;
    const granted = { origin: page.origin, uri: page.uri, muted: true };
    assert.deepEqual(judge({ ...page, site, granted }), { name: "join", muted: true, display: "Alice" });
    assert.equal(judge({ ...page, uri: "sip:dramas@conf.films.example", site, granted }).name, "ask");
    assert.equal(judge({ ...page, origin: "https://copy.example", site, granted }).name, "ask");
  });
});
