import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import { dialled } from "../../../native-host/src/devices/phones/number.ts";
import { desk, phoneStage } from "../../support/phones/http-phone-cast.ts";
import { PhoneWeb, type WebReply } from "../../support/phones/phone-web.ts";
import { refused } from "../../support/phones/refused.ts";

const signal = new AbortController().signal;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A phone that says these bytes to whoever connects. */
async function saying(say: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => say(socket));
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
}

async function replying(reply: WebReply): Promise<PhoneWeb> {
  return PhoneWeb.open({ server: "Odd", login: "none", reply: () => reply });
}

describe("A phone that says something odd", () => {
  const HEAD = "HTTP/1.1 200 OK\r\n";
  const ODDITIES: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
    ["no HTTP at all", (socket) => socket.end("SSH-2.0-dropbear\r\n"), /cannot be read/],
    [
      "headers without end",
      (socket) => socket.end(`${HEAD}x: ${"y".repeat(20_000)}\r\n\r\n`),
      /cannot be read/,
    ],
    ["half an answer", (socket) => socket.end(`${HEAD}content-length: 100\r\n\r\nhalf`), /cannot be reached/],
    ["nothing, and hangs up", (socket) => socket.end(), /cannot be reached/],
    ["a reset", (socket) => socket.resetAndDestroy(), /cannot be reached/],
    [
      "two lengths",
      (socket) => socket.end(`${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nab`),
      /cannot be read/,
    ],
  ];

  for (const [what, say, words] of ODDITIES) {
    test(`namely ${what}, costs this command and nothing else`, async () => {
      const url = await saying(say);

      const probing = desk({ url, model: "yealink" }).probe(signal);

      await assert.rejects(probing, (error) => error instanceof Error && words.test(error.message));
    });
  }

  test("namely a flood, is cut at 64 KiB", async () => {
    let sent = 0;
    const url = await saying((socket) => {
      socket.write(`${HEAD}\r\n`);
      const more = () => {
        while (socket.writable && sent < 2 ** 26) {
          sent += 65_536;
          if (!socket.write("x".repeat(65_536))) return void socket.once("drain", more);
        }
      };
      more();
    });

    await assert.rejects(
      desk({ url, model: "yealink" }).probe(signal),
      refused("device-refused", /too long/),
    );

    assert.ok(sent < 2 ** 25, `${sent} bytes were taken`);
  });

  test("namely one byte a moment, is given up in time", async () => {
    const url = await saying((socket) => {
      socket.write(`${HEAD}content-length: 1000\r\n\r\n`);
      const clock = setInterval(() => socket.write("."), 5);
      socket.once("close", () => clearInterval(clock));
    });

    const probing = desk({ url, model: "yealink", answerMs: 80 }).probe(signal);

    await assert.rejects(probing, refused("device-offline", /cannot be reached/));
  });

  test("has its words cleaned before anybody reads them", async () => {
    const body = JSON.stringify({
      response: "error",
      body: `no\r\nline <script>"&\u0007 ${"x".repeat(500)}`,
    });
    const web = await replying({ body });

    const dialling = desk({ url: web.url, model: "grandstream" }).dial("sip:201@127.0.0.1", { signal });

    await assert.rejects(dialling, (error) => {
      const { message } = error as Error;
      return /refused: no line script x+\.$/.test(message) && message.length < 160;
    });
    await web.close();
  });

  const BODIES = [
    "",
    "null",
    "[]",
    "{}",
    "{",
    '{"data":[[[]]]}',
    '{"data":{"Ref":{}}}',
    "9".repeat(9999),
    "\u0000",
  ];
  for (const model of ["poly", "grandstream", "cisco", "akuvox"]) {
    test(`namely any body, to a ${model} question, is a refusal or nothing`, async () => {
      for (const body of BODIES) {
        const web = await replying({ body });
        const outcome: unknown = await desk({ url: web.url, model })
          .probe(signal)
          .catch((cause: unknown) => cause);
        const code = outcome instanceof Error && "code" in outcome ? outcome.code : "obeyed";
        assert.ok(code === "obeyed" || code === "device-refused", `${body}: ${String(outcome)}`);
        await web.close();
      }
    });
  }

  test("and many words before it is recognised, is not recognised", async () => {
    const web = await replying({ body: `${"x".repeat(5000)}yealink` });

    const probing = desk({ url: web.url, model: undefined }).probe(signal);

    await assert.rejects(probing, refused("device-unsupported", /recognised; say its "model"/));
    await web.close();
  });
});

describe("A number", () => {
  const digits = { id: "desk", dials: "digits", domain: "example.com" } as const;
  const addresses = { id: "desk", dials: "addresses" } as const;

  test("of the phone's own domain is dialled alone, another's with its domain", () => {
    assert.equal(dialled("sip:201@example.com", digits).number, "201");
    assert.equal(dialled("sip:bob@example.org:5080", addresses).number, "bob@example.org:5080");
    assert.equal(dialled("tel:+49-30.(1)23", digits).number, "+4930123");
  });

  const INJECTIONS = [
    "sip:201;ENTER;1@example.com",
    "sip:201&key=REBOOT@example.com",
    "sip:201%0d%0aX@example.com",
    "sip:201\r\nHost: x@example.com",
    'sip:201"/><ExecuteItem@example.com',
    "sip:201@example.com?Replaces=1",
    "sip:201@example.com;transport=tcp",
    "sips:201@example.com",
    "sip:example.com",
    "tel:201;phone-context=x&y",
    "http://example.com/",
    "",
  ];
  for (const target of INJECTIONS) {
    test(`in ${JSON.stringify(target)} tells the phone nothing else`, () => {
      for (const phone of [digits, addresses]) {
        let number = "";
        try {
          number = dialled(target, phone).number;
        } catch (error) {
          assert.ok(refused("device-unsupported", /"desk" cannot/)(error));
        }
        assert.match(number, /^[\w.+*#@:%]*$/);
      }
    });
  }

  test("with escapes reaches the phone as one field", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });
    const address = stage.bob.address("bob%26key=REBOOT").replace("=", "%3D") as `sip:${string}`;

    await stage.device({ domain: undefined }).dial(address, { signal });

    const [request] = stage.phone.web.obeyed;
    assert.match(request ?? "", /^GET \/servlet\?key=number=bob%2526key%253DREBOOT%40127\.0\.0\.1%3A\d+$/);
  });

  test("outside of the phone's domain is not dialled by digits that mean somebody else there", () => {
    const words = /cannot dial outside of example\.com/;
    assert.throws(() => dialled("sip:201@example.org", digits), refused("device-unsupported", words));
  });
});
