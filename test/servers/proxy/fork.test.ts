import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { queryObjects } from "node:v8";
import type { Hop } from "#sip/message.ts";
import type { Target } from "../../../servers/proxy/routing.ts";
import { pass } from "../../support/clock.ts";
import { alice, Sent } from "../../support/fork-cast.ts";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

describe("A call to several phones", () => {
  test("rings those of the first group, and the next when all of them refused", () => {
    const call = alice([["desk", "laptop"], ["mailbox"]]);

    call.says("desk", 486);
    assert.deepEqual(call.called, ["desk", "laptop"]);
    call.says("laptop", 480);
    assert.deepEqual(call.called, ["desk", "laptop", "mailbox"]);
    call.says("mailbox", 200);

    assert.deepEqual(call.heard, ["200"]);
  });

  test("ends with the best of all refusals", () => {
    const call = alice([["desk"], ["laptop"], ["mailbox"]]);

    call.says("desk", 486);
    call.says("laptop", 503);
    call.says("mailbox", 484);

    assert.deepEqual(call.heard, ["484"]);
  });

  test("keeps nothing of those that refused while another one rings", () => {
    const call = alice([["desk", "laptop"]]);

    call.says("laptop", 180);
    assert.equal(queryObjects(Sent), 2);
    call.says("desk", 486);

    assert.equal(queryObjects(Sent), 1);
    call.says("laptop", 480);
    assert.deepEqual(call.heard, ["180", "486"]);
  });

  test("passes up every 2xx, also a second one and a copy, and stops the others", () => {
    const call = alice([["desk", "laptop"], ["mailbox"]]);

    call.says("desk", 180);
    call.says("desk", 200);
    call.says("laptop", 200);
    call.says("desk", 200);

    assert.deepEqual(call.heard, ["180", "200", "200", "200"]);
    assert.deepEqual(call.called, ["desk", "laptop", "CANCEL laptop"]);
  });

  test("is not to be heard by anybody after a 6xx, which waits until all have stopped", () => {
    const call = alice([["desk", "laptop"], ["mailbox"]]);

    call.says("desk", 603);
    assert.deepEqual(call.heard, []);
    call.says("laptop", 487);

    assert.deepEqual(call.heard, ["603"]);
    assert.deepEqual(call.called, ["desk", "laptop", "CANCEL laptop"]);
  });

  test("that answers as the 6xx of another comes in is still a call", () => {
    const call = alice([["desk", "laptop"]]);

    call.says("desk", 603);
    call.says("laptop", 200);

    assert.deepEqual(call.heard, ["200"]);
  });

  test("asks for the passwords of all who want one", () => {
    const call = alice([["desk", "laptop"]]);

    call.says("desk", 401, { "www-authenticate": "Digest realm=desk" });
    call.says("laptop", 407, { "proxy-authenticate": "Digest realm=laptop" });

    assert.deepEqual(call.heard, ["401"]);
    assert.equal(call.responses[0]?.headers["www-authenticate"], "Digest realm=desk");
    assert.equal(call.responses[0]?.headers["proxy-authenticate"], "Digest realm=laptop");
  });
});

describe("A caller who gives up", () => {
  test("stops all phones, and no other is called", () => {
    const call = alice([["desk", "laptop"], ["mailbox"]]);

    call.cancels();
    call.says("desk", 487);
    call.says("laptop", 487);

    assert.deepEqual(call.called, ["desk", "laptop", "CANCEL desk", "CANCEL laptop"]);
    assert.deepEqual(call.heard, ["487"]);
  });

  test("too late is connected", () => {
    const call = alice([["desk"]]);

    call.cancels();
    call.says("desk", 200);

    assert.deepEqual(call.heard, ["200"]);
  });
});

describe("A phone that rings for ever", () => {
  test("is stopped after more than three minutes, and then the next is called", () => {
    const call = alice([["desk"], ["mailbox"]]);

    call.says("desk", 180);
    pass(180_000);
    assert.deepEqual(call.called, ["desk"]);
    pass(1_000);
    assert.deepEqual(call.called, ["desk", "CANCEL desk"]);
    call.says("desk", 487);

    assert.deepEqual(call.called.at(-1), "mailbox");
  });

  test("may ring on while it says so, but 100 says nothing", () => {
    const call = alice([["desk"]]);

    pass(180_000);
    call.says("desk", 180);
    pass(180_000);
    call.says("desk", 100);
    pass(1_000);

    assert.deepEqual(call.called, ["desk", "CANCEL desk"]);
    assert.deepEqual(call.heard, ["180"]);
  });
});

