/** As whom the user was called, and whether that is allowed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { calledAs } from "../../native-host/src/service/called-as.ts";

const HERE = "sip:alice@192.0.2.7:5062";
const alice = { uri: "sip:alice@example.com", name: "Alice" } as const;
const withAccount = { accounts: [alice], identity: "sip:al@home.example" } as const;
const without = { accounts: [], identity: "sip:al@home.example" } as const;

const called = (target: SipUri, to: string, addresses: Parameters<typeof calledAs>[2]) =>
  calledAs(target, to, addresses)?.uri;

describe("A call to the Contact of an account", () => {
  test("is for that account, whoever the caller dialled", () => {
    assert.deepEqual(calledAs(HERE, "sip:alice@example.com", withAccount), alice);
    assert.equal(called(HERE, "sip:sales@example.com", withAccount), alice.uri);
    assert.equal(called("sip:%61lice@192.0.2.7:5062", "sip:alice@example.com", withAccount), alice.uri);
  });

  test("that nobody has, is for nobody", () => {
    assert.equal(called("sip:100@192.0.2.7:5062", "sip:100@example.com", withAccount), undefined);
    assert.equal(called("sip:192.0.2.7:5062", "sip:alice@example.com", withAccount), undefined);
    assert.equal(called("sip:al@192.0.2.7:5062", "sip:al@example.com", withAccount), undefined);
  });
});

describe("A call straight to our address", () => {
  test("is for nobody while there are accounts, unless the user wants it", () => {
    assert.equal(called(HERE, HERE, withAccount), undefined);
    assert.equal(called(HERE, "sip:alice@192.0.2.7:5062;transport=udp", withAccount), undefined);
    assert.equal(called(HERE, HERE, { ...withAccount, direct: true }), alice.uri);
    assert.equal(
      called("sip:al@192.0.2.7", "sip:al@192.0.2.7", { ...withAccount, direct: true }),
      "sip:al@home.example",
    );
  });

  test("is for the user under the configured name where there is no account, unless it is not wanted", () => {
    assert.equal(called("sip:al@192.0.2.7", "sip:al@192.0.2.7", without), "sip:al@home.example");
    assert.equal(called("sip:100@192.0.2.7", "sip:100@192.0.2.7", without), undefined);
    assert.equal(called("sip:al@192.0.2.7", "sip:al@192.0.2.7", { ...without, direct: false }), undefined);
  });
});
