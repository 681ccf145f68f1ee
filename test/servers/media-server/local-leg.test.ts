import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LegHandlers } from "#sip/leg.ts";
import { type SipRequest, textHeader } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { offerAt, settled } from "../../support/descriptions.ts";
import { established, serving } from "../../support/local-call.ts";

type Call = Awaited<ReturnType<typeof established>>;

const descriptions = ({ caller, callee }: Call) => ({
  caller: [caller.localDescription, caller.description],
  callee: [callee.localDescription, callee.description],
});
const FIRST = { caller: ["caller's", "callee's"], callee: ["callee's", "caller's"] };

/** A request handler, and what it was asked. */
function asked(status = 200) {
  const requests: SipRequest[] = [];
  const onRequest: LegHandlers["onRequest"] = (request) => {
    requests.push(request);
    return { status };
  };
  return { requests, onRequest };
}

const thrower = (fault: unknown) => () => {
  throw fault;
};

describe("A new offer in a call within the process", () => {
  test("of the caller is answered by the callee", async () => {
    const call = await established({ callee: { onOffer: (offer) => `to ${offer}` } });

    assert.equal(await call.caller.offer("new"), "to new");
    assert.deepEqual(descriptions(call), { caller: ["new", "to new"], callee: ["to new", "new"] });
  });

  test("of the callee is answered by the caller", async () => {
    const call = await established({ caller: { onOffer: async (offer) => `to ${offer}` } });

    assert.equal(await call.callee.offer("new"), "to new");
    assert.deepEqual(descriptions(call), { caller: ["to new", "new"], callee: ["new", "to new"] });
  });

  test("that is refused leaves all as it was, and the caller may try again", async () => {
    const call = await established({ callee: { onOffer: thrower(new SipError(415, "No")) } });
    await assert.rejects(call.caller.offer("new"), { name: "SipError", status: 415 });
    assert.deepEqual(descriptions(call), FIRST);
    assert.deepEqual(call.errors, []);

    call.callee.handlers = { onOffer: () => "fine" };
    assert.equal(await call.caller.offer("new"), "fine");
  });

  test("is refused with 500 when the other end fails, whose owner hears of it", async () => {
    const fault = new TypeError("not so");
    const call = await established({ callee: { onOffer: thrower(fault) } });
    await assert.rejects(call.caller.offer("new"), { name: "SipError", status: 500 });
    assert.deepEqual(descriptions(call), FIRST);
    assert.deepEqual(call.errors, [fault]);
  });

  test("that nobody answers is refused with 488, but one that changes nothing has the last answer", async () => {
    const call = await established();
    await assert.rejects(call.caller.offer(offerAt(4000)), { status: 488 });
    assert.deepEqual(descriptions(call), FIRST);
    assert.equal(await call.caller.offer("caller's"), "callee's");
  });

  test("waits for the one before it, whoever makes it", async () => {
    const made = Promise.withResolvers<string>();
    const order: string[] = [];
    const onOffer = (offer: string) => {
      order.push(offer);
      return offer === "slow" ? made.promise : `to ${offer}`;
    };
    const call = await established({ caller: { onOffer }, callee: { onOffer } });
    const slow = call.caller.offer("slow");
    const others = [call.callee.offer("second"), call.caller.offer("third")];
    await settled();
    await settled();
    assert.deepEqual(order, ["slow"]);
    made.resolve("at last");

    assert.equal(await slow, "at last");
    assert.deepEqual(await Promise.all(others), ["to second", "to third"]);
    assert.deepEqual(order, ["slow", "second", "third"]);
    assert.deepEqual(descriptions(call), { caller: ["third", "to third"], callee: ["to third", "third"] });
  });

  test("fails with 481 when the call ends meanwhile, and changes nothing any more", async () => {
    const made = Promise.withResolvers<string>();
    const call = await established({ callee: { onOffer: () => made.promise } });
    const offering = assert.rejects(call.caller.offer("new"), { status: 481 });
    await settled();
    await settled();
    await call.callee.bye();
    await offering;
    made.resolve("too late");
    await settled();
    assert.deepEqual(descriptions(call), FIRST);
  });

  test("after the end fails with 481 from either end", async () => {
    const call = await established({ callee: { onOffer: () => assert.fail("it has ended") } });
    await call.caller.bye();
    await assert.rejects(call.caller.offer("new"), { status: 481 });
    await assert.rejects(call.callee.offer("new"), { status: 481 });
    assert.deepEqual(descriptions(call), FIRST);
  });
});