describe("A server that is not well", () => {
  test("is not what the caller hears of the proxy", () => {
    for (const [status, expected] of [
      [503, "500"],
      [430, "480"],
      [500, "500"],
    ] as const) {
      const call = alice([["desk"]]);
      call.says("desk", status);

      assert.deepEqual(call.heard, [expected]);
    }
  });

  test("and cannot be reached is a callee that cannot be reached, by a reason that says why", () => {
    const call = alice([["desk"]]);
    call.fails("desk", 503, "Connection Refused");
    assert.deepEqual(call.heard, ["480"]);
    assert.equal(call.responses[0]?.reason, "Connection Refused");
    assert.ok(call.responses[0]?.headers.to.params["tag"]);

    const unknown = alice([["desk"]]);
    unknown.fails("desk", 503, "Host Not Found");
    assert.deepEqual(unknown.heard, ["404"]);
  });

  test("lets a request that is no INVITE die in silence, for its sender has given up as well", () => {
    const message = alice([["desk"]], { method: "MESSAGE" });
    message.fails("desk", 408, "Request Timeout");
    const call = alice([["desk"]]);
    call.fails("desk", 408, "Request Timeout");

    assert.deepEqual(message.heard, []);
    assert.deepEqual(call.heard, ["408"]);
  });
});

describe("A phone with two connections", () => {
  const flow = (port: number): Hop => ({ protocol: "WS", address: "192.0.2.4", port });
  const laptop: Target = {
    uri: "laptop",
    flow: flow(1),
    others: [{ uri: "laptop", flow: flow(2) }, { uri: "laptop" }],
  };

  test("is called over the second when the first is dead, and then where it says it is", () => {
    const call = alice([[laptop]]);

    call.fails("laptop over 1");
    call.says("laptop over 2", 430);
    call.says("laptop", 200);

    assert.deepEqual(call.called, ["laptop over 1", "laptop over 2", "laptop"]);
    assert.deepEqual(call.heard, ["200"]);
  });

  test("is called once when it answers, and not again when it refuses", () => {
    const call = alice([[laptop]]);

    call.says("laptop over 1", 486);

    assert.deepEqual(call.called, ["laptop over 1"]);
    assert.deepEqual(call.heard, ["486"]);
  });

  test("is not called again for a caller who is gone", () => {
    const call = alice([[laptop]]);

    call.cancels();
    call.fails("laptop over 1", 487, "Request Terminated");

    assert.deepEqual(call.heard, ["487"]);
  });
});

describe("A phone that sends its callers elsewhere", () => {
  test("is followed once to each place, where the proxy does that", () => {
    const call = alice([["desk", "laptop"], ["mailbox"]], { redirects: { away: ["mobile", "desk"] } });

    call.says("desk", 302, { contact: "away" });
    assert.deepEqual(call.called, ["desk", "laptop"]);
    call.says("laptop", 486);
    assert.deepEqual(call.called.slice(2), ["mobile"]);
    call.says("mobile", 302, { contact: "away" });
    assert.deepEqual(call.called.slice(3), ["mailbox"]);
    call.says("mailbox", 404);

    assert.deepEqual(call.heard, ["302"]);
  });

  test("sends the caller there where it does not", () => {
    const call = alice([["desk"]]);

    call.says("desk", 302, { contact: "away" });

    assert.deepEqual(call.heard, ["302"]);
  });
});

describe("A request that may become only so many", () => {
  test("shares that among its copies, and calls the rest later", () => {
    const call = alice([["desk", "laptop", "mobile"]], { headers: { "max-breadth": "2" } });

    assert.deepEqual(call.called, ["desk", "laptop"]);
    assert.deepEqual(call.breadths, [1, 1]);
    call.says("desk", 486);
    call.says("laptop", 486);

    assert.deepEqual(call.called, ["desk", "laptop", "mobile"]);
    assert.deepEqual(call.breadths, [1, 1, 2]);
  });
});
