/**
 * What applications may rely on, one test each, before the whole of call control: the API socket, the service, fake phones.
 * Elsewhere: exactly one Result under random kills (twenty-clients.test.ts); Lagged, then the full state (storm.test.ts);
 * a gap in the roster (test/service/roster.test.ts); an Invite of oneself, of one conference and of one twice
 * (test/flows/multi-invite.test.ts).
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { XmlElement } from "../../native-host/src/xml/strict.ts";
import { apiSocket, errorCode, type Talker } from "../support/api-cast.ts";
import { Stage, type StageOptions } from "../support/service-cast.ts";
import { until } from "../support/until.ts";

const isResult = ({ name }: XmlElement) => name === "Result";
const happened = (name: string) => (document: XmlElement) => document.children[0]?.name === name;
const stateOf = ({ children }: XmlElement) => children[0]?.attributes["state"] ?? "";
const results = (talker: Talker, req: string) =>
  talker.heard.filter((document) => isResult(document) && document.attributes["req"] === req);

const comedies = '<Join req="1" id="sip:comedies@127.0.0.1"><Use dev="desk"/></Join>';

async function act(t: TestContext, options: StageOptions = {}) {
  const stage = new Stage(options);
  t.after(() => stage.service.close());
  const socket = await apiSocket(t, stage.service);
  return { stage, ...socket };
}

describe("Whoever commands the service", () => {
  test("hears Accepted before the first event of the call, and the Result after the last state", async (t) => {
    const { connect } = await act(t);
    const alice = await connect();
    await alice.ask("s", '<Subscribe req="s" to="calls"/>');
    alice.heard.length = 0;
    await alice.ask("1", comedies);
    assert.deepEqual(
      alice.heard.map((document) => stateOf(document) || document.name),
      ["Accepted", "calling-device", "dialing", "active", "Result"],
    );
  });

  test("hears the same order when it fails: the call has ended before the Result says why", async (t) => {
    const { connect } = await act(t, { roles: { comedies: { refuses: 486 } } });
    const alice = await connect();
    await alice.ask("s", '<Subscribe req="s" to="calls"/>');
    alice.heard.length = 0;
    assert.equal(errorCode(await alice.ask("1", comedies)), "busy");
    const told = alice.heard.map((document) => stateOf(document) || document.name);
    assert.deepEqual([told[0], ...told.slice(-2)], ["Accepted", "ended", "Result"]);
  });

  test("hears that nobody answered in time, in the Result as in the last event", async (t) => {
    const { connect } = await act(t, { roles: { comedies: { silent: true } } });
    const alice = await connect();
    await alice.ask("s", '<Subscribe req="s" to="calls"/>');

    const result = await alice.ask("1", comedies.replace("<Join", '<Join timeout="50"'));

    assert.equal(errorCode(result), "no-answer");
    const ended = alice.heard.find((document) => stateOf(document) === "ended");
    assert.equal(ended && errorCode({ ...ended, children: ended.children[0]?.children ?? [] }), "no-answer");
  });

  test("gets one Result for each of ten SameDeviceJoins in a row, and ends in the last conference", async (t) => {
    const { stage, connect } = await act(t);
    const alice = await connect();
    await alice.ask("1", comedies);
    for (let room = 0; room < 10; room += 1)
      alice.say(`<SameDeviceJoin req="r${room}" id="sip:room${room}@127.0.0.1"/>`);
    const last = await alice.hears(({ attributes, name }) => name === "Result" && attributes["req"] === "r9");
    assert.equal(last.attributes["status"], "ok");
    await alice.ask("p", '<Ping req="p"/>');
    for (let room = 0; room < 10; room += 1) {
      const [result, ...more] = results(alice, `r${room}`);
      assert.ok(result && more.length === 0, `room${room}`);
      assert.ok(errorCode(result) === undefined || errorCode(result) === "superseded", `room${room}`);
    }
    await until(() => stage.cast.alive().length === 1, "the others are left");
    assert.deepEqual(stage.cast.alive(), ["room9"]);
  });

  test("is asked once for two ExternalJoins to one place from one page within a second", async (t) => {
    const { connect } = await act(t, { phones: ["desk", "kitchen"] });
    const alice = await connect();
    await alice.ask("s", '<Subscribe req="s" to="prompts"/>');
    const asking = 'id="sip:comedies@127.0.0.1" origin="https://films.example"';
    alice.say(`<ExternalJoin req="1" ${asking}/>`, `<ExternalJoin req="2" ${asking}/>`);
    const prompt = (await alice.hears(happened("Prompt"))).children[0]?.attributes["prompt"];
    await alice.ask("3", `<Choose req="3" prompt="${prompt}" dev="kitchen"/>`);
    const joined = await Promise.all(
      ["1", "2"].map((req) => alice.hears((one) => results(alice, req)[0] === one)),
    );
    assert.deepEqual(
      joined.map(({ attributes }) => [attributes["status"], attributes["call"]]),
      [
        ["ok", "c1"],
        ["ok", "c1"],
      ],
    );
    assert.equal(alice.heard.filter(happened("Prompt")).length, 1);
  });

  test("may use the paper's commands as they stand there, quoted; Results come in command order", async (t) => {
    const { connect } = await act(t);
    const alice = await connect();
    alice.say('<Join id="sip:comedies@127.0.0.1" >\n<Use dev="desk" />\n</Join >');
    await alice.hears(isResult);
    alice.say('<SameDeviceJoin id= "sip:dramas@127.0.0.1" />', "<Tunnel/>");
    await alice.hears(() => alice.heard.filter(isResult).length === 3);
    assert.deepEqual(
      alice.heard.map(({ name, attributes }) => `${name} ${attributes["call"] ?? attributes["status"]}`),
      ["Accepted c1", "Result c1", "Accepted c1", "Result c1", "Result error"],
    );
    assert.ok(alice.heard.every(({ attributes }) => attributes["req"] === undefined));
  });

  test("who moves on before the first join is done: that one is superseded, and nobody is left on the line", async (t) => {
    const { stage, connect } = await act(t);
    const alice = await connect();
    alice.say(comedies, '<SameDeviceJoin req="2" id="sip:dramas@127.0.0.1"/>');
    const moved = await alice.hears((one) => results(alice, "2")[0] === one);
    assert.equal(moved.attributes["status"], "ok");
    assert.deepEqual(results(alice, "1").map(errorCode), ["superseded"]);
    await until(() => stage.cast.alive().length === 1, "comedies is left");
    assert.deepEqual(stage.cast.alive(), ["dramas"]);
  });

  test("cannot answer a question that is answered already", async (t) => {
    const { connect } = await act(t, { phones: ["desk", "kitchen"] });
    const [alice, bob] = [await connect(), await connect()];
    for (const talker of [alice, bob]) await talker.ask("s", '<Subscribe req="s" to="prompts"/>');
    alice.say('<ExternalJoin req="1" id="sip:comedies@127.0.0.1"/>');
    const prompt = (await bob.hears(happened("Prompt"))).children[0]?.attributes["prompt"];
    const answers = [
      await bob.ask("2", `<Choose req="2" prompt="${prompt}" dev="desk"/>`),
      await alice.ask("2", `<Choose req="2" prompt="${prompt}" dev="kitchen"/>`),
    ];
    assert.deepEqual(answers.map(errorCode), [undefined, "no-such-prompt"]);
    await alice.hears((one) => results(alice, "1")[0] === one);
  });

  test("cannot answer a question after its time", async (t) => {
    const { connect } = await act(t, { phones: ["desk", "kitchen"] });
    const alice = await connect();
    await alice.ask("s", '<Subscribe req="s" to="prompts"/>');
    alice.say('<ExternalJoin req="1" timeout="50" id="sip:comedies@127.0.0.1"/>');
    const prompt = (await alice.hears(happened("Prompt"))).children[0]?.attributes["prompt"];
    const over = await alice.hears((one) => results(alice, "1")[0] === one);
    assert.ok(["cancelled", "no-answer"].includes(errorCode(over) ?? ""), errorCode(over));
    const late = await alice.ask("2", `<Choose req="2" prompt="${prompt}" dev="desk"/>`);
    assert.equal(errorCode(late), "no-such-prompt");
  });

  test("may use the device it already has, and nothing is sent", async (t) => {
    const { stage, connect } = await act(t);
    const alice = await connect();
    await alice.ask("1", comedies);
    const before = stage.ladder.steps("").length;
    assert.equal((await alice.ask("2", '<Use req="2" dev="desk"/>')).attributes["status"], "ok");
    assert.equal(stage.ladder.steps("").length, before);
  });

  test("may join where it is already, and nothing is sent", async (t) => {
    const { stage, connect } = await act(t);
    const alice = await connect();
    await alice.ask("1", comedies);
    const before = stage.ladder.steps("").length;
    const again = await alice.ask("2", '<SameDeviceJoin req="2" id="sip:comedies@127.0.0.1"/>');
    assert.equal(again.attributes["status"], "ok");
    assert.equal(stage.ladder.steps("").length, before);
  });

  test("leaves a call that is over, and that is ok", async (t) => {
    const { connect } = await act(t);
    const alice = await connect();
    await alice.ask("1", comedies);
    for (const req of ["2", "3"])
      assert.equal((await alice.ask(req, `<Leave req="${req}" call="c1"/>`)).attributes["status"], "ok");
    assert.equal(errorCode(await alice.ask("4", '<Leave req="4" call="c77"/>')), "no-such-call");
  });
});

describe("Two clients", () => {
  const port = { port: 0, token: "a-token-of-the-test", rights: [] };

  test("see the same call; only its owner, or one with the right control, may leave it", async (t) => {
    const stage = new Stage();
    t.after(() => stage.service.close());
    const { connect, dial } = await apiSocket(t, stage.service, { tcp: port });
    const [alice, bob, carol] = [await connect(), await dial(), await connect()];
    bob.say(`<Hello req="h" versions="1" token="${port.token}"/>`);
    for (const talker of [alice, bob, carol]) await talker.ask("s", '<Subscribe req="s" to="calls"/>');
    await alice.ask("1", comedies);
    for (const talker of [alice, bob, carol]) await talker.hears((one) => stateOf(one) === "active");

    assert.equal(errorCode(await bob.ask("2", '<Leave req="2" call="c1"/>')), "forbidden");
    assert.deepEqual(stage.cast.alive(), ["comedies"]);
    assert.equal((await carol.ask("2", '<Leave req="2" call="c1"/>')).attributes["status"], "ok");
    assert.deepEqual(stage.cast.alive(), []);
  });

  test("without the right control may leave the call it made itself", async (t) => {
    const stage = new Stage();
    t.after(() => stage.service.close());
    const { dial } = await apiSocket(t, stage.service, { tcp: port });
    const bob = await dial();
    bob.say(`<Hello req="h" versions="1" token="${port.token}"/>`);
    await bob.ask("1", comedies);
    assert.equal((await bob.ask("2", '<Leave req="2"/>')).attributes["status"], "ok");
  });
});

describe("A service that ends", () => {
  test("answers shutting-down to whatever is open, and says BYE to both legs of every call", async (t) => {
    const { stage, listener, connect } = await act(t, {
      phones: ["desk", "kitchen"],
      roles: { dramas: { silent: true } },
    });
    const alice = await connect();
    await alice.ask("1", comedies);
    alice.say('<Join req="2" id="sip:dramas@127.0.0.1"><Use dev="kitchen"/></Join>');
    await stage.sees("service -> dramas: INVITE");
    await Promise.all([listener.close(), stage.service.close()]);
    assert.deepEqual(results(alice, "2").map(errorCode), ["shutting-down"]);
    for (const party of ["comedies", "desk"])
      assert.equal(stage.ladder.steps(`service -> ${party}: BYE`).length, 1);
  });
});
