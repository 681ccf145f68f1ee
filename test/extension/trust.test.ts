import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fetchListed, isFresh, trustByName } from "../../extension/background/trust.ts";

describe("A room", () => {
  const ROWS = [
    ["https://films.example.com", "films.example.com", "own"],
    ["https://www.films.co.uk", "conf.films.co.uk", "own"],
    ["https://films.co.uk", "evil.co.uk", "elsewhere"],
    ["https://alice.github.io", "mallory.github.io", "elsewhere"],
    ["https://films.example.com", "conf.example.net", "elsewhere"],
    ["http://127.0.0.1:8080", "127.0.0.1", "own"],
    ["http://localhost:8080", "127.0.0.1", "own"],
    ["https://films.example.com", "127.0.0.1", "refused"],
    ["https://films.example.com", "192.168.1.20", "refused"],
    ["https://films.example.com", "fd00::1", "refused"],
    ["https://films.example.com", "pbx", "refused"],
    ["https://films.example.com", "pbx.local", "refused"],
    ["null", "conf.example.com", "refused"],
  ] as const;
  for (const [page, host, trust] of ROWS) {
    test(`on ${host} offered by ${page} is ${trust}`, () => {
      assert.equal(trustByName(page, host), trust);
    });
  }
});

describe("A site's list of servers", () => {
  const answering = (body: string, init?: ResponseInit) => async (url: string | URL | Request) => {
    assert.equal(String(url), "https://films.example/.well-known/sip-conference");
    return new Response(body, init);
  };

  test("is read from its well-known place and kept for a day", async () => {
    const body = JSON.stringify({ hosts: ["Conf.Example.net", 7], owner: "sip:mod@example.com" });
    const listed = await fetchListed("https://films.example", answering(body), 1000);
    assert.deepEqual(listed, { hosts: ["conf.example.net"], at: 1000 });
    assert.ok(isFresh(listed, 1000 + 23 * 3_600_000));
    assert.ok(!isFresh(listed, 1000 + 25 * 3_600_000));
    assert.ok(!isFresh(undefined, 0));
  });

  const EMPTY = [
    ["it is no JSON", answering("<html>")],
    ["it is missing", answering("{}", { status: 404 })],
    ["it is too long", answering(JSON.stringify({ hosts: ["a.example"], more: "x".repeat(9000) }))],
    ["it has another form", answering(JSON.stringify({ hosts: "a.example" }))],
    ["the site does not answer", () => Promise.reject(new TypeError("network"))],
  ] as const;
  for (const [why, answer] of EMPTY) {
    test(`names nobody when ${why}`, async () => {
      assert.deepEqual((await fetchListed("https://films.example", answer, 5)).hosts, []);
    });
  }

  test("is not asked for over plain HTTP", async () => {
    const listed = await fetchListed("http://films.example", () => assert.fail("fetched"), 5);
    assert.deepEqual(listed.hosts, []);
  });
});
