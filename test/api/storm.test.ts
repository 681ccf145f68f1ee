import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRequest } from "../../native-host/src/api/xml.ts";
import { ServiceError } from "../../native-host/src/errors.ts";
import { formatXml, parseXml } from "../../native-host/src/xml/strict.ts";
import { apiCast, type Talker } from "../support/api-cast.ts";
import { SOFTPHONE } from "../support/fake-call-control.ts";
import { mutated } from "../support/fuzz/api-mutator.ts";
import { LISTENERS } from "../support/fuzz/listeners.ts";
import { below, randomFrom } from "../support/random.ts";
import { until } from "../support/until.ts";
import { badDocuments, validDocuments } from "./documents.ts";

const CORPUS = [...validDocuments, ...badDocuments];
/** Fails when a text is neither refused as it should be nor prints back as it was read. */
function readAndPrint(text: string): void {
  const incoming = readRequest(text);
  const code = "refusal" in incoming ? incoming.refusal.code : undefined;
  assert.notEqual(code, "internal");
  if (code === "bad-xml") return;
  const printed = formatXml(parseXml(text));
  assert.equal(formatXml(parseXml(printed)), printed);
}

describe("A storm on the API", () => {
  test("of 5,000 mutated documents is read or refused, never thrown at us, and what is read prints back", () => {
    const seed = Date.now() % 2 ** 32;
    const random = randomFrom(seed);
    for (let count = 0; count < 5000; count += 1) {
      const text = mutated(CORPUS[below(random, CORPUS.length)] ?? "", random);
      try {
        readAndPrint(text);
      } catch (cause) {
        throw new Error(`seed ${seed}, document ${count}: ${JSON.stringify(text)}`, { cause });
      }
    }
  });

  test("of 500 mutated documents leaves the next good request unhurt", async (t) => {
    const seed = Date.now() % 2 ** 32;
    t.diagnostic(`seed ${seed}`);
    const random = randomFrom(seed);
    const { connect } = await apiCast(t);
    const [mallory, alice] = [await connect(), await connect()];
    mallory.say("<Ping/>");
    for (let count = 0; count < 500; count += 1)
      mallory.say(mutated(CORPUS[below(random, CORPUS.length)] ?? "", random));
    const asked = performance.now();
    await alice.ask("1", '<Ping req="1"/>');
    assert.ok(performance.now() - asked < 1000);
  });

  test("of 20,000 broken documents, mutated and random, leaves a real service alive and answering", async (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    const listener = await LISTENERS["api"]?.({ seed });
    assert.ok(listener);
    t.after(() => listener.stop());
    const { slowestMs } = await listener.fuzzer.run(20_000);
    t.diagnostic(`slowest good answer ${slowestMs.toFixed(0)} ms`);
    assert.ok(slowestMs < 2000);
  });

  test("of 20,000 commands at once lets another client's command through in between, and answers them all", async (t) => {
    const { connect } = await apiCast(t);
    const [mallory, alice] = [await connect(), await connect()];
    mallory.socket.write('<Ping req="m"/>\0'.repeat(20_000));
    await mallory.hears(() => true);
    await alice.ask("1", '<Ping req="1"/>');
    assert.ok(mallory.heard.length < 10_000, `${mallory.heard.length} went first`);
    mallory.say('<Ping req="last"/>');
    await mallory.hears(({ attributes }) => attributes["req"] === "last");
    assert.equal(mallory.heard.length, 20_001);
  });

  test("of commands and clients that vanish gives everyone who stays exactly one Result each", async (t) => {
    const seed = Date.now() % 2 ** 32;
    t.diagnostic(`seed ${seed}`);
    const random = randomFrom(seed);
    const { service, connect } = await apiCast(t);
    service.onJoin = async ({ target }) => {
      await new Promise((resolve) => setTimeout(resolve, below(random, 5)));
      if (random() < 0.3) throw new ServiceError("busy", [target]);
      return { call: "", conf: target };
    };
    const talkers = await Promise.all(Array.from({ length: 12 }, connect));
    const asking = talkers.map((talker) => speakAndPerhapsVanish(talker, random));
    const stayed = (await Promise.all(asking)).filter((talker) => talker !== undefined);
    for (const { sent, talker } of stayed) {
      const results = talker.heard
        .filter(({ name }) => name === "Result")
        .map(({ attributes }) => attributes["req"] ?? "");
      assert.deepEqual(results.sort(), sent.sort());
      const accepted = talker.heard
        .filter(({ name }) => name === "Accepted")
        .map(({ attributes }) => attributes["req"]);
      assert.equal(new Set(accepted).size, accepted.length);
    }
    const vanished = talkers.length - stayed.length;
    await until(() => service.gone.length >= vanished, "the service hears of all who vanished");
    assert.equal(service.gone.length, vanished);
  });
});

