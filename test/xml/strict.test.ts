import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { el, formatXml, parseXml, type XmlElement } from "#xml/strict.ts";

describe("Strict XML", () => {
  const refusals: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    [
      "an unquoted attribute",
      "<ExternalJoin id=sip:alice@home/>",
      /line 1, column 18: attribute value must be quoted/,
    ],
    [
      "an element left open",
      "<Join><Use></Join>",
      /line 1, column 12: <\/Join> stands where <Use> should be closed/,
    ],
    ["a document without an end", "<Join>\n <Use/>", /line 2, column 8: <Join> is not closed/],
    ["a second root", "<Ping/><Ping/>", /second root/],
    ["text behind the root", "<Ping/>more", /text outside/],
    ["text before the root", "hello<Ping/>", /line 1, column 1: there is text outside/],
    ["nothing", "", /there is no element/],
    ["only a comment", "<!-- comedies -->", /there is no element/],
    ["a DOCTYPE", '<!DOCTYPE Ping [<!ENTITY x "y">]><Ping/>', /DOCTYPE is not allowed/],
    ["a DOCTYPE in lower case", "<!doctype Ping><Ping/>", /comments and CDATA/],
    ["a processing instruction", "<Ping><?php echo 1?></Ping>", /processing instructions/],
    [
      "an XML declaration that is not at the start",
      ' <?xml version="1.0"?><Ping/>',
      /processing instructions/,
    ],
    ["an unknown entity", "<Ping>&nbsp;</Ping>", /line 1, column 7: "&"/],
    ["a bare ampersand", '<Ping a="x & y"/>', /line 1, column 12: "&"/],
    ["a reference to a control character", "<Ping>&#1;</Ping>", /&#1; is not a character/],
    ["a reference to half a surrogate pair", "<Ping>&#xD800;</Ping>", /not a character/],
    ["a reference beyond Unicode", "<Ping>&#x110000;</Ping>", /not a character/],
    ["a control character", "<Ping>\u0001</Ping>", /line 1, column 7: control characters/],
    ["a terminal's control character", "<Ping>\u009b31m</Ping>", /control characters/],
    ["a less-than sign in an attribute", '<Ping a="<"/>', /"<" is not allowed inside a tag/],
    ["an attribute given twice", '<Ping a="1" a="2"/>', /line 1, column 13: the attribute a is given twice/],
    [
      "an attribute given twice under two prefixes",
      '<P xmlns:a="u" xmlns:b="u" a:x="1" b:x="2"/>',
      /given twice/,
    ],
    ["a prefix nobody declared", "<api:Ping/>", /prefix of api:Ping is not declared/],
    ["the name __proto__", "<__proto__/>", /__proto__ is not allowed/],
    ["an attribute named constructor", '<Ping constructor="1"/>', /constructor is not allowed/],
    ["nine elements inside one another", `${"<a>".repeat(9)}${"</a>".repeat(9)}`, /deeper than 8/],
    [
      "257 attributes",
      `<Ping ${Array.from({ length: 257 }, (_, i) => `a${i}=""`).join(" ")}/>`,
      /more than 256/,
    ],
    ["more than 64 KiB", `<Ping>${" ".repeat(65_536)}</Ping>`, /longer than 65536 bytes/],
    ["an end of CDATA in text", "<Ping>]]></Ping>", /"]]>" is not allowed/],
    ["a comment with two hyphens in it", "<Ping><!-- a -- b --></Ping>", /comments and CDATA/],
  ];
  for (const [what, text, message] of refusals) {
    test(`refuses ${what}, and says where`, () => {
      assert.throws(() => parseXml(text), { name: "XmlError", message });
    });
  }

  test("reads text as it stands: 0012 stays 0012", () => {
    assert.equal(parseXml("<Ping>0012</Ping>").text, "0012");
    assert.equal(parseXml('<Ping a=" 0x10 "/>').attributes["a"], " 0x10 ");
  });

  test("decodes the five entities and numeric references, but not inside CDATA", () => {
    const { text, attributes } = parseXml(
      '<P a="&lt;&quot;&apos;">&#x41;&#66;&amp;lt;<![CDATA[&amp;<]]></P>',
    );
    assert.equal(text, "AB&lt;&amp;<");
    assert.equal(attributes["a"], "<\"'");
  });

  test("resolves prefixes to namespaces", () => {
    const root = parseXml('<x:A xmlns:x="urn:a" xmlns="urn:b"><B/><C xmlns=""/></x:A>');
    assert.deepEqual([root.name, root.namespace], ["A", "urn:a"]);
    assert.deepEqual(
      root.children.map(({ name, namespace }) => [name, namespace]),
      [
        ["B", "urn:b"],
        ["C", ""],
      ],
    );
  });

  test("keeps names that JavaScript objects inherit", () => {
    const root = parseXml('<toString hasOwnProperty="1"/>');
    assert.deepEqual([root.name, root.attributes], ["toString", { hasOwnProperty: "1" }]);
  });

  test("accepts a declaration at the very start, a byte order mark, and white space around the root", () => {
    assert.equal(parseXml('\uFEFF<?xml version="1.0" encoding="UTF-8"?>\r\n<Ping/>\n').name, "Ping");
  });

  test("lets the caller allow more", () => {
    const roster = `<users>${'<user entity="sip:alice@home"/>'.repeat(3000)}</users>`;
    assert.throws(() => parseXml(roster), { name: "XmlError" });
    assert.equal(parseXml(roster, { maxBytes: 2 ** 20 }).children.length, 3000);
  });

  test("reads a long hostile text in linear time", () => {
    const started = performance.now();
    for (const text of [
      `<a${" ".repeat(65_000)}`,
      `<a ${"b".repeat(65_000)}`,
      `<!--${"-".repeat(65_000)}`,
      "<".repeat(65_000),
    ]) {
      assert.throws(() => parseXml(text), { name: "XmlError" });
    }
    assert.ok(performance.now() - started < 500);
  });

  test("reads back what it printed, whatever the text", () => {
    const nasty = "\"<>&'\t\n\r]]> \u{1F600} &amp; --> é";
    const printed: XmlElement = el("A", { xmlns: "urn:a", a: nasty }, [
      el("B", { b: nasty }, [nasty]),
      el("C"),
    ]);
    const read = parseXml(formatXml(printed));
    assert.equal(read.attributes["a"], nasty);
    assert.equal(read.children[0]?.text, nasty);
    assert.equal(formatXml(read), formatXml(printed));
    assert.doesNotMatch(formatXml(printed), /\n/);
  });

  test("prints characters XML cannot carry as U+FFFD", () => {
    assert.equal(parseXml(formatXml(el("A", { a: "x\0\u001b[31m" }))).attributes["a"], "x\uFFFD\uFFFD[31m");
  });
});
