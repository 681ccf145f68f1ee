import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ha1Of } from "#sip/digest.ts";
import { userLine } from "#sip/user-line.ts";
import { loadUsers, parseUsers } from "../../../servers/users.ts";

const alice = { username: "alice", realm: "community.example", password: "blue whale" };
const line = userLine(alice.username, alice.realm, alice.password) ?? "";

describe("a users file", () => {
  test("holds hashes and no password", () => {
    const users = parseUsers(`# our people\n\n${line}\n`);

    assert.equal(users.realm, "community.example");
    assert.deepEqual(users.hashesOf("alice"), ["SHA-256", "MD5"]);
    assert.deepEqual(users.hashesOf("nobody"), ["SHA-256", "MD5"]);
    assert.equal(users.ha1("alice", "MD5"), ha1Of("MD5", alice));
    assert.equal(users.ha1("alice", "SHA-256"), ha1Of("SHA-256", alice));
    assert.equal(users.ha1("mallory", "MD5"), undefined);
    assert.doesNotMatch(line, /whale/);
  });

  test("may have lines of htdigest; then that user is asked for no more than MD5", () => {
    const users = parseUsers(`${line}\nbob:community.example:${"a".repeat(32)}`);

    assert.deepEqual(users.hashesOf("bob"), ["MD5"]);
    assert.deepEqual(users.hashesOf("alice"), ["SHA-256", "MD5"]);
    assert.equal(users.ha1("bob", "MD5"), "a".repeat(32));
  });

  const wrong = [
    ["a password", "alice:community.example:blue whale", /line 1 is not/],
    ["a hash of the wrong length", `alice:community.example:MD5=${"a".repeat(31)}`, /line 1 is not/],
    ["a hash we do not know", `alice:community.example:SHA-1=${"a".repeat(40)}`, /line 1 is not/],
    ["the same user twice", `${line}\n${line}`, /line 2: "alice" is there twice/],
    ["two realms", `${line}\nbob:elsewhere:${"a".repeat(32)}`, /two realms/],
    ["nobody", "# empty", /no user/],
  ] as const;
  for (const [what, text, why] of wrong) {
    test(`is refused with ${what} in it`, () => {
      assert.throws(() => parseUsers(text), { name: "UsersError", message: why });
    });
  }

  test("that is wrong or missing is named", async () => {
    const folder = await mkdtemp(join(tmpdir(), "partyline-users-"));
    const file = join(folder, "users");
    await assert.rejects(loadUsers(file), { message: `${file}: it cannot be read.` });
    await writeFile(file, "alice");
    await assert.rejects(loadUsers(file), { message: /users: line 1 is not/ });
    await rm(folder, { recursive: true });
  });

  test("takes no user whose name would end its field", () => {
    for (const name of ["a:b", "a\nb", "", "#a"]) {
      assert.equal(userLine(name, "home", "x"), undefined);
    }
  });
});
