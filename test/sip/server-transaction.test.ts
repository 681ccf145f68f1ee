import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import type { SipRequest } from "../../native-host/src/sip/message.ts";
import { buildResponse } from "../../native-host/src/sip/response.ts";
import {
  inviteServerStates,
  requestServerStates,
  Server,
  type ServerHome,
} from "../../native-host/src/sip/server-transaction.ts";
import { DEFAULT_TIMERS } from "../../native-host/src/sip/timers.ts";
import { pass } from "../support/clock.ts";

/** The desk's transaction for one request of Alice; what it sends her, in order. */
function desk(method: string, protocol: "UDP" | "TCP" = "UDP") {
  const request: SipRequest = {
    method,
    uri: "sip:desk@127.0.0.1",
    headers: {
      via: [{ version: "2.0", protocol, host: "127.0.0.1", port: 5060, params: { branch: "z9hG4bK1" } }],
      from: { uri: "sip:alice@h", params: { tag: "a" } },
      to: { uri: "sip:desk@h", params: {} },
      "call-id": "1@h",
      cseq: { seq: 1, method },
    },
    content: "",
  };
  const sent: number[] = [];
  let ended = false;
  const states = method === "INVITE" ? inviteServerStates : requestServerStates;
  const table = states(DEFAULT_TIMERS, protocol === "TCP");
  const home: ServerHome = {
    transmit: (response) => {
      sent.push(response.status);
      return `${response.status}`;
    },
    again: (text) => void sent.push(Number(text)),
    answered: () => {},
    ended: () => {
      ended = true;
    },
  };
  const server = new Server(
    request,
    { protocol, address: "127.0.0.1", port: 5060 },
    { key: "1", home, table },
  );
  const respond = (status: number) => server.respond(buildResponse(request, status));
  return { server, sent, respond, ended: () => ended };
}

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

describe("an INVITE that came in", () => {
  test("gets a 100 when its owner takes more than 200 ms", () => {
    const call = desk("INVITE");

    pass(199);
    assert.deepEqual(call.sent, []);
    pass(1);

    assert.deepEqual(call.sent, [100]);
  });

  test("gets no 100 when its owner is quick", () => {
    const call = desk("INVITE");

    call.respond(180);
    pass(1000);

    assert.deepEqual(call.sent, [180]);
  });

  test("that comes again gets the last 1xx again", () => {
    const call = desk("INVITE");

    call.server.repeat();
    assert.deepEqual(call.sent, []);
    call.respond(180);
    call.server.repeat();

    assert.deepEqual(call.sent, [180, 180]);
  });

  test("has its refusal repeated until the ACK, pauses doubling up to T2", () => {
    const call = desk("INVITE");

    call.respond(486);
    pass(500 + 1000 + 2000 + 4000 + 4000);
    assert.equal(call.sent.length, 6);
    assert.equal(call.server.acknowledge(), true);
    pass(4999);
    assert.equal(call.ended(), false);
    pass(1);

    assert.equal(call.sent.length, 6);
    assert.equal(call.ended(), true);
  });

  test("over TCP has its refusal sent once", () => {
    const call = desk("INVITE", "TCP");

    call.respond(486);
    pass(31_999);
    assert.deepEqual(call.sent, [486]);
    pass(1);

    assert.equal(call.ended(), true);
  });

  test("that was accepted absorbs copies; the owner repeats the 2xx, and gets the ACK", () => {
    const call = desk("INVITE");

    call.respond(200);
    call.server.repeat();
    assert.deepEqual(call.sent, [200]);
    call.respond(200);
    assert.deepEqual(call.sent, [200, 200]);
    assert.equal(call.server.acknowledge(), false);
    call.respond(486);
    pass(32_000);

    assert.deepEqual(call.sent, [200, 200]);
    assert.equal(call.ended(), true);
  });

  test("that nobody ever answers is a 408 after almost four minutes", () => {
    const call = desk("INVITE");

    pass(200 + 219_999);
    assert.deepEqual(call.sent, [100]);
    pass(1);

    assert.deepEqual(call.sent, [100, 408]);
  });
});

describe("a CANCEL that came in", () => {
  test("tells the owner, who answers 487", () => {
    const call = desk("INVITE");
    call.respond(180);
    call.server.onCancel = () => call.respond(487);

    call.server.cancelled();

    assert.deepEqual(call.sent, [180, 487]);
  });

  test("is a 487 of the stack's own when the owner does not care", () => {
    const call = desk("INVITE");

    call.server.cancelled();

    assert.deepEqual(call.sent, [487]);
  });

  test("after the final response tells nobody", () => {
    const call = desk("INVITE");
    let told = false;
    call.server.onCancel = () => {
      told = true;
    };

    call.respond(200);
    call.server.cancelled();

    assert.equal(told, false);
  });
});

describe("any other request that came in", () => {
  test("that comes again gets its answer again, the owner hears nothing", () => {
    const call = desk("OPTIONS");

    call.respond(200);
    call.server.repeat();
    call.server.repeat();

    assert.deepEqual(call.sent, [200, 200, 200]);
  });

  test("has one answer: a second one is not sent", () => {
    const call = desk("OPTIONS");

    call.respond(200);
    call.respond(404);

    assert.deepEqual(call.sent, [200]);
  });

  test("is forgotten 64*T1 after its answer, over TCP at once", () => {
    for (const [protocol, ms] of [
      ["UDP", 32_000],
      ["TCP", 1],
    ] as const) {
      const call = desk("OPTIONS", protocol);

      call.respond(200);
      assert.equal(call.ended(), false);
      pass(ms);

      assert.equal(call.ended(), true, protocol);
    }
  });

  test("that nobody ever answers is forgotten after 64*T1, 1xx or not", () => {
    const call = desk("OPTIONS");

    pass(20_000);
    call.respond(100);
    pass(12_000);

    assert.equal(call.ended(), true);
    assert.deepEqual(call.sent, [100]);
  });
});
