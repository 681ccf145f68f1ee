import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Hop } from "#sip/message.ts";
import type { Family } from "#sip/resolver/names.ts";
import { Resolver, type ResolverOptions } from "#sip/resolver.ts";
import { a, aaaa, DnsServer, naptr, srv } from "../support/dns-server.ts";

const print = ({ protocol, address, port, name }: Hop) =>
  `${protocol} ${address} ${port}${name === undefined ? "" : ` ${name}`}`;

const V4: readonly Family[] = [4];
const noHosts = () => Promise.reject(new Error("not in the hosts file"));

async function hopsOf(uri: string, options: Partial<ResolverOptions> = {}): Promise<string[]> {
  const resolver = new Resolver({ families: V4, lookup: noHosts, random: () => 0, ...options });
  return (await resolver.resolve(uri)).hops.map(print);
}

describe("a URI leads, without asking anybody, to", () => {
  const literal = [
    ["sip:films@127.0.0.1:5080", "UDP 127.0.0.1 5080"],
    ["sip:films@127.0.0.1", "UDP 127.0.0.1 5060"],
    ["sip:films@127.0.0.1;transport=tcp", "TCP 127.0.0.1 5060"],
    ["sip:films@127.0.0.1;transport=UDP", "UDP 127.0.0.1 5060"],
    ["sip:films@127.0.0.1;transport=tls", "TLS 127.0.0.1 5061"],
    ["sip:films@127.0.0.1;transport=ws", "WS 127.0.0.1 80"],
    ["sip:films@localhost:5081", "UDP 127.0.0.1 5081"],
    ["sip:desk.localhost", "UDP 127.0.0.1 5060"],
    ["sips:films@127.0.0.1", "TLS 127.0.0.1 5061"],
    ["sips:films@127.0.0.1:5063;transport=tcp", "TLS 127.0.0.1 5063"],
    ["sips:films@127.0.0.1;transport=ws", "WSS 127.0.0.1 443"],
    ["sips:films@localhost", "TLS 127.0.0.1 5061 localhost"],
    ["sip:films@films.example;maddr=192.0.2.9", "UDP 192.0.2.9 5060"],
    ["sips:films@films.example;maddr=192.0.2.9", "TLS 192.0.2.9 5061 films.example"],
  ] as const;
  for (const [uri, expected] of literal) {
    test(`${expected}: ${uri}`, () => {
      const targets = new Resolver({ families: V4, lookup: () => assert.fail("asked") }).resolve(uri);

      assert.ok(!(targets instanceof Promise));
      assert.deepEqual(targets.hops.map(print), [expected]);
    });
  }

  test("IPv6 addresses where we speak IPv6", async () => {
    const families: readonly Family[] = [6];

    assert.deepEqual(await hopsOf("sip:[::1]:5080", { families }), ["UDP ::1 5080"]);
    assert.deepEqual(await hopsOf("sip:localhost", { families }), ["UDP ::1 5060"]);
    assert.deepEqual(await hopsOf("sip:localhost", { families: [6, 4] }), [
      "UDP ::1 5060",
      "UDP 127.0.0.1 5060",
    ]);
  });

  test("no certain transport unless it names one", () => {
    const named = (uri: string) => {
      const targets = new Resolver({ families: V4 }).resolve(uri);
      return targets instanceof Promise ? undefined : targets.named;
    };

    assert.equal(named("sip:127.0.0.1"), false);
    assert.equal(named("sip:127.0.0.1;transport=udp"), true);
  });

  const nowhere = [
    ["sips:films@127.0.0.1;transport=udp", "Transport Not Available"],
    ["sip:films@127.0.0.1;transport=sctp", "Transport Not Available"],
    ["tel:+12125550100", "Unsupported URI Scheme"],
    ["sip:films@[::1]", "No Route To Address Family"],
    ["sip:films@films.example;maddr=239.1.2.3", "Multicast Not Available"],
    ["films", "Bad Target"],
  ] as const;
  for (const [uri, reason] of nowhere) {
    test(`nowhere, never in clear instead: ${uri}`, () => {
      assert.throws(() => new Resolver({ families: V4 }).resolve(uri), { status: 503, reason });
    });
  }
});

