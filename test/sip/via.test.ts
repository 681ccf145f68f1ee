import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatVia, parseVia, sentBy } from "../../native-host/src/sip/via.ts";

describe("Via", () => {
  test("names the hops of one header from the last to the first", () => {
    const hops = parseVia(
      "SIP/2.0/UDP a.example.org:5070;branch=z9hG4bK1;rport, SIP / 2.0 / tcp [::1] : 5060 ; branch = x",
    );

    assert.deepEqual(hops, [
      {
        version: "2.0",
        protocol: "UDP",
        host: "a.example.org",
        port: 5070,
        params: { branch: "z9hG4bK1", rport: null },
      },
      { version: "2.0", protocol: "TCP", host: "[::1]", port: 5060, params: { branch: "x" } },
    ]);
  });

  test("takes a received address with and without brackets", () => {
    const received = (text: string) => parseVia(text)?.[0]?.params["received"];

    assert.equal(
      received("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=x"),
      "[2001:db8::9:255]",
    );
    assert.equal(
      received("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=x"),
      "2001:db8::9:255",
    );
  });

  const refused = [
    "",
    "SIP/2.0/UDP",
    "SIP/2.0 h",
    "SIP/2.0/UDP h:0",
    "SIP/2.0/UDP h:99999",
    "SIP/2.0/UDP h;branch=z9hG4bKb;__proto__",
    "SIP/2.0/UDP h;branch=a;branch=b",
    "SIP/2.0/UDP h;;branch=a",
    "SIP/2.0/UDP h,",
    "SIP/2.0/UDP [::1;branch=a",
    "SIP/2.0/UDP a b;branch=c",
  ];
  for (const text of refused) {
    test(`is refused when it is ${text || "empty"}`, () => {
      assert.equal(parseVia(text), undefined);
    });
  }

  test("comes out as it went in", () => {
    const text = "SIP/2.0/UDP h:5070;branch=z9hG4bK1;rport;received=10.0.0.1";

    assert.equal(parseVia(text)?.map(formatVia).join(), text);
  });

  test("compares senders with the default port filled in", () => {
    const of = (text: string) => parseVia(text)?.map(sentBy).join();

    assert.equal(of("SIP/2.0/UDP H.example.org;branch=1"), of("SIP/2.0/UDP h.example.org:5060;branch=2"));
    assert.notEqual(of("SIP/2.0/UDP h.example.org:5070;branch=1"), of("SIP/2.0/UDP h.example.org;branch=1"));
  });
});
