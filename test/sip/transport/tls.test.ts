import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { connect, createServer as createTls } from "node:tls";
import type { Hop } from "../../../native-host/src/sip/message.ts";
import { ca, certified } from "../../support/certificates.ts";
import { answer, desk, patientDesk, reply, request } from "../../support/desk.ts";
import { RawTcp, rawRequest } from "../../support/raw-sip.ts";

const tls = certified("localhost");
/** A name for this machine that example.test's certificate is for. */
const lookup = () => Promise.resolve(["127.0.0.1"]);

describe("a certificate", () => {
  test("of the domain that is called lets the request through", async () => {
    await using films = await desk({ tls: certified("example") });
    await using alice = await desk({ ca, lookup });

    assert.equal(
      (await answer(alice, request("OPTIONS", `sips:example.test:${films.ports.tls}`))).status,
      200,
    );
  });

  const refused = [
    ["of another domain", certified("localhost"), ca, "The certificate shown is not for example.test"],
    ["that expired", certified("expired"), ca, "The certificate of example.test has expired"],
    [
      "that nobody signed",
      certified("stranger"),
      ca,
      "The certificate of example.test is signed by nobody we trust",
    ],
    [
      "of an authority we do not know",
      certified("example"),
      undefined,
      "The certificate of example.test is signed by nobody we trust",
    ],
  ] as const;
  for (const [what, shown, trusted, reason] of refused) {
    test(`${what} is refused, and nothing is sent`, async () => {
      const came: string[] = [];
      await using films = await desk({
        tls: shown,
        onTrace: (_direction, message) => came.push(message.headers["call-id"]),
      });
      await using alice = await desk({ lookup, ...(trusted && { ca: trusted }) });

      const response = await answer(alice, request("OPTIONS", `sips:example.test:${films.ports.tls}`));

      assert.deepEqual([response.status, response.reason], [503, reason]);
      assert.deepEqual(came, []);
    });
  }

  test("of another domain does not carry a request over the connection there is", async () => {
    await using films = await desk({ tls });
    await using alice = await desk({ ca, lookup });

    const first = await answer(alice, request("OPTIONS", `sips:localhost:${films.ports.tls}`));
    const second = await answer(alice, request("OPTIONS", `sips:example.test:${films.ports.tls}`));

    assert.deepEqual([first.status, second.status], [200, 503]);
  });

  test("is asked for by the name of the domain, as servers of many domains need it", async () => {
    const asked = Promise.withResolvers<string>();
    const server = createTls({
      cert: tls.certificate,
      key: tls.key,
      SNICallback: (name, done) => {
        asked.resolve(name);
        done(null);
      },
    });
    server.on("tlsClientError", () => {});
    await once(server.listen(0, "127.0.0.1"), "listening");
    const bound = server.address();
    await using alice = await desk({ ca, lookup });

    await answer(alice, request("OPTIONS", `sips:example.test:${typeof bound === "object" && bound?.port}`));
    server.close();

    assert.equal(await asked.promise, "example.test");
  });
});

