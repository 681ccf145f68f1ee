/** Two services in a conference whose server moves one of them, and lets one in: each follows by itself, its phone hears of nothing. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import type { XmlElement } from "#xml/strict.ts";
import { Admin } from "../../servers/conference/admin.ts";
import { type ConferenceServer, openConferenceServer } from "../../servers/conference/server.ts";
import type { ApiClient } from "../support/daemon.ts";
import { deskService } from "../support/desk-service.ts";
import { startMixer } from "../support/servers.ts";
import { TonePhone } from "../support/tone-phone.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const ALICE_HZ = 600;
const BOB_HZ = 1000;

interface Person {
  readonly desk: TonePhone;
  readonly api: ApiClient;
}

describe("alice and bob, each with a service, in conferences of one server,", { timeout: 90_000 }, () => {
  const stack = new AsyncDisposableStack();
  let server: ConferenceServer;
  let admin: Admin;
  let alice: Person;
  let bob: Person;
  const room = (name: string): SipUri => `sip:${name}@${server.address.slice("sip:".length)}`;

  before(async () => {
    const mixer = await startMixer();
    stack.defer(async () => void (await mixer.stop()));
    server = await openConferenceServer({
      host: HOST,
      port: 0,
      mixers: [`sip:${mixer.host}:${mixer.port}`],
      log: { info: () => undefined, error: () => undefined },
    });
    stack.defer(() => server.close());
    admin = new Admin({ focus: server.focus, entity: room });
    alice = await person("alice", ALICE_HZ);
    bob = await person("bob", BOB_HZ);
  });

  after(() => stack.disposeAsync());

  async function person(name: string, hz: number): Promise<Person> {
    const desk = await TonePhone.open("desk", hz);
    stack.defer(() => desk.close());
    const { api } = await deskService(stack, name, { desk });
    for (const to of ["calls", "roster"]) await api.tell("Subscribe", { to });
    return { desk, api };
  }

  const join = ({ api }: Person, name: string) => api.tell("Join", { id: room(name) }, '<Use dev="desk"/>');
  const last = ({ api }: Person, what: string): XmlElement["attributes"] =>
    api.events.findLast(({ name }) => name === what)?.attributes ?? {};

  async function leave(): Promise<void> {
    for (const { api } of [alice, bob]) await api.tell("Leave", { all: "true" });
    await until(() => alice.desk.calls.size + bob.desk.calls.size === 0, "the end of all calls");
  }

  test("are together again when alice is moved to bob's, and SameDeviceJoin goes on from there", async () => {
    await join(alice, "comedies");
    await join(bob, "dramas");
    const [moved = assert.fail("nobody in comedies")] = admin.participants("comedies");
    const since = alice.desk.rtp.forget();

    await admin.move([moved.id], "dramas");

    await Promise.all([alice.desk.rtp.hears(BOB_HZ), bob.desk.rtp.hears(ALICE_HZ)]);
    await until(() => last(alice, "Roster")["conf"] === room("dramas"), "the roster of dramas");
    await until(() => last(alice, "Roster")["count"] === "2", "both in it");
    assert.equal(last(alice, "Call")["id"], room("dramas"));
    assert.equal(alice.desk.calls.size, 1);
    assert.equal(alice.desk.rtp.heard.ssrcChanges({ from: since }), 0);

    const { attributes } = await alice.api.tell("SameDeviceJoin", { id: room("comedies") });
    assert.equal(attributes["conf"], room("comedies"));
    await until(() => last(bob, "Roster")["count"] === "1", "bob alone");
    await leave();
  });

  test("bob waits in the lobby, his call says so, and says no more when he is in", async () => {
    admin.setPolicy("trailers", { lobby: true });
    await join(bob, "trailers");
    await until(() => last(bob, "Call")["waiting"] === "true", "a call that waits");
    const [waits = assert.fail("nobody waits")] = admin.participants("trailers");

    await admin.admit("trailers", waits.id);

    await until(() => last(bob, "Call")["waiting"] === undefined, "a call that waits no more");
    await until(() => last(bob, "Roster")["count"] === "1", "a roster");
    assert.equal(bob.desk.calls.size, 1);
    await leave();
  });
});
