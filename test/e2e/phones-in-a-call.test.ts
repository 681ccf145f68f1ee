/** What a user does with phones while in a conference, with real ones: changes the phone, mutes, leaves. */
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { Baresip } from "../support/baresip.ts";
import { type ApiClient, Daemon } from "../support/daemon.ts";
import { startConferenceSite } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { Wire } from "../support/wire.ts";

const HOST = "127.0.0.1";
const GUEST_HZ = 600;
const DESK_HZ = 1000;
const KITCHEN_HZ = 1500;
/** Half a second of frames. */
const WHILE = 25;

describe("carol, in comedies with her desk phone,", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  /** Between her service and the conference server. */
  let far: Wire;
  /** Between the guest in comedies and the conference server; at its end a is what the guest hears. */
  let guestWire: Wire;
  let desk: Wire;
  let kitchen: Wire;
  let api: ApiClient;

  before(async () => {
    const site = await startConferenceSite();
    stack.defer(() => site.stop());
    const server = { address: site.conference.host, port: site.conference.port };
    [far, guestWire] = await Promise.all([wireTo(server), wireTo(server)]);
    const guest = await phone("guest", GUEST_HZ);
    await guest.dial(`sip:comedies@${HOST}:${guestWire.address.port}`);
    const phones = await Promise.all([phone("desk", DESK_HZ), phone("kitchen", KITCHEN_HZ)]);
    const wires = phones.map(({ port }) => wireTo({ address: HOST, port }));
    [desk, kitchen] = (await Promise.all(wires)) as [Wire, Wire];
    const silent = dgram.createSocket("udp4").bind(0, HOST);
    await once(silent, "listening");
    stack.defer(() => void silent.close());
    const at = { desk: desk.address.port, kitchen: kitchen.address.port, garage: silent.address().port };
    const devices = Object.entries(at).map(([id, port]) => ({
      id,
      kind: "sip",
      uri: `sip:${id}@${HOST}:${port}`,
      anchor: true,
    }));
    const daemon = await Daemon.start({ name: "carol", config: { devices } });
    stack.defer(() => daemon.stop());
    api = await daemon.connect();
    stack.defer(() => api.close());
    await api.tell("Join", { id: `sip:comedies@${HOST}:${far.address.port}` }, '<Use dev="desk"/>');
    await until(() => guestHears(DESK_HZ), "the desk phone at the guest");
  });

  after(() => stack.disposeAsync());

  async function wireTo(b: { address: string; port: number }): Promise<Wire> {
    const wire = await Wire.open({ b });
    stack.defer(() => wire.close());
    return wire;
  }

  async function phone(name: string, hz: number): Promise<Baresip> {
    const started = await Baresip.start({ name, hz });
    stack.defer(() => started.stop());
    return started;
  }

  function guestHears(hz: number, since = 0): boolean {
    return guestWire.heardBy.a.firstWith(hz, since) !== undefined;
  }

  /** What the guest hears in half a second that begins now. */
  async function heardByGuest(): Promise<number[]> {
    const from = performance.now();
    const wanted = guestWire.heardBy.a.packets.length + WHILE;
    await until(() => guestWire.heardBy.a.packets.length >= wanted, "what the guest hears");
    return [...guestWire.heardBy.a.tonesHeard({ from, to: performance.now() })];
  }

  test("goes over to the kitchen phone, and the conference server notices nothing", async () => {
    const since = performance.now();

    await api.tell("Use", { dev: "kitchen" });

    await until(() => guestHears(KITCHEN_HZ, since), "the kitchen phone at the guest");
    await until(() => desk.count("b", "BYE", { since }) === 1, "the end of the desk phone's call");
    assert.ok(kitchen.heardBy.b.firstWith(GUEST_HZ, since));
    assert.equal(far.count("b", "INVITE", { since }) + far.count("b", "BYE", { since }), 0);
    assert.equal(guestWire.heardBy.a.ssrcChanges({ from: since, to: performance.now() }), 0);
    assert.deepEqual(await heardByGuest(), [KITCHEN_HZ]);
  });

  test("mutes herself: nobody hears her, and she is listed as muted", async () => {
    await api.tell("Subscribe", { to: "roster" });
    const listed = api.next(
      ({ name, children }) =>
        name === "Roster" &&
        children.some((user) => user.children.some(({ attributes }) => attributes["muted"] === "true")),
    );

    await api.tell("Mute");

    await listed;
    assert.deepEqual(await heardByGuest(), []);
    await api.tell("Unmute");
    await until(async () => (await heardByGuest()).includes(KITCHEN_HZ), "her again");
  });

  test("keeps her phone when the other one does not answer", async () => {
    const since = performance.now();
    const result = await api.ask("Use", { dev: "garage", timeout: "2000" });

    assert.equal(result.attributes["status"], "error");
    assert.equal(kitchen.count("b", "BYE", { since }), 0);
    assert.deepEqual(await heardByGuest(), [KITCHEN_HZ]);
  });

  test("leaves: phone and conference are both told", async () => {
    const since = performance.now();

    await api.tell("Leave");

    await until(() => kitchen.count("b", "BYE", { since }) === 1, "the end of the phone's call");
    await until(() => far.count("b", "BYE", { since }) === 1, "the end of the conference's");
    assert.deepEqual((await api.tell("Status")).children[0]?.children, []);
  });
});
