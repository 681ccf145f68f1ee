/** Switches with 100 ms of round trip between the service and everybody it talks to: the phone, and each conference server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { Baresip } from "../support/baresip.ts";
import { type ApiClient, Daemon } from "../support/daemon.ts";
import { takePrecedence } from "../support/precedence.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { Wire } from "../support/wire.ts";

const ONE_WAY_MS = 50;
const FRAME_MS = 20;
const COMEDIES_HZ = 600;
const DRAMAS_HZ = 1800;
const CAROL_HZ = 1000;
/** Long enough to hear both rooms around the switch. */
const STAY_FRAMES = 40;
/** There and back as often; `npm run bench -- switch` does more of them, without the delay. */
const SWITCHES = 6;

interface Place {
  readonly site: ConferenceSite;
  readonly wire: Wire;
  /** The room's address as carol's service knows it: at the far end of the wire. */
  room(name: string): SipUri;
}

describe("100 ms away from everything, carol", () => {
  const stack = new AsyncDisposableStack();
  let phone: Baresip;
  let phoneWire: Wire;
  let here: Place;
  let elsewhere: Place;
  let api: ApiClient;

  before(async () => {
    takePrecedence();
    [here, elsewhere] = await Promise.all([place(stack), place(stack)]);
    await guestIn(stack, here.site.room("comedies"), COMEDIES_HZ);
    await guestIn(stack, here.site.room("dramas"), DRAMAS_HZ);
    await guestIn(stack, elsewhere.site.room("dramas"), DRAMAS_HZ);
    phone = await Baresip.start({ name: "carol", hz: CAROL_HZ });
    stack.defer(() => phone.stop());
    phoneWire = await Wire.open({ b: { address: "127.0.0.1", port: phone.port }, delayMs: ONE_WAY_MS });
    stack.defer(() => phoneWire.close());
    const uri = `sip:carol@127.0.0.1:${phoneWire.address.port}`;
    const daemon = await Daemon.start({
      name: "carol",
      config: { devices: [{ id: "desk", kind: "sip", uri, anchor: true, default: true }] },
    });
    stack.defer(() => daemon.stop());
    api = await daemon.connect();
    stack.defer(() => api.close());
  });

  after(() => stack.disposeAsync());

  /** Joins one room, goes to the other and back, again and again; says what came to the phone from before until after. */
  async function switched(from: SipUri, to: SipUri) {
    await api.tell("Join", { id: from }, '<Use dev="desk"/>');
    await hears(COMEDIES_HZ);
    const startedAt = performance.now();
    await frames(STAY_FRAMES);
    const orderedAt = performance.now();
    for (let i = 0; i < SWITCHES; i++) {
      const [id, hz] = i % 2 === 0 ? [to, DRAMAS_HZ] : [from, COMEDIES_HZ];
      const since = performance.now();
      await api.tell("SameDeviceJoin", { id });
      await hears(hz, since);
      await frames(STAY_FRAMES);
    }
    const heard = { from: startedAt, to: performance.now() };
    await api.tell("Leave");
    return { ...heard, orderedAt };
  }

  function hears(hz: number, since = 0): Promise<void> {
    return until(() => phoneWire.heardBy.b.firstWith(hz, since) !== undefined, `${hz} Hz at the phone`);
  }

  function frames(count: number): Promise<void> {
    const wanted = phoneWire.heardBy.b.packets.length + count;
    return until(() => phoneWire.heardBy.b.packets.length >= wanted, `${count} frames at the phone`);
  }

  test("misses no frame on her ways between comedies and dramas of one conference server", async () => {
    const heard = await switched(here.room("comedies"), here.room("dramas"));

    assert.equal(phoneWire.heardBy.b.missingFrames(heard), 0);
    assert.equal(phoneWire.heardBy.b.ssrcChanges(heard), 0);
    assert.equal(phoneWire.count("b", "INVITE", { inDialog: true, since: heard.orderedAt }), 0);
  });

  test("misses no frame on her ways to dramas of another conference server and back", async () => {
    const heard = await switched(here.room("comedies"), elsewhere.room("dramas"));

    assert.equal(phoneWire.heardBy.b.missingFrames(heard), 0);
    assert.equal(phoneWire.heardBy.b.ssrcChanges(heard), 0);
    // Every second switch leaves this server, and so does she in the end.
    assert.equal(here.wire.count("b", "BYE", { since: heard.orderedAt }), SWITCHES / 2 + 1);
  });

  test("would miss ten frames and more by hanging up and dialling again", async (t) => {
    const [comedies, dramas] = [here.site, elsewhere.site];
    const direct = await Wire.open({
      b: { address: "127.0.0.1", port: comedies.conference.port },
      delayMs: ONE_WAY_MS,
    });
    const other = await Wire.open({
      b: { address: "127.0.0.1", port: dramas.conference.port },
      delayMs: ONE_WAY_MS,
    });
    await phone.dial(`sip:comedies@127.0.0.1:${direct.address.port}`);
    await until(() => direct.heardBy.a.firstWith(COMEDIES_HZ) !== undefined, "comedies");
    // What still comes in after this is not played any more.
    const hungUpAt = performance.now();
    await phone.command("hangup");
    await phone.dial(`sip:dramas@127.0.0.1:${other.address.port}`);
    await until(() => other.heardBy.a.firstWith(DRAMAS_HZ) !== undefined, "dramas");
    const first = other.heardBy.a.audio()[0]?.at ?? 0;
    await phone.command("hangup");
    await until(() => other.count("a", "BYE", { status: 200 }) === 1, "the answer to BYE");
    await Promise.all([direct.close(), other.close()]);

    const missed = Math.floor((first - hungUpAt) / FRAME_MS);
    t.diagnostic(`${missed} frames`);
    assert.ok(missed >= 10, `${missed} frames`);
  });
});

async function place(stack: AsyncDisposableStack): Promise<Place> {
  const site = await startConferenceSite();
  stack.defer(() => site.stop());
  const wire = await Wire.open({
    b: { address: site.conference.host, port: site.conference.port },
    delayMs: ONE_WAY_MS,
  });
  stack.defer(() => wire.close());
  return { site, wire, room: (name) => `sip:${name}@127.0.0.1:${wire.address.port}` };
}

async function guestIn(stack: AsyncDisposableStack, room: SipUri, hz: number): Promise<void> {
  const guest = await Baresip.start({ name: "guest", hz });
  stack.defer(() => guest.stop());
  await guest.dial(room);
}