describe("A request in a call within the process", () => {
  test("reaches the other end with its method, content, type and headers", async () => {
    const { requests, onRequest } = asked(202);
    const call = await established({ callee: { onRequest } });
    const body = { type: "text/plain", content: "hello" };
    const response = await call.caller.request("INFO", body, { "X-Mood": "good\r\nVia: x" });

    const [request] = requests;
    assert.ok(request);
    assert.equal(request.method, "INFO");
    assert.equal(request.content, "hello");
    assert.equal(textHeader(request, "content-type"), "text/plain");
    assert.equal(textHeader(request, "x-mood"), "good Via: x");
    assert.equal(request.headers["call-id"], call.caller.id.callId);
    assert.equal(request.headers.from.params["tag"], call.caller.id.localTag);
    assert.deepEqual([response.status, response.reason], [202, "Accepted"]);
  });

  test("goes the other way, too, and brings back what is answered", async () => {
    const onRequest: LegHandlers["onRequest"] = async () => ({
      status: 503,
      reason: "Busy",
      headers: { "retry-after": "5" },
      content: "later",
    });
    const call = await established({ caller: { onRequest } });
    const response = await call.callee.request("INFO");
    assert.deepEqual([response.status, response.reason, response.content], [503, "Busy", "later"]);
    assert.equal(response.headers["retry-after"], "5");
  });

  const untaken: [method: string, content: string, status: number][] = [
    ["INFO", "hello", 415],
    ["INFO", "", 200],
    ["UPDATE", "", 501],
    ["OPTIONS", "", 200],
  ];
  for (const [method, content, status] of untaken) {
    const what = content === "" ? `${method} without a body` : method;
    test(`that nobody takes is answered as by a leg of SIP: ${what} with ${status}`, async () => {
      const call = await established();
      assert.equal((await call.caller.request(method, { type: "text/plain", content })).status, status);
    });
  }

  test("is answered by what its owner throws, else with 500", async () => {
    const fault = new TypeError("not so");
    const call = await established({ callee: { onRequest: thrower(new SipError(486, "Busy")) } });
    assert.equal((await call.caller.request("INFO")).status, 486);
    assert.deepEqual(call.errors, []);
    call.callee.handlers = { onRequest: thrower(fault) };
    assert.equal((await call.caller.request("INFO")).status, 500);
    assert.deepEqual(call.errors, [fault]);
  });

  test("after the end is answered with 481, and reaches nobody", async () => {
    const { requests, onRequest } = asked();
    const call = await established({ caller: { onRequest }, callee: { onRequest } });
    const bye = call.callee.bye();
    // He has not heard it yet.
    const soon = call.caller.request("INFO");
    await bye;

    assert.equal((await soon).status, 481);
    for (const leg of [call.caller, call.callee])
      for (const method of ["INFO", "OPTIONS"]) assert.equal((await leg.request(method)).status, 481);
    assert.deepEqual(requests, []);
  });

  test("is taken by the handlers of that moment", async () => {
    const [before, after] = [asked(), asked()];
    const call = await established({ callee: { onRequest: before.onRequest } });
    const asking = call.caller.request("INFO");
    call.callee.handlers = { onRequest: after.onRequest };
    await asking;
    assert.deepEqual([before.requests.length, after.requests.length], [0, 1]);
  });

  test("that the callee makes at once is taken by whoever the caller hands his leg to", async () => {
    const { requests, onRequest } = asked();
    const told: Promise<unknown>[] = [];
    const ended: string[] = [];
    const { invite } = serving((call) => {
      const leg = call.accept("callee's");
      told.push(leg.request("INFO").then(() => leg.bye("Gone")));
    });
    const through = async (layers: number): ReturnType<typeof invite> =>
      layers === 0 ? invite() : await through(layers - 1);

    const { leg } = await through(10);
    leg.handlers = { onRequest, onEnded: (reason) => ended.push(reason) };
    await Promise.all(told);
    assert.equal(requests.length, 1);
    assert.deepEqual(ended, ["Gone"]);
  });

  test("for another call, or of a package of INFO, is not offered", async () => {
    const { caller } = await established();
    await assert.rejects(caller.refer("sip:bob@bob"), { status: 501 });
    await assert.rejects(caller.info("keys"), { status: 469 });
    caller.refresh("films");
    assert.equal(caller.state, "confirmed");
  });
});

