import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type HeadElement, readTag } from "../../extension/content/conference-tag.ts";

const COMEDIES = "sip:comedies@conf.example.com";
const DRAMAS = "sip:dramas@conf.example.com";

function element(localName: string, attributes: Record<string, string>): HeadElement {
  return { localName, getAttribute: (name) => attributes[name] ?? null };
}

const link = (href: string, more: Record<string, string> = {}) =>
  element("link", { rel: "conference", href, ...more });
const meta = (content: string) => element("meta", { name: "conference", content });

describe("The page's tag", () => {
  test("is the first valid link, with its title and the features we know", () => {
    const tag = readTag([
      link("tel:+15551234"),
      link(COMEDIES, { title: "Talk about\n  comedies", "data-features": "audio video chat" }),
      link(DRAMAS),
    ]);
    assert.deepEqual(tag, { uri: COMEDIES, title: "Talk about comedies", features: ["audio", "chat"] });
  });

  test("may be a meta element where there is no link", () => {
    assert.deepEqual(readTag([meta(COMEDIES)]), { uri: COMEDIES, features: [] });
    assert.equal(readTag([meta(COMEDIES), link(DRAMAS)])?.uri, DRAMAS);
  });

  test("is not there when the page opts out, wherever in its head", () => {
    assert.equal(readTag([link(COMEDIES), meta("none")]), undefined);
    assert.equal(readTag([meta(" None ")]), undefined);
  });

  test("is known among other relations, in any case", () => {
    assert.equal(readTag([link(COMEDIES, { rel: "help Conference" })])?.uri, COMEDIES);
    assert.equal(readTag([link(COMEDIES, { rel: "conference-call" })]), undefined);
  });

  test("has a title of at most 128 characters, without characters that hide or turn text", () => {
    const tag = readTag([link(COMEDIES, { title: `\u202eevil\u0000${"x".repeat(300)}` })]);
    assert.equal(tag?.title, `evil${"x".repeat(124)}`);
  });

  test("is not there on a page without one", () => {
    assert.equal(readTag([element("link", { rel: "stylesheet", href: COMEDIES })]), undefined);
    assert.equal(readTag([]), undefined);
  });
});
