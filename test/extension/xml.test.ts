import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { child, el, readXml, writeXml, XmlError } from "../../extension/background/xml.ts";

describe("A document for the host", () => {
  test("escapes whatever a page or a person wrote", () => {
    const text = writeXml(
      el("ExternalJoin", { id: 'sip:a"><Leave/>@b', display: "<b> & 'c'\u0000\n", muted: true }),
    );
    assert.equal(
      text,
      `<ExternalJoin xmlns="urn:partyline:api:1" id="sip:a&quot;&gt;&lt;Leave/&gt;@b" display="&lt;b&gt; &amp; 'c'&#10;" muted="true"/>`,
    );
  });

  test("comes back as it went out, line ends and all", () => {
    const sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n";
    const back = readXml(writeXml(el("WebOffer", { session: "s&1" }, [el("Sdp", {}, [], sdp)])));
    assert.equal(back.attributes["session"], "s&1");
    assert.equal(child(back, "Sdp")?.text, sdp);
  });

  test("leaves out what is undefined", () => {
    assert.equal(writeXml(el("Leave", { call: undefined })), '<Leave xmlns="urn:partyline:api:1"/>');
  });
});

describe("A document of the host", () => {
  test("is read with one and with many children alike", () => {
    const one = readXml(
      '<Event seq="1"><Roster conf="sip:a@b" version="1"><User entity="u1"/></Roster></Event>',
    );
    assert.equal(one.children[0]?.children.length, 1);
    const two = readXml("<R><User entity='u1'/><User entity='&#x41;&amp;&#0066;'/></R>");
    assert.deepEqual(
      two.children.map(({ attributes }) => attributes["entity"]),
      ["u1", "A&B"],
    );
  });

  const BROKEN = [
    "<a><b></a>",
    "<a/><b/>",
    "",
    "plain",
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "<a b=c/>",
  ];
  for (const text of BROKEN) {
    test(`is refused when it is ${JSON.stringify(text)}`, () => {
      assert.throws(() => readXml(text), XmlError);
    });
  }
});
