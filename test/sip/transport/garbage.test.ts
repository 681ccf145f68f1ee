import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { ca, certified } from "../../support/certificates.ts";
import { answer, desk, patientDesk, reply, request } from "../../support/desk.ts";
import { below, randomFrom } from "../../support/random.ts";
import { RawTcp, rawRequest } from "../../support/raw-sip.ts";

const all = { tls: certified("localhost"), ws: { port: 0 }, wss: { port: 0 } };
const PORTS = ["port", "tls", "ws", "wss"] as const;

function noise(length: number): Buffer {
  const random = randomFrom(7);
  return Buffer.from(Array.from({ length }, () => below(random, 256)));
}

/** The hello of a real client. */
async function tlsHello(): Promise<Buffer> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const bound = server.address();
  const client = connectTls({ port: typeof bound === "object" && bound ? bound.port : 0, host: "127.0.0.1" });
  client.on("error", () => {});
  const [socket] = await once(server, "connection");
  const [bytes] = await once(socket, "data");
  client.destroy();
  server.close();
  return bytes;
}

/** The hello of TLS is welcome at two of them; whoever says no more is cut later. */
async function untilCut(port: number | undefined, bytes: Buffer): Promise<void> {
  const socket = connect(port ?? 0, "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  socket.on("data", () => {});
  socket.write(bytes);
  await closed;
}

const kinds: readonly (readonly [string, () => Promise<Buffer>])[] = [
  ["64 KB of noise", () => Promise.resolve(noise(65_536))],
  ["the hello of TLS", tlsHello],
  ["a request of HTTP", () => Promise.resolve(Buffer.from("GET / HTTP/1.1\r\nHost: films\r\n\r\n"))],
  [
    "an upgrade with a bad key",
    () =>
      Promise.resolve(
        Buffer.from(
          "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
        ),
      ),
  ],
];

describe("every listener, given", () => {
  for (const [what, make] of kinds) {
    test(`${what}, answers the next good request`, async () => {
      await using films = await desk({ ...all, limits: { slowPeerMs: 200 } });
      await using alice = await desk({ ca });
      const bytes = await make();

      for (const name of PORTS) await untilCut(name === "port" ? films.port : films.ports[name], bytes);

      const uris = [
        `sip:localhost:${films.port};transport=tcp`,
        `sips:localhost:${films.ports.tls}`,
        `sip:localhost:${films.ports.ws};transport=ws`,
        `sips:localhost:${films.ports.wss};transport=ws`,
      ];
      for (const uri of uris) assert.equal((await answer(alice, request("OPTIONS", uri))).status, 200);
    });
  }
});

describe("garbage behind good requests", () => {
  test("does not cost them their answers, however late those come", async () => {
    await using films = await patientDesk();
    using alice = await RawTcp.open(films.stack.port);

    alice.write(
      `${rawRequest({ callId: "first" })}${rawRequest({ callId: "second" })}\0\0\0 rubbish\r\n\r\n`,
    );
    const [first, second] = [await films.next(), await films.next()];
    reply(second, 200);
    assert.match(await alice.next(), /Call-ID: second/i);
    reply(first, 200);

    assert.match(await alice.next(), /Call-ID: first/i);
    await alice.closed;
  });

  test("ends the connection though a request behind it is never answered", async () => {
    await using films = await patientDesk({ limits: { slowPeerMs: 50 } });
    using alice = await RawTcp.open(films.stack.port);

    alice.write(`${rawRequest()}\0\0\0`);

    await alice.closed;
  });
});
