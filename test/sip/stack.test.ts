import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import type { Hop } from "../../native-host/src/sip/message.ts";
import { makeResponse } from "../../native-host/src/sip/stack.ts";
import { address, answer, desk, patientDesk, reply, request } from "../support/desk.ts";
import { RawTcp, RawUdp, rawRequest } from "../support/raw-sip.ts";

describe("a request and its answer", () => {
  const bodies = [
    ["plain text", "hello"],
    ["text of many alphabets", "Кино · 映画 · 🎬"],
    [
      "every byte there is",
      String.fromCharCode(
        ...Array.from({ length: 128 }, (_, at) => at),
        ...Array.from({ length: 128 }, (_, at) => 0xdc80 + at),
      ),
    ],
  ] as const;
  for (const [what, content] of bodies) {
    test(`carry ${what} unchanged`, async () => {
      await using films = await patientDesk();
      await using alice = await desk();

      const answered = answer(alice, request("MESSAGE", address(films.stack), { content }));
      const transaction = await films.next();
      transaction.respond(makeResponse(transaction.request, 200, undefined, {}, content));

      assert.equal(transaction.request.content, content);
      assert.equal((await answered).content, content);
    });
  }

  test("carry names and parameters that need quoting unchanged", async () => {
    await using films = await patientDesk();
    await using alice = await desk();
    const from = {
      name: 'A "q" \\ Ünder, <sip:x@y>',
      uri: "sip:alice@example.org",
      params: { tag: "a", x: '"b;c"' },
    };

    const asked = request("OPTIONS", address(films.stack));
    alice.send({ ...asked, headers: { ...asked.headers, from } }, () => {});

    assert.deepEqual((await films.next()).request.headers.from, from);
  });

  test("leave the owner's request as it was", async () => {
    await using films = await desk();
    await using alice = await desk();
    const asked = request("OPTIONS", address(films));
    const before = structuredClone(asked);

    await answer(alice, asked);

    assert.deepEqual(asked, before);
  });

  test("go over TCP when they are large", async () => {
    await using films = await patientDesk();
    await using alice = await desk();

    const answered = answer(alice, request("MESSAGE", address(films.stack), { content: "x".repeat(1300) }));
    const transaction = await films.next();
    reply(transaction, 200);

    assert.equal(transaction.source.protocol, "TCP");
    assert.equal((await answered).status, 200);
  });

  test("go over UDP though they are large when the peer takes no TCP", async () => {
    await using alice = await desk();
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const got = once(socket, "message");

    alice.send(
      request("MESSAGE", `sip:b@127.0.0.1:${socket.address().port}`, { content: "x".repeat(1300) }),
      () => {},
    );

    assert.match(String((await got)[0]), /^MESSAGE .*\r\nVia: SIP\/2\.0\/UDP /);
    socket.close();
  });

  test("go to a host by its name", async () => {
    await using films = await desk();
    await using alice = await desk({
      lookup: (host) => Promise.resolve(host === "films.example" ? ["127.0.0.1"] : []),
    });

    assert.equal((await answer(alice, request("OPTIONS", `sip:films.example:${films.port}`))).status, 200);
    assert.equal((await answer(alice, request("OPTIONS", `sip:localhost:${films.port}`))).status, 200);
  });

  test("go to the first Route, not the request URI", async () => {
    await using proxy = await desk();
    await using alice = await desk();
    const asked = request("OPTIONS", "sip:films@nowhere.invalid");
    const route = [{ uri: `sip:127.0.0.1:${proxy.port};lr`, params: {} }];

    assert.equal((await answer(alice, { ...asked, headers: { ...asked.headers, route } })).status, 200);
  });

  // Containers are often without IPv6, and no package brings it.
  const lacking = !networkInterfaces()["lo"]?.some(({ family }) => family === "IPv6");
  test("work over IPv6", { skip: lacking && "this machine has no ::1" }, async () => {
    await using films = await desk({ host: "::1" });
    await using alice = await desk({ host: "::1" });

    assert.equal((await answer(alice, request("OPTIONS", `sip:[::1]:${films.port}`))).status, 200);
    assert.equal(
      (await answer(alice, request("OPTIONS", `sip:[::1]:${films.port};transport=tcp`))).status,
      200,
    );
  });

  test("work on every address at once, telling others one they can reach", async () => {
    await using films = await desk({ host: "0.0.0.0" });
    await using alice = await desk();

    assert.notEqual(films.host, "0.0.0.0");
    assert.equal((await answer(alice, request("OPTIONS", address(films)))).status, 200);
  });
});

