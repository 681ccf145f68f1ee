import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { ha1Of } from "#sip/digest.ts";
import { DigestServer } from "#sip/digest-server.ts";
import type { RegisterOptions, RegistrationState } from "#sip/register.ts";
import { pass } from "../support/clock.ts";
import { settled } from "../support/descriptions.ts";
import { type AnswerParts, FakeNet } from "../support/fake-stack.ts";

const secret = { username: "alice", realm: "home", password: "blue whale" };

/** Alice's user agent, and a registrar that answers by hand. */
async function cast(options: Partial<RegisterOptions> = {}) {
  const net = new FakeNet();
  const registrar = net.scripted("home");
  const agent = await net.agent("alice");
  const states: RegistrationState[] = [];
  const registration = agent.register({
    aor: "sip:alice@home",
    onState: (state) => states.push(state),
    ...options,
  });
  await settled();
  return { net, registrar, agent, registration, states };
}

const granted = (seconds: number): AnswerParts => ({
  headers: {
    contact: [
      { uri: "sip:alice@tablet:5060", params: { expires: "7" } },
      { uri: "sip:alice@alice:5060", params: { expires: String(seconds) } },
    ],
  },
});

describe("an account", () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
    mock.method(Math, "random", () => 0);
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  test("is registered at its domain, under its own address", async () => {
    const { registrar, registration, states } = await cast({ displayName: "Alice" });

    registrar.respond(0, 200, granted(600));
    await settled();

    const [request] = registrar.requests;
    assert.equal(request?.uri, "sip:home");
    assert.equal(request.headers.to.uri, "sip:alice@home");
    assert.equal(request.headers.from.uri, "sip:alice@home");
    assert.equal(request.headers["expires"], "3600");
    assert.deepEqual(request.headers.contact, [{ uri: "sip:alice@alice:5060", params: {} }]);
    assert.equal(registration.state, "registered");
    assert.deepEqual(states, ["registering", "registered"]);
  });

  test("shows its password when the registrar asks", async () => {
    const server = new DigestServer({
      realm: "home",
      hashes: ["SHA-256"],
      ha1: (_username, hash) => ha1Of(hash, secret),
    });
    const { registrar, registration } = await cast({ secret });

    registrar.respond(0, 401, { headers: { "www-authenticate": server.challenges()[0] } });
    await settled();
    const said = registrar.requests[1]?.headers["authorization"];
    registrar.respond(1, 200, granted(600));
    await settled();

    assert.ok(typeof said === "string");
    assert.equal(server.verify(said, { method: "REGISTER", uri: "sip:home", body: "" }).name, "right");
    assert.equal(registration.state, "registered");
  });

  test("is refreshed before its time is up, in the same Call-ID and a higher CSeq", async () => {
    const { registrar } = await cast();
    registrar.respond(0, 200, granted(600));
    await settled();

    pass(567_000);
    assert.equal(registrar.requests.length, 1);
    pass(1000);
    await settled();

    const [first, second] = registrar.requests;
    assert.equal(second?.headers["call-id"], first?.headers["call-id"]);
    assert.equal(second?.headers.cseq.seq, 2);
  });

  test("goes on after its password was asked for, under a CSeq nobody has seen", async () => {
    const { registrar } = await cast({ secret });
    const challenge = 'Digest realm="home", nonce="1", qop="auth"';
    registrar.respond(0, 401, { headers: { "www-authenticate": challenge } });
    await settled();
    registrar.respond(1, 200, granted(60));
    await settled();
    pass(30_000);
    await settled();

    assert.deepEqual(
      registrar.requests.map(({ headers }) => headers.cseq.seq),
      [1, 2, 3],
    );
  });

  test("stays longer when the registrar wants that", async () => {
    const { registrar, registration, states } = await cast({ expiresS: 60 });

    registrar.respond(0, 423, { headers: { "min-expires": "300" } });
    await settled();
    assert.equal(registrar.requests[1]?.headers["expires"], "300");
    registrar.respond(1, 423, { headers: { "min-expires": "300" } });
    await settled();

    assert.equal(registration.state, "failed");
    assert.deepEqual(states, ["registering", "failed"]);
  });

  test("that is refused is tried again, after ever longer pauses, but not for ever longer", async () => {
    const { registrar, registration } = await cast();
    const pauses: number[] = [];

    for (let at = 0; at < 9; at++) {
      registrar.respond(at, 500);
      await settled();
      let waited = 0;
      while (registrar.requests.length === at + 1) {
        pass(1000);
        waited += 1;
        await settled();
      }
      pauses.push(waited);
    }

    assert.deepEqual(pauses, [30, 60, 120, 240, 480, 900, 900, 900, 900]);
    assert.deepEqual(registration.failure, { status: 500, reason: "Server Internal Error", silent: false });
  });

  test("stays away as long as the registrar asks for", async () => {
    const { registrar } = await cast();
    registrar.respond(0, 503, { headers: { "retry-after": "100 (maintenance)" } });
    await settled();

    pass(99_000);
    await settled();
    assert.equal(registrar.requests.length, 1);
    pass(1000);
    await settled();
    assert.equal(registrar.requests.length, 2);
  });

  test("is registered at once when the network changed, and late answers to the old request mean nothing", async () => {
    const { registrar, registration } = await cast();

    registration.renew();
    await settled();
    assert.equal(registrar.requests.length, 2);
    registrar.respond(0, 403);
    await settled();
    assert.equal(registration.state, "registering");
    registrar.respond(1, 200, granted(600));
    await settled();

    assert.equal(registration.state, "registered");
  });

  test("is signed off when the user agent closes", async () => {
    const { registrar, agent, states } = await cast();
    registrar.respond(0, 200, granted(600));
    await settled();

    const closed = agent.close();
    await settled();
    registrar.respond(1, 200);
    await closed;

    const last = registrar.requests.at(-1);
    assert.equal(last?.headers["expires"], "0");
    assert.deepEqual(last.headers.contact, [{ uri: "sip:alice@alice:5060", params: {} }]);
    assert.deepEqual(states, ["registering", "registered", "off"]);
  });

  test("that is signed off while it is asked for its password does not show it to come back", async () => {
    const { registrar, registration, states } = await cast({ secret });
    const challenge = { headers: { "www-authenticate": 'Digest realm="home", nonce="1", qop="auth"' } };

    const closed = registration.close();
    await settled();
    registrar.respond(0, 401, challenge);
    registrar.respond(1, 401, challenge);
    await settled();
    registrar.respond(2, 200);
    await closed;

    assert.deepEqual(
      registrar.requests.map(({ headers }) => headers["expires"]),
      ["3600", "0", "0"],
    );
    assert.deepEqual(states, ["registering", "off"]);
  });

  test("that never was registered closes at once", async () => {
    const { registrar, registration } = await cast();
    registrar.respond(0, 403);
    await settled();

    await registration.close();

    assert.equal(registration.state, "off");
    assert.equal(registrar.requests.length, 1);
  });

  test("goes by its own proxy, and its calls by the way the registrar names", async () => {
    const net = new FakeNet();
    const proxy = net.scripted("edge");
    const agent = await net.agent("alice", { outboundProxy: "sip:elsewhere" });
    agent.register({ aor: "sip:alice@home", outboundProxy: "sip:edge" });
    await settled();
    const service = { headers: { "service-route": "<sip:core.home;lr>" } };
    proxy.respond(0, 200, service);
    await settled();

    void agent.request("OPTIONS", "sip:bob@home", { from: { uri: "sip:alice@home" } });
    await settled();

    const [register, options] = proxy.requests;
    assert.deepEqual(
      register?.headers.route?.map(({ uri }) => uri),
      ["sip:edge;lr"],
    );
    assert.deepEqual(
      options?.headers.route?.map(({ uri }) => uri),
      ["sip:edge;lr", "sip:core.home;lr"],
    );
  });

  test("says which installation it is", async () => {
    const { registrar } = await cast({ instance: "urn:uuid:00000000-0000-4000-8000-000000000001" });

    const contact = registrar.requests[0]?.headers.contact;
    assert.ok(Array.isArray(contact));
    assert.equal(contact[0]?.params["+sip.instance"], '"<urn:uuid:00000000-0000-4000-8000-000000000001>"');
  });
});

test("two accounts of one registrar each show their own password", async () => {
  const net = new FakeNet();
  const registrar = net.scripted("home");
  const agent = await net.agent("desk");
  const challenge = { headers: { "www-authenticate": 'Digest realm="home", nonce="1", qop="auth"' } };

  agent.register({ aor: "sip:alice@home", secret });
  agent.register({ aor: "sip:bob@home", secret: { ...secret, username: "bob" } });
  await settled();
  registrar.respond(0, 401, challenge);
  registrar.respond(1, 401, challenge);
  await settled();

  const said = registrar.requests
    .slice(2)
    .map(({ headers }) => [headers.from.uri, /username="(\w+)"/.exec(String(headers["authorization"]))?.[1]]);
  assert.deepEqual(said, [
    ["sip:alice@home", "alice"],
    ["sip:bob@home", "bob"],
  ]);
});
