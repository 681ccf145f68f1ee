import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CallView } from "../../native-host/src/api/call-control.ts";
import type { XmlElement } from "../../native-host/src/xml/strict.ts";
import { apiCast, errorCode, type Talker } from "../support/api-cast.ts";
import type { FakeCallControl } from "../support/fake-call-control.ts";
import { until } from "../support/until.ts";

const isEvent = ({ name }: XmlElement) => name === "Event";

/** A call of somebody, in a room of this number. */
function tell(service: FakeCallControl, room: number): void {
  const call: CallView = {
    call: "c1",
    id: `sip:room${room}@home`,
    dir: "out",
    state: "active",
    mode: "loop",
    focus: true,
    muted: false,
  };
  service.emit("calls", { name: "Call", call });
}

const rooms = (talker: Talker) =>
  talker.heard
    .filter(isEvent)
    .map(({ children }) => children[0]?.attributes["id"]?.match(/[0-9]+/)?.[0] ?? "");
const numbers = (talker: Talker) => talker.heard.filter(isEvent).map(({ attributes }) => attributes["seq"]);
const welcome = ({ name }: XmlElement) => name === "Welcome";

async function introduced(talker: Talker, resume?: string): Promise<Readonly<Record<string, string>>> {
  talker.say(`<Hello req="h" versions="1"${resume === undefined ? "" : ` resume="${resume}"`}/>`);
  return (await talker.hears(welcome)).attributes;
}

describe("A subscription", () => {
  test("ends when it is told to: its last event is Ended, and nothing follows", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    await alice.ask("1", '<Subscribe req="1" to="calls"/>');
    tell(service, 1);
    assert.equal((await alice.ask("2", '<Unsubscribe req="2" sub="s1"/>')).attributes["status"], "ok");
    tell(service, 2);
    await alice.ask("3", '<Ping req="3"/>');
    assert.deepEqual(
      alice.heard.map(({ name, children }) => children[0]?.name ?? name),
      ["Result", "Call", "Result", "Ended", "Result"],
    );
    assert.equal(errorCode(await alice.ask("4", '<Unsubscribe req="4" sub="s1"/>')), "no-such-subscription");
  });

  test("taken up again hears what happened since, in order, and then goes on", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    await alice.ask("1", '<Subscribe req="1" to="calls"/>');
    for (const room of [1, 2, 3]) tell(service, room);
    await alice.ask("2", '<Unsubscribe req="2" sub="s1"/>');
    for (const room of [4, 5]) tell(service, room);
    await alice.ask("p", '<Ping req="p"/>');
    alice.heard.length = 0;
    const result = await alice.ask("3", '<Subscribe req="3" to="calls" since="2"/>');
    assert.deepEqual(result.attributes, { req: "3", status: "ok", sub: "s2", replayed: "3" });
    tell(service, 6);
    await alice.ask("4", '<Ping req="4"/>');
    assert.deepEqual(rooms(alice), ["3", "4", "5", "6"]);
    assert.deepEqual(numbers(alice), ["5", "6", "7", "8"]);
  });

  test("of another conference begins with the full state, whatever since says", async (t) => {
    const { connect } = await apiCast(t);
    const alice = await connect();
    await alice.ask("1", '<Subscribe req="1" to="roster" id="sip:films@home"/>');
    await alice.ask("2", '<Unsubscribe req="2" sub="s1"/>');
    const other = await alice.ask("3", '<Subscribe req="3" to="roster" id="sip:news@home" since="0"/>');
    assert.equal(other.attributes["replayed"], undefined);
    const same = await alice.ask("4", '<Subscribe req="4" to="roster" id="sip:films@home" since="0"/>');
    assert.equal(same.attributes["replayed"], "0");
  });

  test("that missed more than 1,000 events begins with the full state", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    for (const [missed, replayed] of [
      [1000, "1000"],
      [1001, undefined],
    ] as const) {
      await alice.ask(`s${missed}`, `<Subscribe req="s${missed}" to="calls"/>`);
      const sub = alice.heard.at(-1)?.attributes["sub"];
      await alice.ask(`u${missed}`, `<Unsubscribe req="u${missed}" sub="${sub}"/>`);
      for (let room = 0; room < missed; room += 1) tell(service, room);
      const since = alice.heard.findLast(isEvent)?.attributes["seq"] ?? "0";
      const again = await alice.ask(
        `a${missed}`,
        `<Subscribe req="a${missed}" to="calls" since="${since}"/>`,
      );
      assert.equal(again.attributes["replayed"], replayed);
    }
  });

  test("of prompts or the trace is never replayed: a question of a moment ago is nobody's any more", async (t) => {
    const { connect } = await apiCast(t);
    const alice = await connect();
    for (const topic of ["prompts", "trace"]) {
      const { attributes } = await alice.ask(topic, `<Subscribe req="${topic}" to="${topic}"/>`);
      await alice.ask(`u${topic}`, `<Unsubscribe req="u${topic}" sub="${attributes["sub"]}"/>`);
      const again = await alice.ask(`a${topic}`, `<Subscribe req="a${topic}" to="${topic}" since="0"/>`);
      assert.equal(again.attributes["replayed"], undefined);
    }
  });
});

