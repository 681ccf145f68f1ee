import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { type ClientOptions, WebSocket, WebSocketServer } from "ws";
import { WebSocketMeter } from "../../../native-host/src/sip/transport/web-socket-meter.ts";
import { ca, certified } from "../../support/certificates.ts";
import { answer, desk, LETTERS, patientDesk, reply, request } from "../../support/desk.ts";
import { RawTcp, rawRequest } from "../../support/raw-sip.ts";
import { within } from "../../support/until.ts";

const ws = { port: 0 };

interface Heard {
  readonly text: string;
  readonly binary: boolean;
}

/** A phone in a web page, more or less. */
async function phone(port: number | undefined, options: ClientOptions = {}, protocol = "sip") {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocol, options);
  const heard: Heard[] = [];
  const waiting: ((message: Heard) => void)[] = [];
  socket.on("message", (data, binary) => {
    const message = { text: String(data), binary };
    const next = waiting.shift();
    if (next) next(message);
    else heard.push(message);
  });
  const closed = once(socket, "close").catch(() => []);
  await once(socket, "open");
  const next = (): Promise<Heard> => {
    const message = heard.shift();
    return message ? Promise.resolve(message) : new Promise((resolve) => waiting.push(resolve));
  };
  return { socket, next, closed, [Symbol.dispose]: () => socket.terminate() };
}

const via = "Via: SIP/2.0/WS a1b2c3.invalid;branch=z9hG4bKws;rport";

describe("a phone on a WebSocket", () => {
  test("is answered in text or bytes, whichever it speaks, one message in each", async () => {
    await using films = await desk({ ws });
    using alice = await phone(films.ports.ws);

    alice.socket.send(rawRequest({ via }));
    alice.socket.send(Buffer.from(rawRequest({ body: "caf\xe9", length: "" }), "latin1"));

    const first = await alice.next();
    assert.match(first.text, /^SIP\/2\.0 200 OK\r\nVia: SIP\/2\.0\/WS a1b2c3\.invalid;/);
    assert.equal(first.binary, false);
    assert.match((await alice.next()).text, /^SIP\/2\.0 200 OK\r\n/);
  });

  test("is asked over its own connection, by the name that is in no DNS", async () => {
    await using films = await patientDesk({ ws });
    using alice = await phone(films.stack.ports.ws);

    alice.socket.send(rawRequest({ via }));
    await films.next();
    films.stack.send(request("OPTIONS", "sip:alice@a1b2c3.invalid;transport=ws"), () => {});

    const asked = (await alice.next()).text;
    assert.match(asked, /^OPTIONS sip:alice@a1b2c3\.invalid;transport=ws SIP\/2\.0\r\n/);
    assert.match(asked, new RegExp(`Via: SIP/2.0/WS 127.0.0.1:${films.stack.ports.ws};`));
  });

  test("that reads late hears every message as it was sent", async () => {
    await using films = await patientDesk({ ws });
    using alice = await phone(films.stack.ports.ws);
    alice.socket.send(rawRequest({ via }));
    await films.next();
    alice.socket.pause();

    for (const content of LETTERS)
      films.stack.send(request("MESSAGE", "sip:alice@a1b2c3.invalid;transport=ws", { content }), () => {});
    await new Promise(setImmediate);
    alice.socket.resume();

    for (const content of LETTERS) {
      const { text } = await within(alice.next(), "the next message");
      assert.ok(text.split("\r\n\r\n")[1] === content, `${content.length} of ${content[0]}`);
    }
  });

  test("cannot take over the name of another", async () => {
    await using films = await patientDesk({ ws });
    using alice = await phone(films.stack.ports.ws);
    using mallory = await phone(films.stack.ports.ws);

    alice.socket.send(rawRequest({ via }));
    await films.next();
    mallory.socket.send(rawRequest({ via: via.replace("z9hG4bKws", "z9hG4bKmallory") }));
    await films.next();
    films.stack.send(request("OPTIONS", "sip:alice@a1b2c3.invalid;transport=ws"), () => {});

    assert.match((await alice.next()).text, /^OPTIONS /);
  });

  test("that is gone is a 503 to who asks it, and to who waits for it", async () => {
    await using films = await patientDesk({ ws });
    using alice = await phone(films.stack.ports.ws);
    const uri = "sip:alice@a1b2c3.invalid;transport=ws";

    alice.socket.send(rawRequest({ via }));
    await films.next();
    const waiting = answer(films.stack, request("OPTIONS", uri));
    await alice.next();
    alice.socket.terminate();

    assert.equal((await waiting).reason, "Connection Closed");
    assert.equal((await answer(films.stack, request("OPTIONS", uri))).status, 503);
  });

  test("asks by two CRLF whether we are there, or by a ping", async () => {
    await using films = await desk({ ws });
    using alice = await phone(films.ports.ws);

    alice.socket.send("\r\n\r\n");
    assert.equal((await alice.next()).text, "\r\n");
    const pong = once(alice.socket, "pong");
    alice.socket.ping();
    await pong;
  });

  test("is refused when it does not speak SIP", async () => {
    await using films = await desk({ ws });

    await assert.rejects(phone(films.ports.ws, {}, "xmpp"), /Unexpected server response: 400/);
  });

  test("in a page of an origin nobody named is refused", async () => {
    await using films = await desk({ ws, origins: ["https://films.test"] });

    await assert.rejects(phone(films.ports.ws, { origin: "https://mallory.test" }), /response: 403/);
    await assert.rejects(phone(films.ports.ws, { origin: "null" }), /response: 403/);
    using alice = await phone(films.ports.ws, { origin: "https://films.test" });
    alice.socket.send(rawRequest({ via }));
    assert.match((await alice.next()).text, /^SIP\/2\.0 200 OK\r\n/);
  });

  test("that asks for a page is told to upgrade", async () => {
    await using films = await desk({ ws });

    const response = await fetch(`http://127.0.0.1:${films.ports.ws}/`);

    assert.equal(response.status, 426);
  });
});