describe("TLS", () => {
  test("older than 1.2 is not spoken", async () => {
    await using films = await desk({ tls });
    const socket = connect({
      port: films.ports.tls,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      maxVersion: "TLSv1.1",
      minVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });

    const [error] = await once(socket, "error");

    assert.match(String(error), /alert|protocol/i);
  });

  test("is what sips: needs: nothing leaves in clear, whoever chose the hop", async () => {
    await using films = await desk();
    await using alice = await desk();
    const hops: (Hop | undefined)[] = [
      { protocol: "UDP", address: "127.0.0.1", port: films.port },
      { protocol: "TCP", address: "127.0.0.1", port: films.port },
    ];

    for (const hop of hops) {
      const response = await answer(alice, request("OPTIONS", "sips:films@example.test"), hop);
      assert.deepEqual([response.status, response.reason], [503, "SIPS Needs TLS"]);
    }
    for (const uri of [`sips:b@127.0.0.1:${films.port}`, `sip:b@127.0.0.1:${films.port};transport=tls`]) {
      assert.equal((await answer(alice, request("OPTIONS", uri))).status, 503);
    }
  });

  test("has one connection for many requests, and for those that come back", async () => {
    await using films = await patientDesk({ tls });
    await using alice = await desk({ ca });
    const uri = `sips:films@localhost:${films.stack.ports.tls}`;

    const first = answer(alice, request("OPTIONS", uri));
    const one = await films.next();
    reply(one, 200);
    await first;
    const second = answer(alice, request("OPTIONS", uri));
    const other = await films.next();
    reply(other, 200);
    await second;
    const back = await answer(films.stack, request("OPTIONS", "sips:alice@example.test"), one.source);

    assert.deepEqual(one.source, other.source);
    assert.equal(back.status, 200);
  });

  test("brings a request back to the domain its peer has proved to be", async () => {
    await using films = await patientDesk({ tls, ca, lookup });
    await using example = await patientDesk({ tls: certified("example"), ca });

    const first = answer(example.stack, request("OPTIONS", `sips:films@localhost:${films.stack.ports.tls}`));
    await films.next();
    films.stack.send(request("OPTIONS", `sips:example.test:${example.stack.ports.tls}`), () => {});

    assert.equal((await example.next()).source.port, films.stack.ports.tls);
    void first;
  });

  test("opens a connection of its own to a domain that has only said who it is", async () => {
    await using films = await patientDesk({ tls, ca, lookup });
    await using mallory = await patientDesk({ tls: certified("localhost"), ca });

    const first = answer(mallory.stack, request("OPTIONS", `sips:films@localhost:${films.stack.ports.tls}`));
    await films.next();
    const asked = request("OPTIONS", `sips:example.test:${mallory.stack.ports.tls}`);
    const { reason } = await answer(films.stack, asked);

    assert.equal(reason, "The certificate shown is not for example.test");
    assert.equal(mallory.waiting.length, 0);
    void first;
  });

  test("is cut when the handshake is not done in time, and when no message comes after it", async () => {
    await using films = await desk({ tls, limits: { slowPeerMs: 50 } });
    using silent = await RawTcp.open(films.ports.tls ?? 0);
    using slow = await RawTcp.secure(films.ports.tls ?? 0);
    using slower = await RawTcp.secure(films.ports.tls ?? 0);

    slower.write("OPTIONS sip:desk@h SIP/2.0\r\n");

    await Promise.all([silent.closed, slow.closed, slower.closed]);
  });

  test("takes only so many connections from one address, handshakes begun among them", async () => {
    await using films = await desk({ tls, limits: { connectionsPerAddress: 2 } });
    using first = await RawTcp.open(films.ports.tls ?? 0);
    using second = await RawTcp.secure(films.ports.tls ?? 0);
    using third = await RawTcp.open(films.ports.tls ?? 0);

    await third.closed;
    second.write(rawRequest());
    assert.match(await second.next(), /^SIP\/2\.0 200 OK\r\n/);
    first[Symbol.dispose]();
    await first.closed;
    second.write(rawRequest());
    await second.next();
    using fourth = await RawTcp.secure(films.ports.tls ?? 0);
    fourth.write(rawRequest());
    assert.match(await fourth.next(), /^SIP\/2\.0 200 OK\r\n/);
  });

  test("that the peer does not speak is a 503", async () => {
    const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const bound = server.address();
    await using alice = await desk({ ca });

    const port = typeof bound === "object" && bound ? bound.port : 0;
    const response = await answer(alice, request("OPTIONS", `sips:127.0.0.1:${port}`));
    server.close();

    assert.deepEqual([response.status, response.reason], [503, "127.0.0.1 does not speak our TLS"]);
  });

  test("needs a certificate and key that belong together", async () => {
    await assert.rejects(
      desk({ tls: { certificate: tls.certificate, key: certified("stranger").key } }),
      /key values mismatch/,
    );
    await assert.rejects(desk({ tls: { certificate: "nothing", key: "nothing" } }), /PEM/);
  });
});