describe("a response goes back", () => {
  test("to where the request came from when it asks so by rport", async () => {
    await using films = await desk();
    using alice = await RawUdp.open(films.port);

    alice.send(rawRequest({ via: "Via: SIP/2.0/UDP 10.0.0.1:9;branch=z9hG4bKr;rport" }));

    const via = new RegExp(
      `Via: SIP/2.0/UDP 10.0.0.1:9;branch=z9hG4bKr;rport=${alice.port};received=127.0.0.1`,
    );
    assert.match(await alice.next(), via);
  });

  test("to the port its Via names when it does not", async () => {
    await using films = await desk();
    using alice = await RawUdp.open(films.port);
    using elsewhere = await RawUdp.open(films.port);

    alice.send(rawRequest({ via: `Via: SIP/2.0/UDP example.org:${elsewhere.port};branch=z9hG4bKp` }));

    assert.match(await elsewhere.next(), /^SIP\/2\.0 200 OK\r\n/);
    assert.equal(alice.unread, 0);
  });

  test("to the sender, whatever maddr its Via names", async () => {
    await using films = await desk();
    using alice = await RawUdp.open(films.port);
    using mallory = await RawUdp.open(films.port);
    const port = mallory.port;

    alice.send(
      rawRequest({ via: `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKm;maddr=127.0.0.1;ttl=9;rport` }),
    );

    assert.match(await alice.next(), /^SIP\/2\.0 200 OK\r\n/);
    assert.equal(mallory.unread, 0);
  });

  test("over the connection its request came on", async () => {
    await using films = await desk();
    using alice = await RawTcp.open(films.port);

    alice.write(rawRequest({ via: "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKc" }));

    assert.match(await alice.next(), /^SIP\/2\.0 200 OK\r\n/);
  });

  test("over a new connection to its Via when the old one is gone", async () => {
    await using films = await patientDesk();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const bound = server.address();
    const port = typeof bound === "object" && bound ? bound.port : 0;
    const alice = await RawTcp.open(films.stack.port);

    alice.write(rawRequest({ via: `Via: SIP/2.0/TCP 127.0.0.1:${port};branch=z9hG4bKn` }));
    const transaction = await films.next();
    alice[Symbol.dispose]();
    await alice.closed;
    // Once a later peer was answered, the earlier one is known to be gone.
    using later = await RawTcp.open(films.stack.port);
    later.write(rawRequest());
    reply(await films.next(), 200);
    await later.next();
    const connected = once(server, "connection");
    reply(transaction, 200);
    const [socket] = await connected;

    assert.match(String((await once(socket, "data"))[0]), /^SIP\/2\.0 200 OK\r\n/);
    socket.destroy();
    server.close();
  });

  test("with the Via of its request, whatever its owner made of it", async () => {
    await using films = await patientDesk();
    await using alice = await desk();

    const answered = answer(alice, request("OPTIONS", address(films.stack)));
    const transaction = await films.next();
    const response = makeResponse(transaction.request, 200);
    transaction.respond({ ...response, headers: { ...response.headers, via: [] } });

    assert.equal((await answered).status, 200);
  });
});

describe("a hop that cannot be", () => {
  const hops: readonly Hop[] = [
    { protocol: "UDP", address: "films.example", port: 5060 },
    { protocol: "TCP", address: "127.0.0.1", port: 0 },
    { protocol: "UDP", address: "127.0.0.1", port: 99_999 },
    { protocol: "TCP", address: "127.0.0.1", port: 5060.5 },
  ];
  for (const hop of hops) {
    test(`is a 503: ${hop.protocol} ${hop.address} ${hop.port}`, async () => {
      await using alice = await desk();

      const response = await answer(alice, request("OPTIONS", "sip:films@h"), hop);

      assert.deepEqual([response.status, response.reason], [503, "Bad Target"]);
    });
  }
});

describe("closing", () => {
  test("ends what is pending with a 503 and frees the port for UDP and TCP", async () => {
    await using films = await desk({ onRequest: () => {} });
    const alice = await desk();
    const pending = answer(alice, request("OPTIONS", address(films)));

    await alice.close();

    assert.equal((await pending).status, 503);
    await using again = await desk({ port: alice.port });
    assert.equal(again.port, alice.port);
  });

  test("lets the last message leave", async () => {
    await using films = await patientDesk();
    const alice = await desk();

    alice.send(request("BYE", address(films.stack)), () => {});
    await alice.close();

    assert.equal((await films.next()).request.method, "BYE");
  });

  test("makes a later request a 503", async () => {
    const alice = await desk();
    await alice.close();

    assert.equal((await answer(alice, request("OPTIONS", address(alice)))).status, 503);
  });
});
