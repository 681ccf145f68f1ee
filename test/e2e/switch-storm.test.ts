/** Switches that are refused, left without an answer, or overtaken, with a real phone at a real conference server. */
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import type { XmlElement } from "#xml/strict.ts";
import { Baresip } from "../support/baresip.ts";
import { type ApiClient, Daemon } from "../support/daemon.ts";
import { startConferenceSite } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { Wire } from "../support/wire.ts";

const COMEDIES_HZ = 600;
const CAROL_HZ = 1000;
const HOST = "127.0.0.1";

describe("carol's desk phone, in comedies,", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  /** Between her service and the conference server, and between her service and her phone. */
  let far: Wire;
  let near: Wire;
  let api: ApiClient;

  before(async () => {
    const site = await startConferenceSite();
    stack.defer(() => site.stop());
    far = await Wire.open({ b: { address: site.conference.host, port: site.conference.port } });
    stack.defer(() => far.close());
    const guest = await Baresip.start({ name: "guest", hz: COMEDIES_HZ });
    stack.defer(() => guest.stop());
    await guest.dial(site.room("comedies"));
    const phone = await Baresip.start({ name: "carol", hz: CAROL_HZ });
    stack.defer(() => phone.stop());
    near = await Wire.open({ b: { address: HOST, port: phone.port } });
    stack.defer(() => near.close());
    const uri = `sip:carol@${HOST}:${near.address.port}`;
    const devices = [{ id: "desk", kind: "sip", uri, anchor: true, default: true }];
    const daemon = await Daemon.start({ name: "carol", config: { devices } });
    stack.defer(() => daemon.stop());
    api = await daemon.connect();
    stack.defer(() => api.close());
  });

  after(() => stack.disposeAsync());

  beforeEach(async () => {
    await api.tell("Leave", { all: "true" });
    await until(() => legs(far) === 0 && legs(near) === 0, "the end of the call before");
    const joinedAt = performance.now();
    await api.tell("Join", { id: room("comedies") }, '<Use dev="desk"/>');
    await until(() => near.heardBy.b.firstWith(COMEDIES_HZ, joinedAt) !== undefined, "comedies");
  });

  function room(name: string): SipUri {
    return `sip:${name}@${HOST}:${far.address.port}`;
  }

  async function staysInComedies(since: number): Promise<void> {
    const wanted = near.heardBy.b.packets.length + 40;
    await until(() => near.heardBy.b.packets.length >= wanted, "what she hears afterwards");
    const heard = { from: since, to: performance.now() };
    assert.deepEqual(near.heardBy.b.tonesHeard(heard), [COMEDIES_HZ]);
    assert.equal(near.heardBy.b.missingFrames(heard), 0);
    assert.equal(far.count("b", "BYE", { since }) + far.count("a", "BYE", { since }), 0);
    assert.equal(near.count("b", "INVITE", { since }) + near.count("b", "BYE", { since }), 0);
    assert.equal((await api.tell("Status")).children[0]?.children[0]?.attributes["id"], room("comedies"));
  }

  test("never leaves it when the next conference is busy", async () => {
    const busy = await UserAgent.open({
      host: HOST,
      port: 0,
      name: "Busy",
      identity: {},
      onInvite: (invite) => invite.reject(486),
    });
    const since = performance.now();

    const result = await api.ask("SameDeviceJoin", { id: `sip:dramas@${HOST}:${busy.port}` });

    assert.deepEqual(errorOf(result), ["switch-failed", "486"]);
    await staysInComedies(since);
    await busy.close();
  });

  test("never leaves it when the next conference says nothing for four seconds", async () => {
    const silent = dgram.createSocket("udp4").bind(0, HOST);
    await once(silent, "listening");
    const since = performance.now();

    const result = await api.ask("SameDeviceJoin", { id: `sip:dramas@${HOST}:${silent.address().port}` });

    assert.equal(errorOf(result)[0], "switch-failed");
    // Four seconds and a busy machine, but far from the 32 s in which SIP itself gives up.
    assert.ok(performance.now() - since < 20_000);
    await staysInComedies(since);
    silent.close();
  });

  test("ends in the last of ten conferences asked for in one second, with one leg to the server", async () => {
    const since = performance.now();
    const results: Promise<XmlElement>[] = [];
    for (let n = 1; n <= 10; n += 1) {
      results.push(api.ask("SameDeviceJoin", { id: room(`room-${n}`) }));
      await setTimeout(100);
    }
    const outcomes = (await Promise.all(results)).map((result) => result.attributes["status"] ?? "");

    assert.equal(outcomes.at(-1), "ok");
    await until(() => legs(far) === 1, "one leg to the conference server");
    assert.equal((await api.tell("Status")).children[0]?.children[0]?.attributes["id"], room("room-10"));
    assert.equal(near.count("b", "INVITE", { since }) + near.count("b", "BYE", { since }), 0);
    assert.equal(near.heardBy.b.ssrcChanges({ from: since, to: performance.now() }), 0);
    assert.equal(near.heardBy.b.missingFrames({ from: since, to: performance.now() }), 0);
  });

  test("ends in the last of ten conferences asked for at once", async () => {
    const asked = Array.from({ length: 10 }, (_, n) =>
      api.ask("SameDeviceJoin", { id: room(`hall-${n + 1}`) }),
    );
    const outcomes = await Promise.all(asked);

    assert.equal(outcomes.at(-1)?.attributes["status"], "ok");
    for (const result of outcomes.slice(0, -1)) {
      if (result.attributes["status"] !== "ok") assert.equal(errorOf(result)[0], "superseded");
    }
    await until(() => legs(far) === 1, "one leg to the conference server");
    assert.equal((await api.tell("Status")).children[0]?.children[0]?.attributes["id"], room("hall-10"));
  });
});

/** INVITE dialogs between the two ends of a wire that were begun and not ended. */
function legs(wire: Wire): number {
  const begun = wire.count("a", "INVITE", { status: 200 });
  return begun - wire.count("a", "BYE", { status: 200 }) - wire.count("b", "BYE", { status: 200 });
}

function errorOf(result: XmlElement): (string | undefined)[] {
  const { attributes = {} } = result.children.find(({ name }) => name === "Error") ?? {};
  return [attributes["code"], ...(attributes["sip"] === undefined ? [] : [attributes["sip"]])];
}
