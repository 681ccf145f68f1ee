import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { SipError } from "../../native-host/src/sip/sip-error.ts";
import { alice, request, TCP } from "../support/client-cast.ts";
import { pass } from "../support/clock.ts";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

describe("an INVITE that is answered", () => {
  test("goes up as it comes: ringing, then the answer, then each copy of it", () => {
    const call = alice("INVITE");

    call.start();
    call.films(100);
    call.films(180);
    call.films(200);
    call.films(200);

    assert.deepEqual(call.heard, ["100", "180", "200", "200"]);
    assert.equal(call.methods(), "INVITE");
  });

  test("lets 2xx copies up for 64*T1 and then ends", () => {
    const call = alice("INVITE");

    call.start();
    call.films(200);
    pass(31_999);
    call.films(200, "other");
    assert.equal(call.ended(), false);
    pass(1);

    assert.deepEqual(call.heard, ["200", "200"]);
    assert.equal(call.ended(), true);
  });

  test("with a refusal acknowledges each copy of it and tells its owner once", () => {
    const call = alice("INVITE");

    call.start();
    call.films(486);
    call.films(486);

    assert.deepEqual(call.heard, ["486"]);
    assert.equal(call.methods(), "INVITE ACK ACK");
    const ack = call.sent[1];
    assert.deepEqual(ack?.headers.route, [{ uri: "sip:proxy;lr", params: {} }]);
    assert.equal(ack?.headers.to.params["tag"], "f");
    assert.deepEqual(ack?.headers.cseq, { seq: 7, method: "ACK" });
    assert.deepEqual(ack?.headers.via, request("INVITE").headers.via);
    pass(32_000);
    assert.equal(call.ended(), true);
  });
});

describe("an INVITE nobody answers", () => {
  test("is sent again at twice the pause each time, and is a 408 after 64*T1", () => {
    const call = alice("INVITE");

    call.start();
    pass(500 + 1000 + 2000 + 4000);
    assert.equal(call.methods(), "INVITE INVITE INVITE INVITE INVITE");
    pass(32_000 - 7500);

    assert.deepEqual(call.heard, ["408 made up"]);
    assert.equal(call.methods().includes("CANCEL"), false);
    assert.equal(call.ended(), true);
  });

  test("is sent once over TCP", () => {
    const call = alice("INVITE", TCP);

    call.start();
    pass(31_999);
    assert.equal(call.methods(), "INVITE");
    pass(1);

    assert.deepEqual(call.heard, ["408 made up"]);
  });

  test("is not sent again once there is a 1xx, and rings no longer than timer C", () => {
    const call = alice("INVITE");

    call.start();
    call.films(180);
    pass(184_999);
    assert.equal(call.methods(), "INVITE");
    pass(1);

    assert.deepEqual(call.heard, ["180", "408 made up"]);
    assert.equal(call.methods(), "INVITE CANCEL");
  });

  test("rings on while the peer says so", () => {
    const call = alice("INVITE");

    call.start();
    for (let minute = 0; minute < 10; minute++) {
      call.films(180);
      pass(60_000);
    }
    call.films(200);

    assert.equal(call.heard.at(-1), "200");
  });
});

describe("CANCEL", () => {
  test("waits for a 1xx, so that it cannot overtake its INVITE", () => {
    const call = alice("INVITE");

    call.start();
    call.client.cancel();
    assert.equal(call.methods(), "INVITE");
    call.films(100);

    assert.equal(call.methods(), "INVITE CANCEL");
    assert.deepEqual(call.sent[1]?.headers.to.params, {});
    assert.deepEqual(call.sent[1]?.headers.cseq, { seq: 7, method: "CANCEL" });
  });

  test("keeps sending the INVITE while there is no 1xx", () => {
    const call = alice("INVITE");

    call.start();
    call.client.cancel();
    pass(500 + 1000);

    assert.equal(call.methods(), "INVITE INVITE INVITE");
    pass(32_000 - 1500);
    assert.deepEqual(call.heard, ["408 made up"]);
  });

  test("is sent once, and the 487 goes up", () => {
    const call = alice("INVITE");

    call.start();
    call.films(180);
    call.client.cancel();
    call.client.cancel();
    call.films(180);
    call.films(487);

    assert.deepEqual(call.heard, ["180", "180", "487"]);
    assert.equal(call.methods(), "INVITE CANCEL ACK");
  });

  test("that crosses a 2xx leaves the 2xx to the owner", () => {
    const call = alice("INVITE");

    call.start();
    call.films(180);
    call.client.cancel();
    call.films(200);

    assert.deepEqual(call.heard, ["180", "200"]);
  });

  test("is not sent after the final response", () => {
    const call = alice("INVITE");

    call.start();
    call.films(200);
    call.client.cancel();

    assert.equal(call.methods(), "INVITE");
  });

  test("that is never followed by a final response ends as 408 after 64*T1", () => {
    const call = alice("INVITE");

    call.start();
    call.films(180);
    call.client.cancel();
    pass(32_000);

    assert.deepEqual(call.heard, ["180", "408 made up"]);
    assert.equal(call.methods(), "INVITE CANCEL");
  });

  test("before anything was sent sends nothing at all", () => {
    const call = alice("INVITE");

    call.client.cancel();
    call.start();

    assert.deepEqual(call.heard, ["487 made up"]);
    assert.equal(call.methods(), "");
  });
});

describe("any other request", () => {
  test("is sent again at twice the pause up to T2, and is a 408 after 64*T1", () => {
    const call = alice("OPTIONS");

    call.start();
    pass(500 + 1000 + 2000 + 4000 + 4000 + 4000);
    assert.equal(call.sent.length, 7);
    pass(32_000 - 15_500);

    assert.deepEqual(call.heard, ["408 made up"]);
  });

  test("is not kept for ever by a 1xx: 64*T1 run from when it was sent", () => {
    const call = alice("OPTIONS");

    call.start();
    pass(20_000);
    call.films(100);
    pass(11_999);
    assert.deepEqual(call.heard, ["100"]);
    pass(1);

    assert.deepEqual(call.heard, ["100", "408 made up"]);
  });

  test("tells its owner the answer once, however many copies come", () => {
    const call = alice("OPTIONS");

    call.start();
    call.films(200);
    call.films(200);
    pass(5000);

    assert.deepEqual(call.heard, ["200"]);
    assert.equal(call.ended(), true);
  });

  test("cannot be cancelled", () => {
    const call = alice("OPTIONS");

    call.start();
    call.films(100);
    call.client.cancel();

    assert.equal(call.methods(), "OPTIONS");
  });
});

describe("a network that fails", () => {
  for (const method of ["INVITE", "OPTIONS"]) {
    test(`makes an ${method} a 503, once`, () => {
      const call = alice(method);

      call.breakNetwork();
      call.start();
      call.client.fail(new SipError(503, "Not Sent"));

      assert.deepEqual(call.heard, ["503 made up"]);
      assert.equal(call.ended(), true);
    });
  }

  test("after the answer changes nothing for the owner", () => {
    const call = alice("INVITE");

    call.start();
    call.breakNetwork();
    call.films(486);

    assert.deepEqual(call.heard, ["486"]);
  });
});
