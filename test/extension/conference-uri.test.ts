import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readConferenceUri, sameConference } from "../../extension/conference-uri.ts";

describe("An address a page offers", () => {
  const TAKEN = [
    ["sip:films-42@conf.example.com", "conf.example.com"],
    ["sips:films@CONF.example.com:5061", "conf.example.com"],
    ["SIP:films@127.0.0.1:5080;transport=tcp", "127.0.0.1"],
    ["sip:films@[2001:db8::1]:5060", "2001:db8::1"],
    ["  sip:films%20club@conf.example.com ", "conf.example.com"],
    ["sip:conf.example.com", "conf.example.com"],
  ] as const;
  for (const [uri, host] of TAKEN) {
    test(`is taken when it is ${uri.trim()}`, () => {
      const address = readConferenceUri(uri);
      assert.equal(address?.host, host);
      assert.equal(address?.uri, uri.trim());
    });
  }

  const REFUSED = [
    "tel:+18005551234",
    "javascript:alert(1)",
    "https://conf.example.com/films",
    "sip:films@conf.example.com?Replaces=abc",
    "sip:films@conf.example.com;method=REFER",
    "sip:alice:secret@conf.example.com",
    "sip:films@conf.example.com:99999",
    "sip:films@conf.example.com\r\nVia: SIP/2.0/UDP evil",
    "sip:films@conf example.com",
    "sip:films@conf.example.com<script>",
    "sip:",
    `sip:${"a".repeat(1100)}@conf.example.com`,
    42,
    undefined,
  ];
  for (const uri of REFUSED) {
    test(`is refused when it is ${JSON.stringify(uri)?.slice(0, 60)}`, () => {
      assert.equal(readConferenceUri(uri), undefined);
    });
  }

  test("names the same conference with other parameters, not with another user or port", () => {
    assert.ok(sameConference("sip:films@Conf.example.com", "sip:films@conf.example.com;transport=udp"));
    assert.ok(!sameConference("sip:films@conf.example.com", "sip:Films@conf.example.com"));
    assert.ok(!sameConference("sip:films@conf.example.com", "sip:films@conf.example.com:5080"));
  });
});