describe("A client that lost its connection", () => {
  test("comes back, goes on with its numbers, and misses nothing", async (t) => {
    const { service, connect } = await apiCast(t);
    const before = await connect();
    const { resume } = await introduced(before);
    await before.ask("1", '<Subscribe req="1" to="calls"/>');
    for (const room of [1, 2]) tell(service, room);
    await before.hears(({ attributes }) => attributes["seq"] === "2");
    await before.end();
    await until(() => service.gone.length === 1, "the service hears of it");
    tell(service, 3);

    const after = await connect();
    assert.equal((await introduced(after, resume))["seq"], "2");
    const result = await after.ask("1", '<Subscribe req="1" to="calls" since="1"/>');
    assert.equal(result.attributes["replayed"], "2");
    tell(service, 4);
    await after.ask("2", '<Ping req="2"/>');
    assert.deepEqual(rooms(after), ["2", "3", "4"]);
    assert.deepEqual(numbers(after), ["3", "4", "5"]);
  });

  test("is a new one to the service when it comes back too late, or by what nobody was told", async (t) => {
    const { connect } = await apiCast(t);
    const alice = await connect();
    assert.equal((await introduced(alice, "k77"))["seq"], "0");
    const result = await alice.ask("1", '<Subscribe req="1" to="calls" since="12"/>');
    assert.equal(result.attributes["replayed"], undefined);
  });

  test("cannot take the place of one that is still here", async (t) => {
    const { service, connect } = await apiCast(t);
    const [alice, mallory] = [await connect(), await connect()];
    const { resume } = await introduced(alice);
    await alice.ask("1", '<Subscribe req="1" to="calls"/>');
    tell(service, 1);
    assert.equal((await introduced(mallory, resume))["seq"], "0");
    tell(service, 2);
    await alice.hears(({ attributes }) => attributes["seq"] === "2");
  });

  test("begins with the full state where it was lagging", async (t) => {
    const { service, connect } = await apiCast(t);
    const before = await connect();
    const { resume } = await introduced(before);
    await before.ask("1", '<Subscribe req="1" to="talking"/>');
    before.socket.pause();
    const entity = `sip:${"x".repeat(1000)}@home`;
    for (let count = 0; count < 1000; count += 1)
      service.emit("talking", { name: "Talking", conf: "sip:films@home", entity, on: true });
    before.socket.destroy();
    const after = await connect();
    await until(() => service.gone.length === 1, "the service hears of it");
    await introduced(after, resume);
    const result = await after.ask("1", '<Subscribe req="1" to="talking" since="0"/>');
    assert.equal(result.attributes["replayed"], undefined);
  });

  test("leaves nothing behind if it never said who it is", async (t) => {
    const { service, connect } = await apiCast(t);
    const [alice, bob] = [await connect(), await connect()];
    await alice.ask("1", '<Subscribe req="1" to="calls"/>');
    await alice.end();
    await bob.ask("1", '<Ping req="1"/>');
    assert.equal(service.followers.size, 0);
  });
});
