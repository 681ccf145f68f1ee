import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { identityOf, sameOwner } from "../../../servers/conference/identity.ts";

const HERE = { address: "127.0.0.1" };
const from = (uri: string, name?: string) => ({
  uri,
  params: { tag: "x" },
  ...(name !== undefined && { name }),
});

describe("A caller's identity", () => {
  test("is the From without its parameters, the host in lower case", () => {
    assert.equal(identityOf(from("sip:Alice@Example.COM;transport=tcp"), HERE).aor, "sip:Alice@example.com");
    assert.equal(identityOf(from("sip:127.0.0.1:5060"), HERE).aor, "sip:127.0.0.1:5060");
  });

  test("is named by what it calls itself, else by its user part, else by its host", () => {
    assert.equal(identityOf(from("sip:alice@example.com", "Alice A."), HERE).name, "Alice A.");
    assert.equal(identityOf(from("sip:alice@example.com", " "), HERE).name, "alice");
    assert.equal(identityOf(from("sip:example.com"), HERE).name, "example.com");
  });

  test("has no name when it is withheld", () => {
    const anonymous = identityOf(from("sip:anonymous@ANONYMOUS.invalid", "Alice"), HERE);

    assert.equal(anonymous.anonymous, true);
    assert.equal(anonymous.name, undefined);
  });

  test("is another one from another address", () => {
    const alice = identityOf(from("sip:alice@example.com"), HERE);

    assert.ok(sameOwner(alice, identityOf(from("sip:alice@example.com", "Al"), HERE)));
    assert.equal(
      sameOwner(alice, identityOf(from("sip:alice@example.com"), { address: "192.0.2.1" })),
      false,
    );
    assert.equal(sameOwner(alice, identityOf(from("sip:bob@example.com"), HERE)), false);
  });
});
