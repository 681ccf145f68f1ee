/** A conference server behind a proxy: whose word it takes for where a call comes from, and whose it is. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SipRequest } from "#sip/message.ts";
import { bracketed } from "#sip/uri.ts";
import { parseVia } from "#sip/via.ts";
import { TrustedProxies } from "../../../servers/conference/trusted-proxies.ts";

const PROXY = "192.0.2.10";
const OUTER_PROXY = "192.0.2.11";
const PHONE = "198.51.100.7";

/** A request from this address, with these Vias below the sender's own, and with these words on whose it is. */
function request({
  source = PROXY,
  vias = `SIP/2.0/UDP 10.0.0.1:5060;received=${PHONE};branch=z9hG4bKa`,
  asserted,
}: {
  readonly source?: string;
  readonly vias?: string;
  readonly asserted?: string;
}) {
  const via = [
    ...(parseVia(`SIP/2.0/UDP ${bracketed(source)};branch=z9hG4bKp`) ?? []),
    ...(parseVia(vias) ?? []),
  ];
  const from = { uri: "sip:alice@example.com", params: { tag: "a" } };
  const headers = { via, from, ...(asserted !== undefined && { "p-asserted-identity": asserted }) };
  return { from, source: { address: source, port: 5060 }, request: { headers } as unknown as SipRequest };
}

describe("Behind a trusted proxy", () => {
  const proxies = new TrustedProxies([PROXY, OUTER_PROXY]);

  test("a caller comes from where the proxy has noted", () => {
    assert.deepEqual(proxies.originOf(request({})), { address: PHONE });
  });

  test("who named his own address in the Via comes from there", () => {
    const vias = `SIP/2.0/UDP ${PHONE}:5060;branch=z9hG4bKa`;
    assert.equal(proxies.originOf(request({ vias })).address, PHONE);
  });

  test("of two proxies each is believed, and nothing that came to the first of them", () => {
    const vias = [
      `SIP/2.0/UDP ${OUTER_PROXY};branch=z9hG4bKo`,
      `SIP/2.0/UDP 10.0.0.1;received=${PHONE};branch=z9hG4bKa`,
      "SIP/2.0/UDP 10.0.0.2;received=203.0.113.1;branch=z9hG4bKmade-up",
    ].join(", ");
    assert.equal(proxies.originOf(request({ vias })).address, PHONE);
  });

  test("what is no address leaves the proxy's own", () => {
    for (const vias of ["SIP/2.0/UDP phone.example.com;branch=z9hG4bKa", ""])
      assert.equal(proxies.originOf(request({ vias })).address, PROXY, vias);
  });

  test("an IPv6 proxy is known however its address is written", () => {
    const ipv6 = new TrustedProxies(["2001:DB8::0:1"]);
    const vias = "SIP/2.0/UDP [2001:db8::7];branch=z9hG4bKa";
    assert.equal(ipv6.originOf(request({ source: "2001:db8::1", vias })).address, "2001:db8::7");
  });

  test("a caller is who the proxy asserts, from whatever address, and the roster has his From", () => {
    const alice = proxies.identityOf(request({ asserted: '"A" <sip:alice@Example.COM;user=phone>' }));

    assert.equal(alice.asserted, "sip:alice@example.com");
    assert.equal(alice.aor, "sip:alice@example.com");
    assert.equal(alice.name, "alice");
  });

  test("two assertions, a telephone number, or what is no address assert nothing", () => {
    const none = ["<sip:alice@example.com>, <sip:bob@example.com>", "<tel:+15551234>", "alice", "<sip:a"];
    for (const asserted of none)
      assert.deepEqual(proxies.originOf(request({ asserted })), { address: PHONE }, asserted);
  });
});

test("From anybody else neither Via nor assertion is believed", () => {
  const spoofed = request({ source: "203.0.113.5", asserted: "<sip:alice@example.com>" });

  assert.deepEqual(new TrustedProxies([PROXY]).originOf(spoofed), { address: "203.0.113.5" });
  assert.deepEqual(new TrustedProxies().originOf(spoofed), { address: "203.0.113.5" });
});
