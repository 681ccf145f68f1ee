/** docs/xml-api.md against the schema: every element, attribute, type, code and example, and none that is not there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { API_NAMESPACE } from "../../native-host/src/api/command.ts";
import { formatXml, parseXml, type XmlElement } from "../../native-host/src/xml/strict.ts";
import { type Element, readSchema, withReference } from "../../scripts/api-reference.ts";
import { complaints } from "../support/schema.ts";
import { validDocuments } from "./documents.ts";

const docs = readFileSync(new URL("../../docs/xml-api.md", import.meta.url), "utf8");
const elements = readSchema();
/** Of a browser's bridge, and of each command. */
const ELSEWHERE = new Set(["Bridge", "Sdp", "Accepted", "Welcome", "Result", "Error", "Event"]);

/** What the tables of commands and events say of an element: the attributes of all its forms. */
function told(name: string): readonly string[] {
  const rows = docs.split("\n").filter((line) => line.startsWith("| `<"));
  const forms = rows.flatMap((row) => [
    ...(row.split(" | ")[0] ?? "").matchAll(new RegExp(`<${name}((?: [^<>]*)?)/?>`, "g")),
  ]);
  const words = forms.flatMap(([, attributes = ""]) => attributes.match(/[a-z-]+(?=[ ?=/]|$)/g) ?? []);
  return [...new Set(words)].sort();
}

/** Elements and attributes that occur in a document, as `Call@state`. */
function used(document: XmlElement): string[] {
  const { name, attributes, children } = document;
  return [name, ...Object.keys(attributes).map((key) => `${name}@${key}`), ...children.flatMap(used)];
}

const all = (element: Element): Element[] => [element, ...element.inner.flatMap(all)];

describe("The reference of the API", () => {
  test("is what the schema says; node scripts/api-reference.ts writes it", () => {
    assert.equal(docs, withReference(docs));
  });

  for (const { name, attributes } of elements.filter((element) => !ELSEWHERE.has(element.name))) {
    test(`explains ${name} with the attributes it has`, () => {
      const expected = attributes.map((attribute) => attribute.name).sort();
      assert.deepEqual(told(name), expected);
    });
  }

  test("has examples that are valid against the schema", () => {
    const blocks = [...docs.matchAll(/```xml\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
      block.trim().split("\n"),
    );
    const sent = [...docs.matchAll(/partyline send '([^']*)'/g)].map(([, document = ""]) => document);
    assert.ok(blocks.length >= 2 && sent.length >= 1);
    const namespaced = [...blocks, ...sent].map((text) =>
      formatXml({ ...parseXml(text), namespace: API_NAMESPACE }),
    );
    assert.equal(complaints(namespaced), "");
  });

  test("has an example of every element and every attribute", () => {
    const shown = new Set(validDocuments.flatMap((text) => used(parseXml(text))));
    const known = elements
      .flatMap(all)
      .flatMap(({ name, attributes }) => [
        name,
        ...attributes.map((attribute) => `${name}@${attribute.name}`),
      ]);
    assert.deepEqual(
      known.filter((one) => !shown.has(one)),
      [],
    );
  });
});