describe("The end of a call within the process", () => {
  for (const [first, second] of [
    ["caller", "callee"],
    ["callee", "caller"],
  ] as const) {
    test(`by the ${first} is heard once by the ${second}, after the word was given`, async () => {
      const ended: [string, boolean][] = [];
      const call = await established({
        [first]: { onEnded: () => assert.fail("it has hung up itself") },
        [second]: { onEnded: (reason: string, lost: boolean) => ended.push([reason, lost]) },
      });
      const bye = call[first].bye("Enough");
      assert.equal(call[first].state, "ended");
      assert.deepEqual(ended, []);
      await Promise.resolve();
      assert.deepEqual(ended, []);
      await Promise.all([bye, call[first].bye("again")]);
      await Promise.all([call[first].bye(), call[second].bye()]);

      assert.deepEqual(ended, [["Enough", false]]);
      assert.equal(call[second].state, "ended");
      assert.equal(await call.caller.acknowledged(), false);
      assert.equal(await call.callee.acknowledged(), false);
      assert.equal(call.calls.findLeg(call.callee.id), undefined);
    });
  }

  test("is told to the handlers of that moment, with its reason", async () => {
    const ended: [string, boolean][] = [];
    const call = await established({ caller: { onEnded: () => assert.fail("replaced") } });
    call.caller.handlers = { onEnded: (...how) => ended.push(how) };
    await call.callee.bye("Mixer failed");
    assert.deepEqual(ended, [["Mixer failed", false]]);
  });

  test("without a reason is a BYE", async () => {
    const ended: string[] = [];
    const call = await established({ callee: { onEnded: (reason) => ended.push(reason) } });
    await Promise.all([call.caller.bye(), call.caller.bye("again")]);
    assert.deepEqual(ended, ["BYE"]);
  });

  test("by both at once is heard by neither", async () => {
    const onEnded = () => assert.fail("it has hung up itself");
    const call = await established({ caller: { onEnded }, callee: { onEnded } });
    await Promise.all([call.caller.bye(), call.callee.bye()]);
    assert.deepEqual([call.caller.state, call.callee.state, call.errors], ["ended", "ended", []]);
  });

  test("may be followed by a goodbye from whoever hears of it", async () => {
    const call = await established();
    call.callee.handlers = { onEnded: () => void call.callee.bye() };
    call.caller.handlers = { onEnded: () => assert.fail("it has hung up itself") };
    await call.caller.bye();
    await call.callee.bye();
    assert.deepEqual(call.errors, []);
  });

  test("is complete when the owner who hears of it throws", async () => {
    const fault = new Error("no");
    const call = await established({ callee: { onEnded: thrower(fault) } });
    await call.caller.bye();
    assert.deepEqual(call.errors, [fault]);
    assert.equal(call.callee.state, "ended");
    assert.equal(call.calls.findLeg(call.callee.id), undefined);
  });
});
