import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import type { XmlElement } from "../../native-host/src/xml/strict.ts";
import { apiCast, errorCode } from "../support/api-cast.ts";

const isResult = ({ name }: XmlElement) => name === "Result";

describe("The API socket, for each of its clients", () => {
  test("shows two clients the same call, each with numbers of its own", async (t) => {
    const { connect } = await apiCast(t);
    const [alice, bob] = [await connect(), await connect()];
    await alice.ask("1", '<Subscribe req="1" to="devices"/>');
    await alice.ask("2", '<Subscribe req="2" to="calls"/>');
    await bob.ask("1", '<Subscribe req="1" to="calls"/>');
    await alice.ask("3", '<Join req="3" id="sip:comedies@home"><Use dev="soft"/></Join>');
    const active = ({ name, children }: XmlElement) =>
      name === "Event" && children[0]?.attributes["state"] === "active";
    const [toAlice, toBob] = [await alice.hears(active), await bob.hears(active)];
    assert.deepEqual([toAlice.attributes["seq"], toAlice.attributes["sub"]], ["3", "s2"]);
    assert.deepEqual([toBob.attributes["seq"], toBob.attributes["sub"]], ["2", "s1"]);
    assert.equal(toBob.children[0]?.attributes["client"], "k1");
  });

  test("says the Result of a subscription before its first event", async (t) => {
    const alice = await (await apiCast(t)).connect();
    alice.say('<Subscribe req="1" to="devices"/>');
    await alice.hears(({ name }) => name === "Event");
    assert.deepEqual(
      alice.heard.map(({ name, attributes }) => `${name} ${attributes["sub"]}`),
      ["Result s1", "Event s1"],
    );
  });

  test("takes 64 commands of a client at a time, and says so to the next", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    service.onJoin = () => new Promise(() => undefined);
    for (let count = 1; count <= 65; count += 1)
      alice.say(`<ExternalJoin req="r${count}" id="sip:films@home"/>`);
    assert.deepEqual(
      [errorCode(await alice.hears(isResult)), alice.heard.at(-1)?.attributes["req"]],
      ["limit-exceeded", "r65"],
    );
  });

  test("rings a browser that is a phone, and nobody else", async (t) => {
    const { connect } = await apiCast(t);
    const [alice, bob] = [await connect(), await connect()];
    await alice.ask("1", '<WebPhone req="1" dev="web-0123abcd"/>');
    const ring = alice.heard.find(({ name }) => name === "Event");
    assert.deepEqual(ring?.children[0]?.attributes, { dev: "web-0123abcd", session: "w1" });
    await bob.ask("1", '<Ping req="1"/>');
    assert.equal(bob.heard.length, 1);
    const answer = await alice.ask(
      "2",
      '<WebOffer req="2" dev="web-0123abcd" session="w1"><Sdp>offer</Sdp></WebOffer>',
    );
    assert.equal(answer.children[0]?.text, "answer to offer");
  });

  test("speaks in its namespace to those who do", async (t) => {
    const alice = await (await apiCast(t)).connect();
    const result = await alice.ask("1", '<Devices xmlns="urn:partyline:api:1" req="1"/>');
    assert.equal(result.namespace, "urn:partyline:api:1");
    assert.equal(result.children[0]?.children[0]?.attributes["dev"], "soft");
  });

  test("takes the bridge's introduction once, as the first document only", async (t) => {
    const alice = await (await apiCast(t)).connect();
    alice.say('<Bridge origin="chrome-extension://abc/"/>');
    assert.equal((await alice.ask("1", '<Ping req="1"/>')).attributes["status"], "ok");
    assert.equal(alice.heard.length, 1);
    assert.equal(
      errorCode(await alice.ask("2", '<Bridge req="2" origin="https://evil.example"/>')),
      "unknown-command",
    );
  });

  test("gives a browser no tunnels: what pages may drive sends no SIP of its own", async (t) => {
    const { connect, service } = await apiCast(t);
    const [alice, browser] = [await connect(), await connect()];
    browser.say('<Bridge origin="chrome-extension://abc/"/>');
    await browser.ask("1", '<Ping req="1"/>');
    await alice.ask("1", '<Ping req="1"/>');
    assert.deepEqual(service.clients.get("k1"), ["control", "tunnel"]);
    assert.deepEqual(service.clients.get("k2"), ["control"]);
  });

  test("answers one document that ends with the stream, without a NUL", async (t) => {
    const { connect, service } = await apiCast(t);
    const alice = await connect();
    alice.socket.end('<Ping req="1"/>');
    assert.equal((await alice.hears(isResult)).attributes["status"], "ok");
    await once(alice.socket, "close");
    assert.deepEqual(service.gone, ["k1"]);
  });

  test("cancels the prompts of a client that went away, once, and tells the others nothing", async (t) => {
    const { connect, service } = await apiCast(t);
    const [alice, bob] = [await connect(), await connect()];
    service.onJoin = () => new Promise(() => undefined);
    alice.say('<ExternalJoin req="1" id="sip:comedies@home"/>');
    await alice.hears(({ name }) => name === "Accepted");
    await alice.end();
    await bob.ask("1", '<Ping req="1"/>');
    assert.deepEqual(service.gone, ["k1"]);
    assert.equal(service.asked.filter(({ method }) => method === "leave").length, 0);
  });

  test("stops the subscriptions of a client that went away", async (t) => {
    const { connect, service } = await apiCast(t);
    const [alice, bob] = [await connect(), await connect()];
    await alice.ask("1", '<Subscribe req="1" to="calls"/>');
    assert.equal(service.followers.size, 1);
    await alice.end();
    await bob.ask("1", '<Ping req="1"/>');
    assert.equal(service.followers.size, 0);
  });
});
