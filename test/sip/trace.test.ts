import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Traced, Watch } from "#sip/trace.ts";
import { desk, request } from "../support/desk.ts";

describe("Whoever watches a stack", () => {
  test("sees what it sends and hears as it was on the wire, without secrets, until told to stop", async () => {
    const watch = new Watch();
    await using bob = await desk();
    await using alice = await desk({ onTrace: watch.trace });
    watch.local = { address: alice.host, port: alice.port };
    const seen: Traced[] = [];
    const stop = watch.follow((message) => seen.push(message));
    const ask = () =>
      new Promise<void>((resolve) => {
        const asked = request("OPTIONS", `sip:bob@127.0.0.1:${bob.port}`);
        const headers = { ...asked.headers, authorization: 'Digest username="alice", response="abc"' };
        alice.send({ ...asked, headers }, ({ status }) => status >= 200 && resolve());
      });

    await ask();
    stop();
    await ask();

    assert.deepEqual(
      seen.map(({ direction, transport, local, peer }) => [direction, transport, local.port, peer.port]),
      [
        ["out", "UDP", alice.port, bob.port],
        ["in", "UDP", alice.port, bob.port],
      ],
    );
    const text = Buffer.from(seen[0]?.bytes ?? []).toString();
    assert.match(text, /^OPTIONS sip:bob@127\.0\.0\.1:\d+ SIP\/2\.0\r\n/);
    assert.match(text, /response="\*\*\*"/);
  });

  test("gets no more than 32 KiB of a message", () => {
    const watch = new Watch();
    const seen: Traced[] = [];
    watch.follow((message) => seen.push(message));
    const big = request("MESSAGE", "sip:bob@h", { content: "x".repeat(60_000) });
    const via = [{ version: "2.0", protocol: "TCP", host: "h", params: {} }];

    watch.trace(
      "in",
      { ...big, headers: { ...big.headers, via } },
      { protocol: "TCP", address: "::1", port: 9 },
    );

    assert.equal(seen[0]?.bytes.length, 32_768);
  });
});