async function speakAndPerhapsVanish(
  talker: Talker,
  random: () => number,
): Promise<{ talker: Talker; sent: string[] } | undefined> {
  const sent: string[] = [];
  const vanishing = random() < 0.5 ? below(random, 40) : Number.POSITIVE_INFINITY;
  const kinds = ["Ping", "ExternalJoin", "SameDeviceJoin", "Devices", "Mute", "Teleport"];
  for (let count = 0; count < 40; count += 1) {
    if (count === vanishing) {
      await talker.end();
      return undefined;
    }
    const req = `r${count}`;
    sent.push(req);
    talker.say(`<${kinds[below(random, kinds.length)]} req="${req}" id="sip:room${count}@home"/>`);
    if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const req of sent)
    await talker.hears(({ name, attributes }) => name === "Result" && attributes["req"] === req);
  return { talker, sent };
}

const talking = (entity: string) => ({ name: "Talking", conf: "sip:films@home", entity, on: true }) as const;

describe("A client that does not read", () => {
  test("is spared talkers and rosters, told how many it missed, and begins again with the full state", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    await alice.ask("1", '<Subscribe req="1" to="talking"/>');
    alice.socket.pause();
    const name = `sip:${"x".repeat(1000)}@home`;
    for (let count = 0; count < 2000; count += 1) service.emit("talking", talking(name));
    assert.equal(service.followers.size, 1);
    alice.socket.resume();
    const lagged = await alice.hears(({ children }) => children[0]?.name === "Lagged");
    const heard = alice.heard.filter(({ children }) => children[0]?.name === "Talking").length;
    assert.equal(Number(lagged.children[0]?.attributes["lost"]) + heard, 2000);
    service.emit("talking", talking("sip:bob@home"));
    await alice.hears(({ children }) => children[0]?.attributes["entity"] === "sip:bob@home");
  });

  test("misses no call while talkers are left out", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    for (const topic of ["talking", "calls"])
      await alice.ask(topic, `<Subscribe req="${topic}" to="${topic}"/>`);
    alice.socket.pause();
    const name = `sip:${"x".repeat(1000)}@home`;
    for (let count = 0; count < 1000; count += 1) {
      service.emit("talking", talking(name));
      service.emit("calls", { name: "Device", device: { ...SOFTPHONE, dev: `d${count}` } });
    }
    alice.socket.resume();
    await alice.hears(({ children }) => children[0]?.name === "Lagged");
    const heard = alice.heard.flatMap(({ children }) => children[0]?.attributes["dev"] ?? []);
    assert.deepEqual(
      heard,
      Array.from({ length: 1000 }, (_, count) => `d${count}`),
    );
  });

  test("is cut above 1 MiB, and the others hear on", async (t) => {
    const { service, connect } = await apiCast(t);
    const [alice, bob] = [await connect(), await connect()];
    for (const talker of [alice, bob]) await talker.ask("1", '<Subscribe req="1" to="calls"/>');
    alice.socket.pause();
    const device = { ...SOFTPHONE, name: "x".repeat(250) };
    for (let count = 1; count <= 8000; count += 1) {
      service.emit("calls", { name: "Device", device });
      if (count % 500 === 0) await bob.hears(({ attributes }) => attributes["seq"] === String(count));
    }
    assert.deepEqual(service.gone, ["k1"]);
    assert.equal(bob.heard.length, 8001);
  });
});
