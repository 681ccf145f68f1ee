import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { address, answer, desk, patientDesk, reply, request } from "../support/desk.ts";
import { RawTcp, RawUdp, rawRequest } from "../support/raw-sip.ts";

describe("a request that comes twice", () => {
  test("is the owner's once, and its answer goes twice", async () => {
    await using films = await patientDesk();
    using alice = await RawUdp.open(films.stack.port);
    const bytes = rawRequest({ branch: "z9hG4bKtwice" });

    alice.send(bytes);
    reply(await films.next(), 200);
    await alice.next();
    alice.send(bytes);

    assert.match(await alice.next(), /^SIP\/2\.0 200 OK\r\n/);
    assert.equal(films.waiting.length, 0);
  });

  test("is another one when another element sent it with the same branch", async () => {
    await using films = await patientDesk();
    using alice = await RawUdp.open(films.stack.port);

    alice.send(rawRequest({ via: "Via: SIP/2.0/UDP a.example.org;branch=z9hG4bKsame;rport", callId: "1" }));
    alice.send(rawRequest({ via: "Via: SIP/2.0/UDP b.example.org;branch=z9hG4bKsame;rport", callId: "1" }));

    assert.notEqual(await films.next(), await films.next());
  });
});

describe("CANCEL", () => {
  const invite = { method: "INVITE", branch: "z9hG4bKcancel", callId: "cancelled" };

  test("is answered 200 with the tag of the INVITE, whose owner answers 487", async () => {
    await using films = await patientDesk();
    using alice = await RawUdp.open(films.stack.port);

    alice.send(rawRequest(invite));
    const transaction = await films.next();
    reply(transaction, 180);
    transaction.onCancel = () => reply(transaction, 487);
    alice.send(rawRequest({ ...invite, method: "CANCEL" }));

    assert.match(await alice.next(), /^SIP\/2\.0 180 /);
    assert.match(
      await alice.next(),
      /^SIP\/2\.0 200 [\s\S]*\r\nTo: <sip:desk@example.org>;tag=d\r\n[\s\S]*CANCEL/,
    );
    assert.match(await alice.next(), /^SIP\/2\.0 487 [\s\S]* INVITE/);
  });

  test("is answered 481 when there is nothing to cancel", async () => {
    await using films = await patientDesk();
    using alice = await RawUdp.open(films.stack.port);

    alice.send(rawRequest({ ...invite, method: "CANCEL" }));

    assert.match(await alice.next(), /^SIP\/2\.0 481 /);
  });

  test("crosses the wire: alice gives up while the desk rings", async () => {
    await using films = await patientDesk();
    await using alice = await desk();
    const heard: number[] = [];

    const ended = new Promise<void>((resolve) => {
      const call = alice.send(request("INVITE", address(films.stack)), ({ status }) => {
        heard.push(status);
        if (status === 180) call.cancel();
        if (status >= 200) resolve();
      });
    });
    reply(await films.next(), 180);
    await ended;

    assert.deepEqual(heard, [180, 487]);
    assert.equal(films.acks.length, 0);
  });
});

describe("ACK", () => {
  test("of a 2xx reaches the owner, that of a refusal does not", async () => {
    await using films = await patientDesk();
    using alice = await RawUdp.open(films.stack.port);

    for (const [status, branch] of [
      [486, "z9hG4bKno"],
      [200, "z9hG4bKyes"],
    ] as const) {
      alice.send(rawRequest({ method: "INVITE", branch, callId: branch }));
      reply(await films.next(), status);
      await alice.next();
      alice.send(
        rawRequest({ method: "ACK", branch: status === 200 ? "z9hG4bKown" : branch, callId: branch }),
      );
    }
    alice.send(rawRequest({ callId: "last" }));
    reply(await films.next(), 200);

    assert.deepEqual(
      films.acks.map((ack) => ack.headers["call-id"]),
      ["z9hG4bKyes"],
    );
  });
});

describe("a stack that has too much to do", () => {
  test("does not hear a source that sends too fast", async () => {
    await using films = await desk({ limits: { messagesPerSecond: 0, burst: 2 } });
    using alice = await RawUdp.open(films.port);
    using bob = await RawTcp.open(films.port);

    for (const callId of ["1", "2", "3"]) alice.send(rawRequest({ callId }));
    await alice.answerTo("2");
    bob.write(rawRequest());

    await bob.closed;
    assert.equal(alice.unread, 0);
  });

  test("sends new requests away with a 503 that says when to come back", async () => {
    await using films = await desk({ limits: { transactions: 1 }, onRequest: () => {} });
    using alice = await RawUdp.open(films.port);

    alice.send(rawRequest());
    alice.send(rawRequest());

    assert.match(await alice.next(), /^SIP\/2\.0 503 [\s\S]*\r\nRetry-After: 5\r\n/);
  });
});

describe("an owner that fails", () => {
  test("makes the request a 500, is reported, and hurts nobody else", async () => {
    const reported: Error[] = [];
    await using films = await desk({
      onRequest: () => {
        throw new Error("films are out");
      },
      onError: (error) => reported.push(error),
    });
    await using alice = await desk();

    assert.equal((await answer(alice, request("OPTIONS", address(films)))).status, 500);
    assert.match(String(reported[0]?.cause), /films are out/);
  });
});
