import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { HostError, HostGoneError } from "../../extension/background/host-error.ts";
import { HostLink } from "../../extension/background/host-link.ts";
import { HostPort } from "../../extension/background/host-port.ts";
import { el, readXml, type XmlElement } from "../../extension/background/xml.ts";
import { FakePort, settled } from "../support/fake-browser.ts";

function open() {
  const port = new FakePort();
  const events: XmlElement[] = [];
  const gone: string[] = [];
  const host = new HostPort(port, {
    onEvent: (event) => events.push(event),
    onGone: (why) => gone.push(why),
  });
  return { port, events, gone, host };
}

describe("The connection to the host", { timeout: 10_000 }, () => {
  test("gives each request its own answer, whatever their order", async () => {
    const { port, host } = open();
    const devices = host.request(el("Devices"));
    const status = host.request(el("Status"));
    port.answer('<Result req="2" status="ok" call="second"/>');
    port.answer('<Result req="1" status="ok" call="first"/>');
    assert.equal((await devices).attributes["call"], "first");
    assert.equal((await status).attributes["call"], "second");
    assert.deepEqual(
      port.written.map((text) => readXml(text).attributes["req"]),
      ["1", "2"],
    );
  });

  test("tells the call as soon as the service has one, and the result later", async () => {
    const { port, host } = open();
    const calls: string[] = [];
    const joined = host.request(el("ExternalJoin", { id: "sip:a@b" }), {
      onAccepted: (call) => calls.push(call),
    });
    port.answer('<Accepted req="1" call="c7"/>');
    assert.deepEqual(calls, ["c7"]);
    port.answer('<Result req="1" status="ok" call="c7" conf="sip:a@b"/>');
    assert.equal((await joined).attributes["conf"], "sip:a@b");
  });

  test("rejects what the service refuses, with its code", async () => {
    const { port, host } = open();
    const refused = host.request(el("Join"));
    port.answer('<Result req="1" status="error"><Error code="device-busy" detail="in a call"/></Result>');
    await assert.rejects(refused, (error) => error instanceof HostError && error.code === "device-busy");
  });

  test("settles every request when the host dies, and those that come later", async () => {
    const { port, host, gone } = open();
    const pending = [host.request(el("Devices")), host.request(el("Status"))];
    port.hangUp("Native host has exited.");
    for (const one of pending) await assert.rejects(one, HostGoneError);
    await assert.rejects(host.request(el("Ping")), HostGoneError);
    assert.deepEqual(gone, ["Native host has exited."]);
  });

  test("gives up on a request that is never answered", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { host } = open();
    const asked = host.request(el("Ping"), { timeoutMs: 1000 });
    mock.timers.tick(1001);
    await assert.rejects(asked, HostGoneError);
    mock.timers.reset();
  });

  test("hands events on and drops what is no document", () => {
    const { port, events } = open();
    for (const noise of [{ id: 1 }, 7, "<Event", "hello", '<Event seq="1"><Ended/></Event>'])
      port.answer(noise);
    assert.deepEqual(
      events.map(({ children }) => children[0]?.name),
      ["Ended"],
    );
  });
});

describe("The link to the host", { timeout: 10_000 }, () => {
  function link() {
    const ports: FakePort[] = [];
    const states: string[] = [];
    let ready = 0;
    const made = new HostLink({
      connect() {
        const port = new FakePort();
        ports.push(port);
        return port;
      },
      client: "test",
      onEvent: () => undefined,
      greet: async () => undefined,
      onReady: () => ready++,
      onState: (state) => states.push(state),
    });
    const greet = async () => {
      ports.at(-1)?.answer('<Welcome req="1" version="1"/>');
      await settled();
    };
    return { ports, states, made, greet, ready: () => ready };
  }

  test("connects when first needed, greets, and only then sends the command", async () => {
    const { ports, made, greet } = link();
    assert.equal(ports.length, 0);
    const pinged = made.request(el("Ping"));
    assert.deepEqual(
      ports[0]?.written.map((text) => readXml(text).name),
      ["Hello"],
    );
    await greet();
    assert.deepEqual(
      ports[0]?.written.map((text) => readXml(text).name),
      ["Hello", "Ping"],
    );
    ports[0]?.answer('<Result req="2" status="ok"/>');
    await pinged;
  });

  test("comes back by itself with a longer pause each time, and greets anew", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { ports, states, made, greet, ready } = link();
    made.start();
    await greet();
    ports[0]?.hangUp();
    await settled();
    const pauses = [50, 100, 200, 400];
    for (const [index, pauseMs] of pauses.entries()) {
      mock.timers.tick(pauseMs - 1);
      assert.equal(ports.length, index + 1);
      mock.timers.tick(1);
      assert.equal(ports.length, index + 2);
      if (index < pauses.length - 1) ports.at(-1)?.hangUp();
      await settled();
    }
    await greet();
    assert.equal(ready(), 2);
    assert.deepEqual(states, ["connecting", "ready", "lost", "ready"]);
    mock.timers.reset();
  });

  test("says that the host is not installed, and tries at once when asked to", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { ports, states, made } = link();
    const pinged = made.request(el("Ping"));
    ports[0]?.hangUp("Specified native messaging host not found.");
    await assert.rejects(pinged, HostGoneError);
    mock.timers.tick(5000);
    assert.equal(ports.length, 1);
    assert.deepEqual(states, ["connecting", "missing"]);
    made.start(true);
    assert.equal(ports.length, 2);
    mock.timers.reset();
  });
});
