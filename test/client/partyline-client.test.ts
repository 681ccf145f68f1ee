import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CallView } from "../../native-host/src/api/call-control.ts";
import { readInvitees } from "../../native-host/src/client/commands.ts";
import { PartylineClient, Refused, ServiceGone } from "../../native-host/src/client/partyline-client.ts";
import { type Happened, readHappened } from "../../native-host/src/client/views.ts";
import { ServiceError } from "../../native-host/src/errors.ts";
import { SAID } from "../api/said.ts";
import { scene } from "../support/client-scene.ts";
import type { FakeCallControl } from "../support/fake-call-control.ts";
import { until } from "../support/until.ts";

const comedies = "sip:comedies@home";

function tell(service: FakeCallControl, state: CallView["state"]): void {
  const call = {
    call: "c1",
    id: comedies,
    dir: "out",
    state,
    mode: "loop",
    focus: true,
    muted: false,
  } as const;
  service.emit("calls", { name: "Call", call });
}

const statesOf = (events: readonly Happened[]) =>
  events.flatMap((event) => (event.name === "Call" ? [event.call.state] : []));

describe("partyline/client", () => {
  test("is what the package exports", async () => {
    const exported = await import("partyline/client");
    assert.equal(exported.PartylineClient, PartylineClient);
  });

  test("sends each command as TypeScript knows it, and resolves with what came of it", async (t) => {
    const { service, connect } = await scene(t);
    const alice = await connect({ name: "a test" });
    assert.deepEqual(await alice.send("Join", { id: comedies, dev: "soft", mode: "loop" }), {
      call: "c1",
      conf: comedies,
    });
    assert.deepEqual(await alice.send("SameDeviceJoin", { id: "sip:dramas@home" }), {
      call: "c2",
      conf: "sip:dramas@home",
      gap: 18,
    });
    await alice.send("Leave");
    await alice.send("Hold", { call: "c1" });
    await alice.send("Remove", { users: ["sip:edie@home"] });
    await alice.send("Invite", { add: [{ id: "sip:edie@home", display: "Edie & Co" }] });
    await alice.send("Tunnel", { channel: "t1", data: { body: Buffer.from([0, 255]) } });
    assert.deepEqual(await alice.send("Test", { dev: "soft" }), { detail: "soft works." });
    assert.partialDeepStrictEqual(
      service.asked.map(({ method, request }) => ({ method, request })),
      [
        { method: "join", request: { target: comedies, device: "soft", mode: "loop" } },
        { method: "switchTo", request: { target: "sip:dramas@home", fallback: "external" } },
        { method: "leave", request: { all: false } },
        { method: "hold", request: { call: "c1", held: true } },
        { method: "remove", request: { users: ["sip:edie@home"] } },
        { method: "invite", request: { invitees: [{ id: "sip:edie@home", display: "Edie & Co" }] } },
        { method: "tunnel", request: { channel: "t1", data: { body: Buffer.from([0, 255]) } } },
        { method: "testDevice", request: { device: "soft" } },
      ],
    );
    const { devices } = await alice.send("Devices");
    assert.deepEqual(devices, service.devices());
    assert.deepEqual(await alice.send("Status"), { accounts: [], calls: [] });
  });

  test("rejects with the code and the sentence when the service refuses", async (t) => {
    const { connect } = await scene(t);
    const alice = await connect();
    await assert.rejects(alice.send("Use", { dev: "desk" }), (error) => {
      assert.ok(error instanceof Refused);
      assert.deepEqual([error.code, error.message], ["no-such-device", 'There is no device called "desk".']);
      return true;
    });
  });

  test("says who of several could not be invited", async (t) => {
    const { service, connect } = await scene(t);
    const alice = await connect();
    service.invite = async () => ({
      call: "c1",
      invitees: [
        { id: "sip:edie@home", state: "joined" },
        { id: "sip:bob@home", state: "failed", error: { code: "busy", sip: 486 } },
      ],
    });
    await assert.rejects(alice.send("Invite", { add: [{ id: "sip:edie@home" }] }), (error) => {
      assert.ok(error instanceof Refused && error.code === "partial-failure");
      assert.deepEqual(
        readInvitees(error.result).map(({ state, error: why }) => [state, why?.code]),
        [
          ["joined", undefined],
          ["failed", "busy"],
        ],
      );
      return true;
    });
  });

  test("follows a topic from how things are, until its signal ends it", async (t) => {
    const { service, connect } = await scene(t);
    const alice = await connect();
    const events: Happened[] = [];
    const enough = new AbortController();
    await alice.follow("devices", (event) => events.push(event), { signal: enough.signal });
    await until(() => events.length === 1, "the full state");
    enough.abort();
    await alice.send("Ping");
    const [device] = events;
    assert.ok(device?.name === "Device");
    assert.deepEqual(device.device, service.devices()[0]);
  });

  test("hears what its plug-in says on its channel", async (t) => {
    const { service, connect } = await scene(t);
    const alice = await connect();
    const told = Promise.withResolvers<Happened>();
    alice.onEvent = told.resolve;
    service.tunnel = async ({ emit }) => {
      setImmediate(() => emit("t1", { type: "text/plain", body: Buffer.from("lit\r\n") }));
      return { channel: "t1" };
    };
    await alice.send("Tunnel", { plugin: "lamp" });
    assert.deepEqual(await told.promise, {
      name: "Tunnel",
      plugin: "lamp",
      channel: "t1",
      data: { type: "text/plain", body: Buffer.from("lit\r\n") },
    });
  });

  test("reads every event the service says", () => {
    const told = SAID.filter(({ name }) => name === "Event");
    const unread = told.filter((event) => readHappened(event) === undefined);
    assert.deepEqual(
      unread.map(({ children }) => children[0]?.name),
      ["WebRing", "WebHangup"],
    );
  });

  test("hangs up the call of a Join that is given up, and only then", async (t) => {
    const { service, connect } = await scene(t);
    const alice = await connect();
    service.onJoin = () => new Promise(() => undefined);
    const giveUp = new AbortController();
    const joining = alice.send(
      "Join",
      { id: comedies, dev: "soft" },
      { signal: giveUp.signal, onAccepted: () => giveUp.abort(new Error("enough")) },
    );
    await assert.rejects(joining, /enough/);
    await until(() => service.asked.some(({ method }) => method === "leave"), "the call is left");
    assert.partialDeepStrictEqual(service.asked.at(-1), { method: "leave", request: { call: "c1" } });
    await assert.rejects(alice.send("Ping", {}, { signal: AbortSignal.abort() }), { name: "AbortError" });
  });

  test("comes back when its connection is lost, and hears what it missed", async (t) => {
    const { service, connect, loseConnection } = await scene(t);
    const alice = await connect();
    const events: Happened[] = [];
    await alice.follow("calls", (event) => events.push(event));
    tell(service, "dialing");
    await until(() => events.length === 1, "the first event");
    loseConnection();
    tell(service, "active");
    await until(() => service.clients.size === 2, "alice is back");
    await until(() => events.length === 2, "the event she missed");
    tell(service, "ended");
    await until(() => events.length === 3, "the next event");
    assert.deepEqual(statesOf(events), ["dialing", "active", "ended"]);
    await alice.send("Ping");
  });

  test("begins to follow while it is cut off, once, when it is back", async (t) => {
    const { service, connect, loseConnection } = await scene(t);
    const alice = await connect();
    loseConnection();
    await until(() => service.gone.length === 1, "the service hears of it");
    const events: Happened[] = [];
    await alice.follow("devices", (event) => events.push(event));
    await alice.send("Ping");
    assert.equal(events.length, 1);
    assert.equal(service.followers.size, 1);
  });

  test("comes back to a service that was started again, from the full state", async (t) => {
    const { service, connect, restart } = await scene(t);
    const alice = await connect();
    const events: Happened[] = [];
    await alice.follow("devices", (event) => events.push(event));
    await until(() => events.length === 1, "the full state");
    service.onJoin = () => new Promise(() => undefined);
    const joining = alice.send("Join", { id: comedies, dev: "soft" });
    const refused = assert.rejects(joining, { code: "shutting-down" });
    await until(() => service.asked.length > 0, "the join is on its way");
    await restart();
    await refused;
    await until(() => events.length === 2, "the full state again");
    await alice.send("Ping");
  });

  test("that shall not come back is closed with its connection, and rejects whatever waits", async (t) => {
    const { service, listener, connect } = await scene(t);
    const alice = await connect({ reconnect: false });
    service.onJoin = () => new Promise(() => undefined);
    const joining = alice.send("ExternalJoin", { id: comedies });
    const gone = assert.rejects(joining, (error) => error instanceof ServiceGone || error instanceof Refused);
    await until(() => service.asked.length > 0, "the join is on its way");
    await listener.close();
    await Promise.all([gone, alice.closed]);
    await assert.rejects(alice.send("Ping"), ServiceGone);
  });

  test("ends by its signal, and leaves nothing open", async (t) => {
    const { service, connect } = await scene(t);
    const enough = new AbortController();
    const alice = await connect({ signal: enough.signal });
    enough.abort();
    await alice.closed;
    await until(() => service.gone.length === 1, "the service hears of it");
  });

  test("says in a sentence that there is no service", async () => {
    await assert.rejects(PartylineClient.connect({ runtimeDir: "/nowhere" }), {
      name: "ServiceGoneError",
      message: "The SIP service is not running; start it with: partyline service",
    });
  });

  test("passes on what the far end answered", async (t) => {
    const { service, connect } = await scene(t);
    service.onJoin = async () => {
      throw new ServiceError("busy", [comedies], { sip: 486, reason: "Busy Here" });
    };
    const alice = await connect();
    await assert.rejects(alice.send("Join", { id: comedies, dev: "soft" }), {
      code: "busy",
      message: `${comedies} is busy (486 Busy Here).`,
    });
  });
});
