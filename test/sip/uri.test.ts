import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  formatNameAddr,
  formatUri,
  hostPort,
  isSipUri,
  parseNameAddr,
  parseNameAddrs,
  parseUri,
} from "../../native-host/src/sip/uri.ts";

describe("a SIP URI", () => {
  const kept = [
    "sip:alice@example.org",
    "sip:alice@example.org:5070",
    "sips:alice@example.org",
    "sip:example.org",
    "sip:[2001:db8::1]",
    "sip:alice@[2001:db8::1]:5080;transport=tcp",
    "sip:alice@example.org;transport=tcp;lr",
    "sip:alice@example.org?subject=films&priority=urgent",
    "sip:alice;day=tuesday@example.org",
    "sip:alice:secret@example.org",
    "sip:%61lice%20b@example.org",
    "sip:+1-212-555-0100@example.org;user=phone",
    "sip:*55#@127.0.0.1",
    "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
    "sip:alice@example.org;maddr=[::1]",
    "tel:+1-212-555-0100;phone-context=example.org",
    "soap.beep://192.0.2.103:3002",
    "urn:service:sos",
  ];
  for (const text of kept) {
    test(`comes out as it went in: ${text}`, () => {
      const uri = parseUri(text);

      assert.ok(uri);
      assert.equal(formatUri(uri), text);
    });
  }

  const mended = [
    ["SIP:alice@Example.ORG", "sip:alice@example.org"],
    ["sip:alice@127.0.0.1;ob=", "sip:alice@127.0.0.1;ob"],
    ["sip:alice@127.0.0.1;Transport=TCP", "sip:alice@127.0.0.1;transport=TCP"],
    ["sip:alice@[2001:DB8::1]", "sip:alice@[2001:db8::1]"],
  ] as const;
  for (const [written, read] of mended) {
    test(`is read whatever its case or habits: ${written}`, () => {
      const uri = parseUri(written);

      assert.ok(uri);
      assert.equal(formatUri(uri), read);
    });
  }

  const refused = [
    "",
    "sip:",
    "sip:alice@",
    "sip:@example.org",
    "sip:alice@example.org:0",
    "sip:alice@example.org:99999",
    "sip:alice@example.org:50x",
    "sip:alice@[::1",
    "sip:alice@[12345::1]",
    "sip:alice@2001:db8::1",
    "sip:al ice@example.org",
    "sip:alice@example.org;__proto__=1",
    "sip:alice@example.org;constructor",
    "sip:alice@example.org;lr;lr",
    "sip:alice@bob@example.org",
    "sip:ali%zz@example.org",
    "sip:alice@example.org\r\nRoute: <sip:mallory@example.org>",
    "<sip:alice@example.org>",
    "alice@example.org",
  ];
  for (const text of refused) {
    test(`is refused, not guessed at: ${JSON.stringify(text)}`, () => {
      assert.equal(parseUri(text), undefined);
    });
  }

  test("says where to send, with the port of its scheme when it names none", () => {
    const at = (text: string) => {
      const uri = parseUri(text);
      return uri && hostPort(uri);
    };

    assert.deepEqual(at("sip:alice@example.org"), { host: "example.org", port: 5060 });
    assert.deepEqual(at("sips:alice@example.org"), { host: "example.org", port: 5061 });
    assert.deepEqual(at("sip:[::1]:5080"), { host: "::1", port: 5080 });
  });

  test("is told from other URIs", () => {
    assert.equal(isSipUri("sip:films@127.0.0.1"), true);
    assert.equal(isSipUri("tel:+12125550100"), false);
    assert.equal(isSipUri("sip:films@127.0.0.1 sip:b@h"), false);
  });
});

describe("an address with a name", () => {
  const read = [
    ["sip:alice@h;tag=1", { uri: "sip:alice@h", params: { tag: "1" } }],
    ["<sip:alice@h;lr>;tag=1", { uri: "sip:alice@h;lr", params: { tag: "1" } }],
    ['"Alice" <sip:alice@h>', { name: "Alice", uri: "sip:alice@h", params: {} }],
    ["Alice of H <sip:alice@h>", { name: "Alice of H", uri: "sip:alice@h", params: {} }],
    ["caller<sip:alice@h>", { name: "caller", uri: "sip:alice@h", params: {} }],
    ['"A \\"<q>\\" \\\\" <sip:alice@h>', { name: 'A "<q>" \\', uri: "sip:alice@h", params: {} }],
    ["<sip:alice@h> ; tag = 1 ; x", { uri: "sip:alice@h", params: { tag: "1", x: null } }],
    ['<sip:a@h>;+sip.instance="<urn:x;y>"', { uri: "sip:a@h", params: { "+sip.instance": '"<urn:x;y>"' } }],
    ["Ålice <sip:alice@h>", { name: "Ålice", uri: "sip:alice@h", params: {} }],
    ["<tel:+1>", { uri: "tel:+1", params: {} }],
  ] as const;
  for (const [text, value] of read) {
    test(`is read: ${text}`, () => {
      assert.deepEqual(parseNameAddr(text), value);
    });
  }

  const refused = [
    "",
    "alice",
    '"Alice <sip:alice@h>',
    "Alice, of H <sip:alice@h>",
    "<sip:alice@h",
    "<sip:alice@h>x",
    "<sip:alice@h>;;;",
    "< sip:alice@h >",
    "<sip:alice@h>;__proto__=1",
    "<sip:alice@h>;tag=1;tag=2",
    "<sip:alice@h:99999>",
    "sip:alice@h?Route=x",
  ];
  for (const text of refused) {
    test(`is refused: ${text}`, () => {
      assert.equal(parseNameAddr(text), undefined);
    });
  }

  test("cannot end early by what its name holds", () => {
    const text = formatNameAddr({ name: 'Alice" <sip:mallory@h>;tag="', uri: "sip:alice@h", params: {} });

    assert.equal(text, '"Alice\\" <sip:mallory@h>;tag=\\"" <sip:alice@h>');
    assert.equal(parseNameAddr(text)?.uri, "sip:alice@h");
  });

  test("has its parameters quoted where they need it", () => {
    const text = formatNameAddr({ uri: "sip:alice@h", params: { a: "x y;z", b: "plain", c: null } });

    assert.equal(text, '<sip:alice@h>;a="x y;z";b=plain;c');
  });

  test("may be one of a list whose names hold commas", () => {
    const list = parseNameAddrs('"Watson, T" <sip:watson@h>;q=1, sip:alice@h, <sip:bob,x@h>');

    assert.deepEqual(
      list?.map((value) => value.uri),
      ["sip:watson@h", "sip:alice@h", "sip:bob,x@h"],
    );
  });
});
