import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CertificateNames, speaksFor } from "../../../native-host/src/sip/transport/certificate.ts";

/** A certificate with these alternative names, and a common name where it says so. */
const named = (subjectaltname?: string, common = "elsewhere.test"): CertificateNames => ({
  subject: { C: "", ST: "", L: "", O: "", OU: "", CN: common },
  ...(subjectaltname !== undefined && { subjectaltname }),
});

describe("a certificate speaks for", () => {
  const good: readonly (readonly [string, CertificateNames, string])[] = [
    ["the domain of its SIP URI", named("DNS:host.films.test, URI:sip:films.test"), "films.test"],
    ["each of its SIP URIs", named("URI:sip:films.test, URI:sip:dramas.test"), "dramas.test"],
    ["its DNS name when it has no SIP URI", named("DNS:films.test, URI:http://a.test"), "films.test"],
    ["a domain however it is written", named("DNS:Films.TEST"), "fiLMs.test"],
    ["its common name when it has no other", named(undefined, "films.test"), "films.test"],
    ["its address", named("IP Address:192.0.2.7"), "192.0.2.7"],
    ["its IPv6 address however it is written", named("IP Address:2001:DB8:0:0:0:0:0:7"), "2001:db8::7"],
  ];
  for (const [what, certificate, domain] of good) {
    test(what, () => assert.equal(speaksFor(certificate, domain), true));
  }
});

describe("a certificate does not speak for", () => {
  const bad: readonly (readonly [string, CertificateNames, string])[] = [
    ["its DNS name beside a SIP URI", named("DNS:films.test, URI:sip:dramas.test"), "films.test"],
    ["what a wildcard would match", named("DNS:*.films.test"), "www.films.test"],
    ["a domain under its own", named("DNS:films.test"), "www.films.test"],
    ["the domain of a user's URI", named("URI:sip:alice@films.test"), "films.test"],
    ["the domain of a sips: URI", named("URI:sips:films.test"), "films.test"],
    ["its common name beside any other name", named("DNS:dramas.test", "films.test"), "films.test"],
    ["a domain quoted inside another name", named('DNS:"x, DNS:films.test"'), "films.test"],
    ["an address as its common name", named(undefined, "192.0.2.7"), "192.0.2.7"],
    ["an address as a DNS name", named("DNS:192.0.2.7"), "192.0.2.7"],
  ];
  for (const [what, certificate, domain] of bad) {
    test(what, () => assert.equal(speaksFor(certificate, domain), false));
  }
});
