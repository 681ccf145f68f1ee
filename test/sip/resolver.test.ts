import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { resolve } from "../../native-host/src/sip/resolver.ts";

/** A name server that knows one host. */
const find = (host: string) =>
  host === "films.example" ? Promise.resolve("192.0.2.7") : Promise.reject(new Error("ENOTFOUND"));

describe("a URI leads to", () => {
  const literal = [
    ["sip:films@127.0.0.1:5080", "UDP 127.0.0.1 5080"],
    ["sip:films@127.0.0.1", "UDP 127.0.0.1 5060"],
    ["sip:films@127.0.0.1;transport=tcp", "TCP 127.0.0.1 5060"],
    ["sip:films@127.0.0.1;transport=UDP", "UDP 127.0.0.1 5060"],
    ["sip:films@localhost:5081", "UDP 127.0.0.1 5081"],
  ] as const;
  for (const [uri, expected] of literal) {
    test(`${expected} at once: ${uri}`, () => {
      const target = resolve(uri, 4, () => assert.fail("no need to ask"));

      assert.ok(!(target instanceof Promise));
      assert.equal(`${target.hop.protocol} ${target.hop.address} ${target.hop.port}`, expected);
    });
  }

  test("IPv6 addresses where we speak IPv6", () => {
    const at = (uri: string) => {
      const target = resolve(uri, 6, find);
      return target instanceof Promise ? undefined : target.hop.address;
    };

    assert.equal(at("sip:[::1]:5080"), "::1");
    assert.equal(at("sip:localhost"), "::1");
  });

  test("the address of a name", async () => {
    const target = await resolve("sip:films@films.example:5080", 4, find);

    assert.deepEqual(target.hop, { protocol: "UDP", address: "192.0.2.7", port: 5080 });
  });

  test("no certain transport unless it names one", async () => {
    const named = async (uri: string) => (await resolve(uri, 4, find)).named;

    assert.equal(await named("sip:127.0.0.1"), false);
    assert.equal(await named("sip:127.0.0.1;transport=udp"), true);
  });

  const nowhere = [
    ["sips:films@127.0.0.1", "TLS Not Available"],
    ["sip:films@127.0.0.1;transport=ws", "Transport Not Available"],
    ["tel:+12125550100", "Unsupported URI Scheme"],
    ["sip:films@[::1]", "No Route To Address Family"],
    ["films", "Bad Target"],
  ] as const;
  for (const [uri, reason] of nowhere) {
    test(`nowhere, never in clear instead: ${uri}`, () => {
      assert.throws(() => resolve(uri, 4, find), { status: 503, reason });
    });
  }

  test("nowhere when nobody knows the name", async () => {
    await assert.rejects(async () => resolve("sip:films@else.example", 4, find), {
      status: 503,
      reason: "Host Not Found",
    });
  });
});
