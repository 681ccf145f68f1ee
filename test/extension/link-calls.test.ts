import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LinkCalls } from "../../extension/background/link-calls.ts";
import { EMPTY, Kept, type Memory } from "../../extension/background/memory.ts";
import { NO_SETTINGS, type Settings } from "../../extension/background/settings.ts";
import { readCallUri, spoken } from "../../extension/call-uri.ts";
import { FakeArea } from "../support/fake-browser.ts";

const FILMS = "https://films.example";
const BOB = "sip:bob@conf.films.example";
const ALLOWED = { sites: { [FILMS]: { choice: "muted", name: "Alice" } } } as const;

function stage(set: Partial<Settings> = {}, known: Partial<Memory> = {}) {
  const memory = new Kept(new FakeArea(), { ...EMPTY, ...known }, () => undefined);
  const settings = new Kept(new FakeArea(), { ...NO_SETTINGS, ...set }, () => undefined);
  const done: string[] = [];
  const links = new LinkCalls({
    memory,
    settings,
    calls: { open: (uri, origin, display) => done.push(`call ${uri} for ${origin} as “${display}”`) },
    ask: () => done.push("ask"),
    tell: () => done.push("tell"),
    settled: (soon) => done.push(soon ? "more may follow" : "settled"),
  });
  return { memory, links, done };
}

describe("A click on a sip: link", () => {
  test("asks first, whoever the site is, and calls after a yes", () => {
    const { links, memory, done } = stage();
    links.clicked(BOB, FILMS);
    assert.deepEqual([done.splice(0), memory.value.link?.uri], [["ask"], BOB]);
    links.answer(true);
    assert.deepEqual(done, [`call ${BOB} for ${FILMS} as “”`, "more may follow"]);
    assert.equal(memory.value.link, null);
  });

  test("calls nobody after a no", () => {
    const { links, done } = stage();
    links.clicked(BOB, FILMS);
    links.answer(false);
    links.answer(true);
    assert.deepEqual(done, ["ask", "settled", "more may follow"]);
  });

  test("calls at once within a site that may join the user, and asks when it leads out of it", () => {
    const { links, done } = stage(ALLOWED);
    links.clicked(BOB, FILMS);
    links.clicked("sip:mallory@evil.example", FILMS);
    links.clicked(BOB, "https://evil.example");
    assert.deepEqual(done, [`call ${BOB} for ${FILMS} as “Alice”`, "ask", "ask"]);
  });

  test("calls at once on a server that such a site names", () => {
    const { links, done } = stage(ALLOWED, { listed: { [FILMS]: { hosts: ["other.example"], at: 0 } } });
    links.clicked("sip:bob@other.example", FILMS);
    assert.deepEqual(done, [`call sip:bob@other.example for ${FILMS} as “Alice”`]);
  });

  test("leaves the question about a telephone number to the service, which asks each time", () => {
    const { links, done } = stage();
    links.clicked("tel:+49%2030%20123456", FILMS);
    assert.deepEqual(done, [`call tel:+4930123456 for ${FILMS} as “”`]);
  });

  test("says in words that an address cannot be called", () => {
    const { links, memory, done } = stage(ALLOWED);
    for (const bad of [
      `${BOB}?Route=x`,
      "sip:bob:secret@films.example",
      "sip:",
      "tel:",
      "tel:abc",
      7,
      `${BOB}\r\nX: y`,
    ])
      links.clicked(bad, FILMS);
    assert.deepEqual(new Set(done), new Set(["tell"]));
    assert.match(memory.value.problem?.sentence ?? "", /no address that can be called/);
  });
});

describe("An address in a link", () => {
  test("is read as it is, a telephone number without its spaces", () => {
    assert.deepEqual(readCallUri(" sips:bob@Films.Example;transport=tcp "), {
      uri: "sips:bob@Films.Example;transport=tcp",
      host: "films.example",
    });
    assert.equal(readCallUri("TEL:112;phone-context=+49")?.uri, "tel:112;phone-context=+49");
    assert.equal(readCallUri("https://films.example"), undefined);
    assert.equal(readCallUri(`sip:${"a".repeat(2000)}@films.example`), undefined);
  });

  test("is said without scheme, parameters and characters that nobody sees", () => {
    assert.equal(spoken("sip:bob@films.example;transport=tcp"), "bob@films.example");
    assert.equal(spoken("tel:+4930123456;phone-context=x"), "+4930123456");
    assert.equal(spoken("sip:\u202ebob@films.example"), "bob@films.example");
  });
});
