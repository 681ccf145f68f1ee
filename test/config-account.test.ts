import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readConfig } from "../native-host/src/config.ts";
import { passwordOf, readableByOthers } from "../native-host/src/config-account.ts";

const alice = { id: "sip:alice@example.com" };
const read = (...accounts: object[]) => readConfig({ accounts }).accounts ?? [];

describe("An account of the configuration", () => {
  test("needs no more than an address: its user and domain are name and realm", () => {
    assert.deepEqual(read(alice), [{ ...alice, username: "alice", realm: "example.com", default: false }]);
  });

  test("may say everything itself", () => {
    const all = {
      id: "sip:alice@example.com",
      name: "Alice",
      registrar: "sip:registrar.example.com",
      outboundProxy: "sip:edge.example.com;transport=tls",
      username: "a1",
      realm: "asterisk",
      password: "blue whale",
      expiresS: 600,
      default: true,
    };

    assert.deepEqual(read(all), [all]);
  });

  test("goes to its domain by the transport it names", () => {
    const [account] = read({ id: "sip:alice@example.com:5070", transport: "tls" });

    assert.equal(account?.outboundProxy, "sip:example.com:5070;transport=tls");
  });

  test("comes first when it is the default", () => {
    const bob = { id: "sip:bob@example.com", default: true };

    assert.deepEqual(
      read(alice, bob).map(({ id }) => id),
      [bob.id, alice.id],
    );
  });

  const mistakes = [
    [[{}], "accounts[0].id must be your address there, such as sip:alice@example.com."],
    [
      [{ id: "sip:example.com" }],
      "accounts[0].id must be your address there, such as sip:alice@example.com.",
    ],
    [[{ ...alice, expiresS: 5 }], "accounts[0].expiresS must be a whole number, 60 to 86400."],
    [[{ ...alice, transport: "sctp" }], "accounts[0].transport must be one of udp, tcp, tls, ws, wss."],
    [
      [{ ...alice, password: "a", passwordFile: "b" }],
      "accounts[0].passwordFile is there beside a password; one of them is enough.",
    ],
    [[{ ...alice, pasword: "a" }], "accounts[0].pasword is not a key of the configuration."],
    [[alice, alice], 'accounts: "sip:alice@example.com" is there twice.'],
    [
      [
        { ...alice, default: true },
        { id: "sip:bob@example.com", default: true },
      ],
      "accounts may have one default only.",
    ],
  ] as const;
  for (const [accounts, sentence] of mistakes) {
    test(`is refused: ${sentence}`, () => {
      assert.throws(() => readConfig({ accounts }), { name: "ConfigError", message: sentence });
    });
  }

  test("has its password in a file of its own, beside the configuration", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "partyline-config-"));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "secret"), "blue whale\nand more\n", { mode: 0o600 });
    const [account] = read({ ...alice, passwordFile: "secret" });
    const config = join(folder, "config.json");

    assert.ok(account);
    assert.equal(await passwordOf(account, config), "blue whale");
    assert.deepEqual(await readableByOthers([account], config), []);
    await chmod(join(folder, "secret"), 0o640);
    assert.deepEqual(await readableByOthers([account], config), [join(folder, "secret")]);
  });
});
