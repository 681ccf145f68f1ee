import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openStack } from "../../native-host/src/sip/stack.ts";
import { desk } from "../support/desk.ts";
import { RawTcp, RawUdp, rawRequest } from "../support/raw-sip.ts";

/** The proof that nothing was hurt: a good OPTIONS and a good INVITE, answered over UDP. */
async function servesOn(port: number): Promise<void> {
  using peer = await RawUdp.open(port);
  for (const method of ["OPTIONS", "INVITE"]) {
    peer.send(rawRequest({ method, callId: `good-${method}` }));
    assert.match(await peer.answerTo(`good-${method}`), /^SIP\/2\.0 200 /);
  }
}

const DATAGRAMS: readonly (readonly [string, string | Buffer])[] = [
  ["a Via parameter called __proto__", rawRequest({ via: "Via: SIP/2.0/UDP h;branch=z9hG4bKb;__proto__" })],
  [
    "a Via parameter called __proto__ with a value",
    rawRequest({ via: "Via: SIP/2.0/UDP h;__proto__=1;branch=z9" }),
  ],
  ["a header called __proto__", rawRequest({ lines: ["__proto__: x"] })],
  ["a header called constructor", rawRequest({ lines: ["constructor: x"] })],
  ["a From parameter called __proto__", rawRequest({ lines: ["f: <sip:a@h>;__proto__=1"] })],
  ["60 KB of line feeds", Buffer.alloc(60_000, "\n")],
  ["60 KB of spaces", Buffer.alloc(60_000, " ")],
  ["a header of 60 KB of spaces", rawRequest({ lines: [`Subject:${" ".repeat(55_000)}x`] })],
  ["60 KB of folded lines", rawRequest({ lines: [`Subject: x${"\r\n ".repeat(18_000)}`] })],
  ["an Authorization of 60 KB", rawRequest({ lines: [`Authorization: Digest ${'a="b", '.repeat(8000)}`] })],
  [
    "a Via of 60 KB",
    rawRequest({ via: `Via: ${"SIP/2.0/UDP h;branch=z9hG4bK,".repeat(1900)}SIP/2.0/UDP h` }),
  ],
  ["a quote that never ends", rawRequest({ to: `To: "${"\\a".repeat(20_000)} <sip:a@h>` })],
  ["nothing", Buffer.alloc(0)],
  ["one byte", Buffer.from([0])],
  ["random bytes", Buffer.from(Array.from({ length: 2000 }, (_, at) => (at * 7919) % 256))],
  ["a head without an end", "OPTIONS sip:desk@h SIP/2.0\r\nVia: SIP/2.0/UDP h"],
  [
    "a response nobody asked for",
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\n\r\n",
  ],
  ["an ACK nobody asked for", rawRequest({ method: "ACK" })],
  ["a request URI that is no URI", rawRequest({ uri: "sip:a@h:99999" })],
  ["another scheme in the request URI", rawRequest({ uri: "urn:service:sos" })],
];

describe("a stack lives and serves on after a datagram of", () => {
  for (const [what, bytes] of DATAGRAMS) {
    test(what, async () => {
      await using stack = await desk();
      using mallory = await RawUdp.open(stack.port);

      mallory.send(bytes);

      await servesOn(stack.port);
    });
  }
});