describe("a domain leads to", () => {
  const films = [
    srv("_sip._udp.films.example", "one.films.example", 5070, [1, 0]),
    srv("_sip._udp.films.example", "two.films.example", 5071, [2, 0]),
    srv("_sip._tcp.films.example", "one.films.example", 5072),
    srv("_sips._tcp.films.example", "one.films.example", 5073),
    a("one.films.example", "192.0.2.1"),
    a("two.films.example", "192.0.2.2"),
    a("films.example", "192.0.2.3"),
  ];

  test("the transport it likes best, by order before preference, and what we cannot speak is left out", async () => {
    await using server = await DnsServer.open([
      ...films,
      naptr("films.example", "SIP+D2S", "_sip._sctp.films.example", [1, 1]),
      naptr("films.example", "SIP+D2U", "_sip._udp.films.example", [10, 20]),
      naptr("films.example", "sip+d2t", "_sip._tcp.films.example", [10, 10]),
      naptr("films.example", "SIPS+D2T", "_sips._tcp.films.example", [20, 1]),
    ]);

    assert.deepEqual(await hopsOf("sip:films.example", { dns: server.dns }), [
      "TCP 192.0.2.1 5072",
      "UDP 192.0.2.1 5070",
      "UDP 192.0.2.2 5071",
    ]);
  });

  test("only what is encrypted when the URI is sips", async () => {
    await using server = await DnsServer.open([
      ...films,
      naptr("films.example", "SIP+D2U", "_sip._udp.films.example", [10, 10]),
      naptr("films.example", "SIPS+D2T", "_sips._tcp.films.example", [20, 10]),
    ]);

    assert.deepEqual(await hopsOf("sips:films.example", { dns: server.dns }), [
      "TLS 192.0.2.1 5073 films.example",
    ]);
  });

  test("WebSocket servers when NAPTR says so", async () => {
    await using server = await DnsServer.open([
      naptr("films.example", "SIPS+D2W", "_wss.films.example"),
      srv("_wss.films.example", "web.films.example", 8443),
      a("web.films.example", "192.0.2.4"),
    ]);

    assert.deepEqual(await hopsOf("sip:films.example", { dns: server.dns }), [
      "WSS 192.0.2.4 8443 films.example",
    ]);
  });

  test("every transport that has servers when there is no NAPTR", async () => {
    await using server = await DnsServer.open(films);

    assert.deepEqual(await hopsOf("sip:films.example", { dns: server.dns }), [
      "UDP 192.0.2.1 5070",
      "UDP 192.0.2.2 5071",
      "TCP 192.0.2.1 5072",
      "TLS 192.0.2.1 5073 films.example",
    ]);
    assert.deepEqual(await hopsOf("sips:films.example", { dns: server.dns }), [
      "TLS 192.0.2.1 5073 films.example",
    ]);
  });

  test("the servers of the transport that the URI names, and NAPTR is not asked", async () => {
    await using server = await DnsServer.open(films);

    assert.deepEqual(await hopsOf("sip:films.example;transport=tcp", { dns: server.dns }), [
      "TCP 192.0.2.1 5072",
    ]);
    assert.deepEqual(server.questions, ["SRV _sip._tcp.films.example", "A one.films.example"]);
  });

  test("its own address when the URI names a port, and SRV is not asked", async () => {
    await using server = await DnsServer.open(films);

    assert.deepEqual(await hopsOf("sip:films.example:5099", { dns: server.dns }), ["UDP 192.0.2.3 5099"]);
    assert.deepEqual(server.questions, ["A films.example"]);
  });

  test("its own address when it lists no servers", async () => {
    await using server = await DnsServer.open([a("plain.example", "192.0.2.5")]);

    assert.deepEqual(await hopsOf("sip:plain.example", { dns: server.dns }), ["UDP 192.0.2.5 5060"]);
    assert.deepEqual(await hopsOf("sips:plain.example", { dns: server.dns }), [
      "TLS 192.0.2.5 5061 plain.example",
    ]);
  });

  test("addresses of both families where we have both", async () => {
    await using server = await DnsServer.open([
      srv("_sip._udp.films.example", "one.films.example", 5070),
      a("one.films.example", "192.0.2.1"),
      aaaa("one.films.example", "2001:db8::1"),
    ]);

    assert.deepEqual(await hopsOf("sip:films.example", { dns: server.dns, families: [6, 4] }), [
      "UDP 2001:db8::1 5070",
      "UDP 192.0.2.1 5070",
    ]);
  });

  test("its other servers when one has no address", async () => {
    await using server = await DnsServer.open(films.filter(({ name }) => name !== "one.films.example"));

    assert.deepEqual(await hopsOf("sip:films.example", { dns: server.dns }), ["UDP 192.0.2.2 5071"]);
  });

  test("nothing by a service that it says is not there", async () => {
    await using server = await DnsServer.open([
      srv("_sip._udp.films.example", ".", 0),
      srv("_sip._tcp.films.example", "one.films.example", 5072),
      a("one.films.example", "192.0.2.1"),
    ]);

    assert.deepEqual(await hopsOf("sip:films.example", { dns: server.dns }), ["TCP 192.0.2.1 5072"]);
  });

  test("what the hosts file says when no name server knows it", async () => {
    await using server = await DnsServer.open();
    const lookup = (host: string) =>
      host === "desk" || host === "desk.example" ? Promise.resolve(["192.0.2.6"]) : noHosts();

    assert.deepEqual(await hopsOf("sip:desk.example", { dns: server.dns, lookup }), ["UDP 192.0.2.6 5060"]);
    assert.deepEqual(await hopsOf("sip:desk", { dns: server.dns, lookup }), ["UDP 192.0.2.6 5060"]);
  });

  test("its address though nobody answers for its services", async () => {
    await using server = await DnsServer.open([a("films.example", "192.0.2.3")]);
    for (const prefix of ["_sip._udp", "_sip._tcp", "_sips._tcp"])
      server.broken.add(`${prefix}.films.example`);

    assert.deepEqual(await hopsOf("sip:films.example", { dns: server.dns }), ["UDP 192.0.2.3 5060"]);
  });

  test("nowhere when nobody knows it, or nobody answers: a 503 that says which", async () => {
    await using server = await DnsServer.open();
    server.broken.add("broken.example");
    server.silent.add("silent.example");
    const refusal = (uri: string) =>
      hopsOf(uri, { dns: server.dns }).then(String, ({ status, reason }) => `${status} ${reason}`);

    assert.equal(await refusal("sip:else.example"), "503 Host Not Found");
    assert.equal(await refusal("sip:broken.example:5060"), "503 DNS Failed");
    assert.equal(await refusal("sip:silent.example:5060"), "503 DNS Failed");
  });
});

describe("what was asked before", () => {
  test("is not asked again while it is good", async () => {
    await using server = await DnsServer.open([a("films.example", "192.0.2.3", 60)]);
    const resolver = new Resolver({ families: V4, lookup: noHosts, dns: server.dns });

    await Promise.all([resolver.resolve("sip:films.example:1"), resolver.resolve("sip:films.example:2")]);
    await resolver.resolve("sip:films.example:3");

    assert.deepEqual(server.questions, ["A films.example"]);
  });

  test("is asked again when its time is over", async () => {
    await using server = await DnsServer.open([a("films.example", "192.0.2.3", 0)]);
    const resolver = new Resolver({ families: V4, lookup: noHosts, dns: server.dns });
    const first = await resolver.resolve("sip:films.example:5060");
    server.knows([a("films.example", "192.0.2.4", 0)]);
    const second = await resolver.resolve("sip:films.example:5060");

    assert.deepEqual(
      [first, second].map(({ hops }) => hops.map(print)),
      [["UDP 192.0.2.3 5060"], ["UDP 192.0.2.4 5060"]],
    );
  });
});
