import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { makeResponse, openStack } from "#sip/stack.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { until } from "../support/until.ts";

describe("when the connection to the registrar is gone, an account", () => {
  /** A registrar by TCP that has registered alice, and is gone. */
  async function loseRegistrar() {
    const sockets = { host: "127.0.0.1", port: 0 };
    const registrar = await openStack({
      ...sockets,
      onRequest: (request, transaction) => transaction.respond(makeResponse(request, 200)),
      onAck: () => undefined,
    });
    const agent = await UserAgent.open({ ...sockets, name: "alice", identity: {} });
    const states: string[] = [];
    const registration = agent.register({
      aor: "sip:alice@home",
      outboundProxy: `sip:127.0.0.1:${registrar.port};transport=tcp`,
      onState: (state, failure) => states.push(failure ? `${state} ${failure.reason}` : state),
    });
    await until(() => registration.state === "registered", "the first REGISTER");
    return { registrar, agent, registration, states };
  }

  test("waits a while if it was registered only just now", async () => {
    const { registrar, agent, registration, states } = await loseRegistrar();

    await registrar.close();
    await until(() => registration.state === "failed", "that the connection is gone");
    await agent.close();

    assert.deepEqual(states, ["registering", "registered", "failed Connection Lost", "off"]);
  });

  test("is registered anew at once if it was registered for long, and pauses when that fails", async () => {
    const { registrar, agent, registration, states } = await loseRegistrar();
    const now = performance.now.bind(performance);
    mock.method(performance, "now", () => now() + 40_000);

    await registrar.close();
    await until(() => registration.state === "failed", "that nobody is there");
    mock.restoreAll();
    await agent.close();

    assert.deepEqual(states, [
      "registering",
      "registered",
      "registering",
      "failed Connection Refused",
      "off",
    ]);
  });
});
