import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeResponse } from "#sip/stack.ts";
import { desk, patientDesk, request } from "../support/desk.ts";
import { RawUdp, rawRequest } from "../support/raw-sip.ts";

describe("what is kept of an answered request", () => {
  test("is its answer to the byte: headers nobody knows, several of a name, a body that is no UTF-8", async () => {
    await using films = await patientDesk();
    using alice = await RawUdp.open(films.stack.port);
    const bytes = rawRequest();

    alice.send(bytes);
    const transaction = await films.next();
    const headers = {
      "x-Odd-name": "1;a=%41",
      "www-authenticate": 'Digest realm="a", nonce="1", Digest realm="b", nonce="2"',
      contact: [{ name: "Desk", uri: "sip:desk@127.0.0.1", params: { q: "0.5" } }],
    };
    transaction.respond(
      makeResponse(transaction.request, 401, 'No "entry"', headers, "caf\udce9\r\n\r\nend"),
    );
    const first = await alice.next();
    alice.send(bytes);
    const second = await alice.next();

    assert.match(first, /x-odd-name: 1;a=%41/i);
    assert.equal(second, first);
  });

  test("goes where the copy came from", async () => {
    await using films = await patientDesk();
    using alice = await RawUdp.open(films.stack.port);
    using moved = await RawUdp.open(films.stack.port);
    const bytes = rawRequest();

    alice.send(bytes);
    const transaction = await films.next();
    transaction.respond(makeResponse(transaction.request, 404));
    await alice.next();
    moved.send(bytes);

    assert.match(await moved.next(), /^SIP\/2\.0 404 /);
    assert.equal(alice.unread, 0);
  });
});

describe("what is kept of a refused INVITE", () => {
  test("is its ACK, sent again for each copy of the refusal", async () => {
    await using alice = await desk();
    using films = await RawUdp.open(alice.port);
    const heard: number[] = [];

    alice.send(request("INVITE", `sip:films@127.0.0.1:${films.port}`), ({ status }) => heard.push(status));
    const refusal = (await films.next())
      .replace(/^INVITE .*\r\n/, "SIP/2.0 486 Busy Here\r\n")
      .replace(/(\r\nTo: .*)/, "$1;tag=f");
    films.send(refusal);
    const first = await films.next();
    films.send(refusal);
    const second = await films.next();

    assert.match(first, /^ACK [\s\S]*;tag=f\r\n/);
    assert.equal(second, first);
    assert.deepEqual(heard, [486]);
  });
});
