import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { DEFAULT_LIMITS } from "../../../native-host/src/sip/limits.ts";
import { isMadeUp } from "../../../native-host/src/sip/response.ts";
import type { Stack } from "../../../native-host/src/sip/stack.ts";
import { Connection } from "../../../native-host/src/sip/transport/connection.ts";
import type { Frame } from "../../../native-host/src/sip/transport/framer.ts";
import { StreamChannel } from "../../../native-host/src/sip/transport/stream-channel.ts";
import { certified } from "../../support/certificates.ts";
import { address, answer, desk, LETTERS, patientDesk, reply, request } from "../../support/desk.ts";
import { freePorts } from "../../support/ports.ts";
import { RawTcp, rawRequest } from "../../support/raw-sip.ts";
import { within } from "../../support/until.ts";

describe("TCP", () => {
  test("is answered CRLF when it asks by two CRLF whether we are there", async () => {
    await using films = await desk();
    using alice = await RawTcp.open(films.port);

    alice.write("\r\n\r\n");

    assert.equal(await alice.next(), "\r\n");
  });

  test("has one connection for many requests", async () => {
    await using films = await patientDesk();
    await using alice = await desk();
    const to = `${address(films.stack)};transport=tcp`;

    const first = answer(alice, request("OPTIONS", to));
    reply(await films.next(), 200);
    await first;
    const second = answer(alice, request("OPTIONS", to));
    const transaction = await films.next();
    reply(transaction, 200);
    await second;
    const third = answer(alice, request("OPTIONS", to));
    const other = await films.next();
    reply(other, 200);
    await third;

    assert.deepEqual(transaction.source, other.source);
  });

  test("carries requests back over the connection a phone opened", async () => {
    await using films = await patientDesk();
    using phone = await RawTcp.open(films.stack.port);

    phone.write(rawRequest({ method: "REGISTER" }));
    const { source } = await films.next();
    films.stack.send(request("OPTIONS", "sip:phone@10.0.0.9"), () => {}, source);

    assert.match(await phone.next(), /^OPTIONS sip:phone@10\.0\.0\.9 SIP\/2\.0\r\nVia: SIP\/2\.0\/TCP /);
  });

  for (const [what, contents, open] of [
    ["a peer", LETTERS, (films: Stack) => RawTcp.open(films.port)],
    // In TLS all waits, and a peer is cut behind 4 MB of it.
    ["a peer in TLS", LETTERS.slice(0, 60), (films: Stack) => RawTcp.secure(films.ports.tls ?? 0)],
  ] as const) {
    test(`brings ${what} that reads late every message as it was sent`, async () => {
      await using films = await patientDesk({ tls: certified("localhost") });
      using phone = await open(films.stack);
      phone.write(rawRequest({ method: "REGISTER" }));
      const { source } = await films.next();
      phone.pause();

      for (const content of contents)
        films.stack.send(request("MESSAGE", "sip:phone@10.0.0.9", { content }), () => {}, source);
      // What the system takes at once is with the peer, and the rest waits.
      await new Promise(setImmediate);
      phone.resume();

      for (const content of contents) {
        const [, body] = (await within(phone.next(), "the next message")).split("\r\n\r\n");
        assert.ok(body === content, `${content.length} of ${content[0]} came as ${body?.slice(0, 20)}…`);
      }
    });
  }

  test("brings a peer that is being connected to every message as it was sent", async () => {
    await using films = await patientDesk();
    await using alice = await desk();
    const contents = LETTERS.slice(0, 3);

    for (const content of contents)
      alice.send(request("MESSAGE", `${address(films.stack)};transport=tcp`, { content }), () => {});

    for (const content of contents) {
      const transaction = await within(films.next(), "the next message");
      reply(transaction, 200);
      assert.ok(transaction.request.content === content);
    }
  });

  test("cuts a peer that never finishes a message, and one that never begins", async () => {
    await using films = await desk({ limits: { slowPeerMs: 50 } });
    using slow = await RawTcp.open(films.port);
    using slower = await RawTcp.open(films.port);
    using silent = await RawTcp.open(films.port);

    slow.write("OPTIONS sip:desk@h SIP/2.0\r\n");
    slower.write(`${rawRequest()}OPTIONS sip:desk@h SIP/2.0\r\n`);

    assert.match(await slower.next(), /^SIP\/2\.0 200 OK\r\n/);
    await Promise.all([slow.closed, slower.closed, silent.closed]);
  });

  test("keeps a peer that is only quiet between messages", async () => {
    await using films = await desk({ limits: { slowPeerMs: 50 } });
    using alice = await RawTcp.open(films.port);
    using witness = await RawTcp.open(films.port);

    alice.write(rawRequest());
    await alice.next();
    await witness.closed;
    alice.write(rawRequest());

    assert.match(await alice.next(), /^SIP\/2\.0 200 OK\r\n/);
  });

  test("cuts who makes us keep too much of unfinished messages", async () => {
    await using films = await desk({ limits: { unfinishedBytes: 1000 } });
    using first = await RawTcp.open(films.port);
    using second = await RawTcp.open(films.port);

    first.write("x".repeat(900));
    second.write("x".repeat(900));
    await Promise.race([first.closed, second.closed]);
    using third = await RawTcp.open(films.port);
    third.write(rawRequest());

    assert.match(await third.next(), /^SIP\/2\.0 200 OK\r\n/);
  });

  test("takes only so many connections from one address", async () => {
    await using films = await desk({ limits: { connectionsPerAddress: 2 } });
    using first = await RawTcp.open(films.port);
    using second = await RawTcp.open(films.port);
    using third = await RawTcp.open(films.port);

    await third.closed;
    for (const peer of [first, second]) {
      peer.write(rawRequest());
      assert.match(await peer.next(), /^SIP\/2\.0 200 OK\r\n/);
    }
  });

  test("that is refused is a 503", async () => {
    await using alice = await desk();
    const gone = await desk();
    await gone.close();

    const response = await answer(alice, request("OPTIONS", `${address(gone)};transport=tcp`));

    assert.equal(response.status, 503);
    assert.equal(isMadeUp(response), true);
  });

  test("that ends at ourselves is refused, too", async () => {
    const port = await freePorts(1);
    const host = "127.0.0.1";
    const limits = DEFAULT_LIMITS;
    using socket = Object.assign(connect({ host, port, localPort: port }), {
      [Symbol.dispose]: () => void socket.destroy(),
    });
    const heard: Frame[] = [];
    const connection = new Connection(new StreamChannel(socket, limits), {
      start: "connecting",
      peer: { protocol: "TCP", address: host, port },
      limits,
      onFrame: (frame) => heard.push(frame) > 0,
      onUnfinished: () => true,
      onClosed: () => undefined,
    });
    const failed = Promise.withResolvers<Error>();

    connection.send(Buffer.from(rawRequest()), failed.resolve);

    assert.equal(await connection.opened(10_000), false);
    assert.equal((await within(failed.promise, "a refusal")).message, "503 Connection Refused");
    assert.deepEqual(heard, []);
  });
});
