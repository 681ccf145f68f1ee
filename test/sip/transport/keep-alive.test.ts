import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, mock, test } from "node:test";
import { KeepAlive } from "../../../native-host/src/sip/transport/keep-alive.ts";
import { pass } from "../../support/clock.ts";
import { address, answer, desk, request } from "../../support/desk.ts";
import { RawUdp, rawRequest } from "../../support/raw-sip.ts";

/** A server that says nothing by itself, and the first connection to it. */
async function silentServer() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  const port = typeof bound === "object" && bound ? bound.port : 0;
  const accepted = once(server, "connection").then(([socket]): Socket => socket);
  return { port, accepted, [Symbol.dispose]: () => server.close() };
}

describe("a flow that is kept alive", () => {
  test("is pinged by two CRLF over TCP", async () => {
    using films = await silentServer();
    const uri = `sip:127.0.0.1:${films.port};transport=tcp`;
    await using alice = await desk({ keepAlive: { uris: new Set([uri]), everyMs: 20 } });

    alice.send(request("OPTIONS", uri), () => {});
    const socket = await films.accepted;
    let heard = "";
    for await (const bytes of socket) {
      heard += String(bytes);
      if (heard.endsWith("\r\n\r\n\r\n\r\n")) break;
    }

    assert.match(heard, /^OPTIONS /);
  });

  test("is pinged over UDP, where nobody answers", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const uri = `sip:127.0.0.1:${socket.address().port}`;
    await using alice = await desk({ keepAlive: { uris: new Set([uri]), everyMs: 20 } });

    const pinged = Promise.withResolvers<void>();
    socket.on("message", (bytes) => {
      if (String(bytes) === "\r\n\r\n") pinged.resolve();
    });
    alice.send(request("OPTIONS", uri), () => {});

    await pinged.promise;
    socket.close();
  });

  describe("by the clock", () => {
    const keep = (answered: boolean) => {
      const told: string[] = [];
      const flow = new KeepAlive({
        answered,
        everyMs: 1000,
        ping: () => told.push("ping"),
        onDead: () => told.push("dead"),
      });
      return { flow, told };
    };

    test("is dead 10 s after a ping that nobody answered", () => {
      mock.timers.enable({ apis: ["setTimeout"] });
      const { told } = keep(true);
      pass(1000);
      assert.deepEqual(told, ["ping"]);
      pass(9800);
      assert.deepEqual(told, ["ping"]);
      pass(400);
      assert.deepEqual(told, ["ping", "dead"]);
      mock.timers.reset();
    });

    test("is pinged again after each answer, and no more once it is stopped", () => {
      mock.timers.enable({ apis: ["setTimeout"] });
      const { flow, told } = keep(true);
      pass(1000);
      flow.heard();
      pass(1000);
      flow.heard();
      flow.stop();
      pass(100_000);
      assert.deepEqual(told, ["ping", "ping"]);
      mock.timers.reset();
    });
  });
});

describe("a ping of two CRLF", () => {
  test("by UDP is taken quietly", async () => {
    await using films = await desk();
    using alice = await RawUdp.open(films.port);

    alice.send("\r\n\r\n");
    alice.send(rawRequest());

    assert.match(await alice.next(), /^SIP\/2\.0 200 OK\r\n/);
    assert.equal(alice.unread, 0);
  });
});

describe("a request over a connection that breaks", () => {
  test("is a 503 at once, not after half a minute", async () => {
    using films = await silentServer();
    await using alice = await desk();

    const answered = answer(alice, request("OPTIONS", `sip:127.0.0.1:${films.port};transport=tcp`));
    const socket = await films.accepted;
    await once(socket, "data");
    socket.destroy();

    const { status, reason } = await answered;
    assert.deepEqual([status, reason], [503, "Connection Closed"]);
  });

  test("of a peer that takes the connection and no part in TLS is a 503 once it is late", async () => {
    using films = await silentServer();
    await using alice = await desk({ limits: { slowPeerMs: 50 } });

    const { status, reason } = await answer(alice, request("OPTIONS", `sips:127.0.0.1:${films.port}`));

    assert.deepEqual([status, reason], [503, "Connection Timed Out"]);
  });
});

describe("a stack on all addresses of both families", () => {
  for (const family of ["127.0.0.1", "[::1]"]) {
    for (const transport of ["udp", "tcp", "ws"]) {
      test(`is reached at ${family} by ${transport}, and reaches others there`, async () => {
        const seen: string[] = [];
        await using films = await desk({
          host: "::",
          ws: { port: 0 },
          onTrace: (direction, _message, peer) => direction === "in" && seen.push(peer.address),
        });
        await using alice = await desk({ host: family.replace(/[[\]]/g, ""), ws: { port: 0 } });
        const port = (of: typeof films) => (transport === "ws" ? of.ports.ws : of.port);

        for (const [from, to] of [
          [alice, films],
          [films, alice],
        ] as const) {
          const uri = `sip:desk@${family}:${port(to)};transport=${transport}`;
          assert.equal((await answer(from, request("OPTIONS", uri))).status, 200);
        }
        assert.equal(seen[0], family.replace(/[[\]]/g, ""));
      });
    }
  }

  test("still takes calls at its own address", async () => {
    await using films = await desk({ host: "0.0.0.0" });
    await using alice = await desk();

    assert.equal((await answer(alice, request("OPTIONS", address(films)))).status, 200);
  });
});