const STREAMS: readonly (readonly [string, string | Buffer])[] = [
  ["60 KB of a and empty lines", Buffer.from("a\r\n\r\n".repeat(12_000))],
  [
    "a Content-Length of abc and a long body",
    `${rawRequest({ length: "Content-Length: abc" })}${"x".repeat(500_000)}`,
  ],
  ["a head of 100 KB", `OPTIONS sip:desk@h SIP/2.0\r\nSubject: ${"x".repeat(100_000)}`],
  [
    "a body larger than we take",
    `${rawRequest({ length: "Content-Length: 99999999" })}${"x".repeat(500_000)}`,
  ],
  ["no Content-Length", rawRequest({ length: "" })],
  ["a TLS hello", Buffer.from("16030100c8010000c40303".repeat(50), "hex")],
  ["an HTTP request", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"],
];

describe("a stack closes the connection, lives and serves on after a stream of", () => {
  for (const [what, bytes] of STREAMS) {
    test(what, async () => {
      await using stack = await desk({ limits: { slowPeerMs: 300 } });
      using mallory = await RawTcp.open(stack.port);

      mallory.write(bytes);
      await mallory.closed;

      await servesOn(stack.port);
    });
  }
});

describe("a good message after a bad one", () => {
  test("is served on the same connection when the bad one could be cut off", async () => {
    await using stack = await desk();
    using peer = await RawTcp.open(stack.port);

    peer.write(rawRequest({ cseq: "CSeq: 1 INVITE" }) + rawRequest());

    assert.match(await peer.next(), /^SIP\/2\.0 400 Bad CSeq\r\n/);
    assert.match(await peer.next(), /^SIP\/2\.0 200 OK\r\n/);
  });
});

describe("a refusal", () => {
  const refused = [
    ["505 Version Not Supported", rawRequest().replace("SIP/2.0\r\n", "SIP/3.0\r\n")],
    ["400 Duplicate call-id", rawRequest({ lines: ["i: another"] })],
    ["400 Bad contact", rawRequest({ lines: ["Contact: <sip:a@h:99999>"] })],
    ["400 Body Shorter Than content-length", rawRequest({ length: "Content-Length: 50" })],
    ["513 Message Too Large", rawRequest({ length: "Content-Length: 900000" })],
    ["400 Head Too Long", rawRequest({ lines: Array.from({ length: 200 }, () => `k: ${"x".repeat(100)}`) })],
  ] as const;
  for (const [answer, bytes] of refused) {
    test(`names the fault: ${answer}`, async () => {
      await using stack = await desk();
      using peer = await RawUdp.open(stack.port);

      peer.send(bytes);

      const text = await peer.next();
      assert.ok(text.startsWith(`SIP/2.0 ${answer}\r\n`), text);
      assert.match(text, /To: <sip:desk@example.org>;tag=\w+/);
    });
  }

  test("is never sent for an ACK or a response", async () => {
    await using stack = await desk();
    using peer = await RawUdp.open(stack.port);

    peer.send(rawRequest({ method: "ACK", cseq: "CSeq: 1 INVITE" }));
    peer.send(rawRequest({ callId: "x" }).replace("OPTIONS sip:desk@127.0.0.1 SIP/2.0", "SIP/2.0 999 No"));
    peer.send(rawRequest({ callId: "good" }));

    assert.match(await peer.next(), /call-id: good/i);
  });

  test("repeats no line end smuggled into what it echoes", async () => {
    await using stack = await desk();
    using peer = await RawUdp.open(stack.port);

    peer.send(rawRequest({ cseq: "CSeq: 9 BYE", callId: "x\nRoute: <sip:mallory@h>" }));
    peer.send(rawRequest({ callId: "good" }));

    assert.match(await peer.next(), /call-id: good/i);
  });
});

describe("one datagram", () => {
  test("is one message: what follows its Content-Length is not read", async () => {
    const seen: string[] = [];
    await using stack = await desk({
      onTrace: (direction, message) => {
        if (direction === "in" && "method" in message) seen.push(`${message.method}[${message.content}]`);
      },
    });
    using peer = await RawUdp.open(stack.port);

    peer.send(
      `${rawRequest({ length: "Content-Length: 0" })}${rawRequest({ method: "INVITE", branch: "z9hG4bKhid" })}`,
    );
    await peer.next();

    assert.deepEqual(seen, ["OPTIONS[]"]);
  });
});

describe("a target a peer has named", () => {
  const targets = [
    "sip:a@h:99999",
    "sip:a@127.0.0.1:0",
    "sip:a@[2001:db8::1]",
    "sip:a@[::1",
    "tel:+12125550100",
    "sips:a@127.0.0.1",
    "sip:a@127.0.0.1;transport=sctp",
    "sip:does-not-exist.invalid",
    "mailto:alice@example.org",
    "",
    "sip:a@h\r\nX: y",
  ];
  for (const uri of targets) {
    test(`can be sent to without harm: ${JSON.stringify(uri)}`, async () => {
      const reported = Promise.withResolvers<Error>();
      await using stack = await desk({ onError: reported.resolve });
      const request = {
        method: "BYE",
        uri,
        headers: {
          via: [],
          from: { uri: "sip:a@h", params: {} },
          to: { uri: "sip:b@h", params: {} },
          "call-id": "1",
          cseq: { seq: 1, method: "BYE" },
        },
        content: "",
      };

      stack.sendStateless({
        ...request,
        method: "ACK",
        headers: { ...request.headers, cseq: { seq: 1, method: "ACK" } },
      });
      const response = await new Promise<number>((resolve) => {
        stack.send(request, ({ status }) => resolve(status));
      });

      assert.equal(response, 503);
      assert.match((await reported.promise).message, /^503 /);
      await servesOn(stack.port);
    });
  }

  test("may be our own address without a user: we answer ourselves", async () => {
    await using stack = await desk();
    const status = await new Promise<number>((resolve) => {
      const request = {
        method: "OPTIONS",
        uri: `sip:127.0.0.1:${stack.port}`,
        headers: {
          via: [],
          from: { uri: "sip:a@h", params: {} },
          to: { uri: "sip:b@h", params: {} },
          "call-id": "1",
          cseq: { seq: 1, method: "OPTIONS" },
        },
        content: "",
      };
      stack.send(request, (response) => resolve(response.status));
    });

    assert.equal(status, 200);
  });
});

describe("a port that is taken", () => {
  test("rejects openStack, for UDP and for TCP, and can be tried again", async () => {
    await using stack = await desk();
    const again = () =>
      openStack({ host: "127.0.0.1", port: stack.port, onRequest: () => {}, onAck: () => {} });

    await assert.rejects(again(), { code: "EADDRINUSE" });
    await assert.rejects(again(), { code: "EADDRINUSE" });
    await servesOn(stack.port);
  });
});