describe("a rude peer on a WebSocket", () => {
  test("is cut for a frame that is none, and for a message too long; others are served on", async () => {
    await using films = await desk({ ws, limits: { headBytes: 2000, bodyBytes: 1000 } });
    using alice = await phone(films.ports.ws);
    using bad = await phone(films.ports.ws);
    using large = await phone(films.ports.ws);
    using crumbs = await phone(films.ports.ws);

    bad.socket.on("error", () => {});
    Object(bad.socket)._socket.write(Buffer.from([0xff, 0xff, 1, 2, 3, 4]));
    large.socket.send("x".repeat(5000));
    for (let at = 0; at < 300; at++) crumbs.socket.send("x", { fin: false });

    await Promise.all([bad.closed, large.closed, crumbs.closed]);
    alice.socket.send(rawRequest({ via }));
    assert.match((await alice.next()).text, /^SIP\/2\.0 200 OK\r\n/);
  });

  test("is cut when it does not ask for the upgrade, or not finish a message, in time", async () => {
    await using films = await desk({ ws, limits: { slowPeerMs: 60 } });
    using silent = await RawTcp.open(films.ports.ws ?? 0);
    using slow = await RawTcp.open(films.ports.ws ?? 0);
    using half = await phone(films.ports.ws);
    using quiet = await phone(films.ports.ws);

    slow.write("GET / HTTP/1.1\r\nHost: films\r\n");
    half.socket.send("OPTIONS", { fin: false });

    await Promise.all([silent.closed, slow.closed, half.closed]);
    quiet.socket.send(rawRequest({ via }));
    assert.match((await quiet.next()).text, /^SIP\/2\.0 200 OK\r\n/);
  });

  test("cannot make us keep more of unfinished messages than anybody else", async () => {
    await using films = await desk({ ws, limits: { unfinishedBytes: 1000 } });
    using first = await phone(films.ports.ws);
    using second = await phone(films.ports.ws);

    first.socket.send("x".repeat(900), { fin: false });
    second.socket.send("x".repeat(900), { fin: false });

    await Promise.race([first.closed, second.closed]);
  });
});

describe("a WebSocket of ours", () => {
  test("to a server that speaks no SIP is a 503", async () => {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => false });
    await once(server, "listening");
    const bound = server.address();
    await using alice = await desk();

    const port = typeof bound === "object" && bound ? bound.port : 0;
    const response = await answer(alice, request("OPTIONS", `sip:films@127.0.0.1:${port};transport=ws`));
    server.close();

    assert.equal(response.status, 503);
  });

  test("carries its own name in Via, and no address", async () => {
    await using films = await patientDesk({ tls: certified("localhost"), wss: ws });
    await using alice = await desk({ ca });

    const answered = answer(
      alice,
      request("OPTIONS", `sips:localhost:${films.stack.ports.wss};transport=ws`),
    );
    const transaction = await films.next();
    reply(transaction, 200);

    assert.match(transaction.request.headers.via[0]?.host ?? "", /^[0-9a-f]{18}\.invalid$/);
    assert.equal(transaction.request.headers.via[0]?.protocol, "WSS");
    assert.equal((await answered).status, 200);
  });
});

describe("a secure WebSocket of ours", () => {
  test("takes what is to go to its peer by WebSocket, as routes say no more than that", async () => {
    await using films = await patientDesk({ tls: certified("localhost"), wss: ws });
    await using alice = await desk({ ca });
    const port = films.stack.ports.wss;

    const first = answer(alice, request("OPTIONS", `sips:localhost:${port};transport=ws`));
    reply(await films.next(), 200);
    await first;
    const second = answer(alice, request("OPTIONS", `sip:127.0.0.1:${port};transport=ws`));
    const transaction = await films.next();
    reply(transaction, 200);

    assert.equal(transaction.source.protocol, "WSS");
    assert.equal((await second).status, 200);
  });
});

describe("the meter of frames", () => {
  /** A masked frame as a client writes it. */
  const frame = (first: number, length: number) => {
    const size =
      length < 126
        ? [length]
        : length < 65_536
          ? [126, length >> 8, length & 255]
          : [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
    const [short = 0, ...extended] = size;
    return Buffer.concat([Buffer.from([first, 0x80 | short, ...extended, 1, 2, 3, 4]), Buffer.alloc(length)]);
  };

  for (const pieces of [1, 3, 1000, 100_000]) {
    test(`counts what is unfinished, in pieces of ${pieces}`, () => {
      const meter = new WebSocketMeter();
      const push = (bytes: Buffer) => {
        for (let at = 0; at < bytes.length; at += pieces) meter.push(bytes.subarray(at, at + pieces));
        return meter.unfinishedBytes;
      };

      assert.equal(
        push(Buffer.concat([frame(0x81, 5), frame(0x82, 0), frame(0x81, 200), frame(0x81, 70_000)])),
        0,
      );
      assert.equal(push(frame(0x01, 10)), 16);
      assert.equal(push(frame(0x89, 4)), 26);
      assert.equal(push(frame(0x80, 10).subarray(0, 8)), 34);
      assert.equal(push(frame(0x80, 10).subarray(8)), 0);
    });
  }
});
