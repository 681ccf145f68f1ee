import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { ServiceError } from "../../native-host/src/errors.ts";
import { parseXml, type XmlElement } from "../../native-host/src/xml/strict.ts";
import { apiCast, errorCode } from "../support/api-cast.ts";
import { badDocuments, validDocuments } from "./documents.ts";

const NOT_SPOKEN = new Set("Welcome Accepted Result Event".split(" "));
const isResult = ({ name }: XmlElement) => name === "Result";

describe("The API socket", () => {
  test("greets a client with the highest version both speak", async (t) => {
    const alice = await (await apiCast(t)).connect();
    alice.say('<Hello req="h1" versions="1 2" client="Community extension 1.0"/>');
    const { attributes } = await alice.hears(({ name }) => name === "Welcome");
    assert.deepEqual(
      [
        attributes["req"],
        attributes["version"],
        attributes["service"],
        attributes["client"],
        attributes["seq"],
      ],
      ["h1", "1", "partyline/test", "k1", "0"],
    );
  });

  test("says unsupported-version and goodbye to a client of the future", async (t) => {
    const alice = await (await apiCast(t)).connect();
    assert.equal(errorCode(await alice.ask("h1", '<Hello req="h1" versions="7"/>')), "unsupported-version");
    await once(alice.socket, "close");
  });

  test("answers every valid example of a command, and calls the rest unknown", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    for (const document of validDocuments) {
      const { name, attributes } = parseXml(document);
      alice.heard.length = 0;
      alice.say(document);
      const answer = await alice.hears((heard) => heard.name === "Welcome" || isResult(heard));
      assert.equal(answer.attributes["req"], attributes["req"], document);
      assert.equal(
        errorCode(answer) === "unknown-command",
        NOT_SPOKEN.has(name) || name === "Bridge",
        document,
      );
    }
    assert.ok(service.asked.some(({ method }) => method === "switchTo"));
  });

  test("refuses every bad example and goes on", async (t) => {
    const alice = await (await apiCast(t)).connect();
    for (const document of badDocuments) {
      alice.heard.length = 0;
      alice.say(document);
      assert.equal((await alice.hears(isResult)).attributes["status"], "error", document);
    }
    assert.equal((await alice.ask("p", '<Ping req="p"/>')).attributes["status"], "ok");
  });

  test("says Accepted, then the call's events, then the Result", async (t) => {
    const alice = await (await apiCast(t)).connect();
    await alice.ask("1", '<Subscribe req="1" to="calls"/>');
    const result = await alice.ask(
      "2",
      '<Join req="2" id="sip:comedies@home" mode="loop"><Use dev="soft"/></Join>',
    );
    assert.deepEqual(result.attributes, { req: "2", status: "ok", call: "c1", conf: "sip:comedies@home" });
    assert.deepEqual(
      alice.heard.slice(1).map(({ name, children }) => children[0]?.attributes["state"] ?? name),
      ["Accepted", "dialing", "active", "Result"],
    );
  });

  test("says how long the switch was silent", async (t) => {
    const alice = await (await apiCast(t)).connect();
    const result = await alice.ask("4", '<SameDeviceJoin req="4" id="sip:dramas@home"/>');
    assert.deepEqual(result.attributes, {
      req: "4",
      status: "ok",
      call: "c1",
      conf: "sip:dramas@home",
      gap: "18",
    });
  });

  test("names a new tunnel in the Result before anything is said on it", async (t) => {
    const { connect } = await apiCast(t);
    const alice = await connect();

    await alice.ask("1", '<Tunnel req="1"><Data>hello</Data></Tunnel>');
    await alice.hears(({ name }) => name === "Event");
    await alice.ask("2", '<Tunnel req="2" channel="t1"><Data>again</Data></Tunnel>');

    const order = alice.heard.map(({ name, attributes }) => `${name} ${attributes["req"] ?? ""}`.trim());
    assert.deepEqual(order, ["Result 1", "Event", "Event", "Result 2"]);
  });

  test("passes on what the far end answered, with the call it was about", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    service.onJoin = async () => {
      throw new ServiceError("switch-failed", ["sip:comedies@home"], { sip: 486, reason: "Busy Here" });
    };
    const result = await alice.ask("4", '<SameDeviceJoin req="4" id="sip:dramas@home"/>');
    assert.equal(result.attributes["call"], "c1");
    assert.deepEqual(result.children[0]?.attributes, {
      code: "switch-failed",
      sip: "486",
      reason: "Busy Here",
      detail: "The switch failed; still in sip:comedies@home.",
    });
  });

  test("hides a mistake of its own behind internal", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    service.onJoin = async () => {
      throw new TypeError("secret path /home/alice");
    };
    const result = await alice.ask("1", '<ExternalJoin req="1" id="sip:comedies@home"/>');
    assert.equal(errorCode(result), "internal");
    assert.doesNotMatch(JSON.stringify(result), /secret/);
  });

  test("answers commands without req in the order they came", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    const comedies = Promise.withResolvers<void>();
    service.onJoin = async ({ target }) => {
      if (target === "sip:comedies@home") await comedies.promise;
      return { call: "", conf: target };
    };
    alice.say('<ExternalJoin id="sip:comedies@home"/>', '<ExternalJoin id="sip:dramas@home"/>');
    await alice.hears(({ name }) => name === "Accepted");
    comedies.resolve();
    await alice.hears(({ attributes }) => attributes["conf"] === "sip:dramas@home");
    assert.deepEqual(
      alice.heard.map(({ name, attributes }) => `${name} ${attributes["call"]}`),
      ["Accepted c1", "Result c1", "Accepted c2", "Result c2"],
    );
  });

  test("refuses a req that is still open, and takes it again afterwards", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    const ringing = Promise.withResolvers<void>();
    service.onJoin = async ({ target }) => {
      await ringing.promise;
      return { call: "", conf: target };
    };
    alice.say('<ExternalJoin req="1" id="sip:comedies@home"/>', '<Ping req="1"/>');
    assert.equal(errorCode(await alice.hears(isResult)), "duplicate-request");
    ringing.resolve();
    await alice.hears(({ attributes }) => attributes["conf"] === "sip:comedies@home");
    alice.heard.length = 0;
    assert.equal((await alice.ask("1", '<Ping req="1"/>')).attributes["status"], "ok");
  });

  test("ends a command that takes longer than its timeout, even when the service does not", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    const aborted = Promise.withResolvers<void>();
    service.onJoin = ({ signal }) => {
      signal.addEventListener("abort", () => aborted.resolve());
      return new Promise(() => undefined);
    };
    const result = alice.ask("1", '<ExternalJoin req="1" timeout="20" id="sip:comedies@home"/>');
    await aborted.promise;
    assert.equal(errorCode(await result), "no-answer");
  });

  for (const [what, bytes] of [
    ["GET", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    ["POST", "POST /api HTTP/1.1\r\n\r\n<Ping/>"],
    ["a TLS hello", "\x16\x03\x01\x02\x00\x01\x00"],
    ["JSON", '{"Ping":1}'],
    ["a SIP request", "OPTIONS sip:a@b SIP/2.0\r\n\r\n"],
  ] as const) {
    test(`closes on ${what}`, async (t) => {
      const { connect } = await apiCast(t);
      const [mallory, alice] = [await connect(), await connect()];
      mallory.socket.write(Buffer.from(bytes, "latin1"));
      await once(mallory.socket, "close");
      assert.deepEqual(mallory.heard, []);
      assert.equal((await alice.ask("1", '<Ping req="1"/>')).attributes["status"], "ok");
    });
  }

  test("cuts a client that begins a document and does not end it", async (t) => {
    const { connect } = await apiCast(t, { patienceMs: 30 });
    const [mallory, alice] = [await connect(), await connect()];
    assert.equal((await alice.ask("1", '<Ping req="1"/>')).attributes["status"], "ok");
    mallory.say('<Ping req="1"/>');
    mallory.socket.write("<Pi");
    await once(mallory.socket, "close");
    assert.equal((await alice.ask("2", '<Ping req="2"/>')).attributes["status"], "ok");
  });

  test("skips a document that is too long, says so, and reads the next", async (t) => {
    const alice = await (await apiCast(t)).connect();
    alice.say(`<Ping>${"x".repeat(70_000)}</Ping>`, '<Ping req="1"/>');
    await alice.hears(({ attributes }) => attributes["req"] === "1");
    assert.deepEqual(
      alice.heard.map((heard) => errorCode(heard) ?? heard.attributes["status"]),
      ["bad-xml", "ok"],
    );
  });

  test("answers shutting-down to whatever is open when the service ends", async (t) => {
    const { connect, service, listener } = await apiCast(t);
    const alice = await connect();
    service.onJoin = () => new Promise(() => undefined);
    alice.say('<ExternalJoin req="1" id="sip:comedies@home"/>');
    await alice.hears(({ name }) => name === "Accepted");
    const closed = once(alice.socket, "close");
    await listener.close();
    await closed;
    assert.deepEqual(alice.heard.filter(isResult).map(errorCode), ["shutting-down"]);
  });
});
