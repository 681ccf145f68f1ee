import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { CancelReason } from "#sip/cancel-reason.ts";
import type { DialogId, IncomingInvite, Leg } from "#sip/leg.ts";
import type { SipMessage } from "#sip/message.ts";
import { partsOf } from "#sip/multipart.ts";
import { SipError } from "#sip/sip-error.ts";
import { mscmlOf, mscmlPart } from "../../../servers/mscml/part.ts";
import { settled } from "../../support/descriptions.ts";
import { accepting, established, serving, TARGET } from "../../support/local-call.ts";

/** A server that does not decide yet. */
function pondering() {
  const invites: IncomingInvite[] = [];
  const cancelled: (string | undefined)[] = [];
  const server = serving((invite) => {
    invites.push(invite);
    invite.onCancelled = (reason) => cancelled.push(reason);
  });
  const pending = () => {
    const invite = invites.at(-1);
    if (!invite) throw new Error("nobody has called");
    return invite;
  };
  return { ...server, invites, cancelled, pending };
}

describe("A call within the process", () => {
  test("brings the offer to the callee and its answer to the caller", async () => {
    let seen: IncomingInvite | undefined;
    const { calls } = serving((invite) => {
      seen = invite;
      invite.accept("callee's");
    });
    const { leg, answer } = await calls.invite(TARGET, { offer: "caller's" });
    const callee = seen?.accept("");

    assert.equal(seen?.target, TARGET);
    assert.equal(seen?.request.uri, TARGET);
    assert.equal(seen?.offer, "caller's");
    assert.equal(answer, "callee's");
    assert.deepEqual([leg.state, callee?.state], ["confirmed", "confirmed"]);
    assert.deepEqual([leg.localDescription, leg.description], ["caller's", "callee's"]);
    assert.deepEqual([callee?.localDescription, callee?.description], ["callee's", "caller's"]);
    assert.equal(await callee?.acknowledged(), true);
    assert.equal(await leg.acknowledged(), true);
  });

  test("is one dialog, seen from two ends, and no two calls are the same", async () => {
    const one = await established();
    const other = await established();
    const { callId, localTag, remoteTag } = one.caller.id;

    assert.deepEqual(one.callee.id, { callId, localTag: remoteTag, remoteTag: localTag });
    assert.notEqual(callId, other.caller.id.callId);
  });

  test("that is accepted later is a call like any other, and decided once", async () => {
    const server = pondering();
    const calling = server.invite();
    await settled();
    const callee = server.pending().accept("callee's");
    server.pending().reject(486);
    const again = server.pending().accept("another", { handlers: { onRequest: () => ({ status: 200 }) } });

    assert.equal((await calling).answer, "callee's");
    assert.equal(again, callee);
    assert.equal(callee.localDescription, "callee's");
    assert.deepEqual(callee.handlers, {});
  });

  test("carries what goes beside the offer, and beside the answer", async () => {
    const order = mscmlPart("<order/>");
    let heard: SipMessage | undefined;
    const { invite } = serving((call) => {
      heard = call.request;
      call.accept("callee's", { parts: [mscmlPart("<done/>"), { ...order, content: "more" }] });
    });
    let accepted: SipMessage | undefined;
    await invite({
      parts: [order],
      onAccepted: (response) => {
        accepted = response;
        assert.equal(response.status, 200);
      },
    });

    assert.ok(heard && accepted);
    assert.equal(mscmlOf(heard), "<order/>");
    assert.deepEqual(
      partsOf(accepted)?.map(({ content }) => content),
      ["<done/>", "more"],
    );
  });

  test("has no parts when there are none", async () => {
    let heard: SipMessage | undefined;
    const server = serving((call) => {
      heard = call.request;
      call.accept("callee's");
    });
    let accepted: SipMessage | undefined;
    await server.invite({
      onAccepted: (response) => {
        accepted = response;
      },
    });

    assert.deepEqual(heard && partsOf(heard), []);
    assert.deepEqual(accepted && partsOf(accepted), []);
  });

  test("names the dialog it takes over as the callee knows it", async () => {
    const films = pondering();
    const calling = films.invite();
    const callee = films.pending().accept("callee's");
    const { leg } = await calling;
    films.invite({ replaces: leg.id }).catch(() => undefined);
    const { replaces } = films.pending();
    assert.ok(replaces);

    assert.equal(films.calls.findLeg(replaces), callee);
    const others: Partial<DialogId>[] = [{ callId: "x" }, { localTag: "x" }, { remoteTag: "x" }];
    for (const other of others) assert.equal(films.calls.findLeg({ ...replaces, ...other }), undefined);
    await leg.bye();
    assert.equal(films.calls.findLeg(replaces), undefined);
    films.pending().reject(481);
  });

  test("that is refused fails with status, reason and headers, and leaves no leg", async () => {
    const films = pondering();
    const calling = films.invite();
    const { request } = films.pending();
    films.pending().reject(503, "No Room", { "retry-after": "5" });

    const refused = await calling.catch((error: unknown) => error);
    assert.ok(refused instanceof SipError);
    assert.deepEqual([refused.status, refused.reason], [503, "No Room"]);
    assert.equal(refused.response?.headers["retry-after"], "5");
    const late = films.pending().accept("callee's");
    assert.equal(late.state, "ended");
    assert.equal(request.headers["call-id"], late.id.callId);
    assert.equal(films.calls.findLeg(late.id), undefined);
  });

  test("that is refused without a reason has the usual one", async () => {
    const { invite } = serving((call) => call.reject(488));
    await assert.rejects(invite(), { status: 488, reason: "Not Acceptable Here" });
  });

  test("fails with 500 when the callee throws, who hears of it", async () => {
    const fault = new Error("out of order");
    const server = serving((call) => {
      call.onCancelled = () => assert.fail("it was not cancelled");
      throw fault;
    });
    const { signal } = new AbortController();

    await assert.rejects(server.invite({ signal }), { status: 500 });
    assert.deepEqual(server.errors, [fault]);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  test("stands when the callee throws after it was accepted", async () => {
    const server = serving((call) => {
      call.accept("callee's");
      throw new Error("too late");
    });
    assert.equal((await server.invite()).leg.state, "confirmed");
    assert.equal(server.errors.length, 1);
  });

  test("to which the caller's own callback objects is hung up", async () => {
    const ended: string[] = [];
    const films = accepting({ onEnded: (reason) => ended.push(reason) });
    const onAccepted = () => {
      throw new TypeError("not so");
    };
    await assert.rejects(films.invite({ onAccepted }), TypeError);
    await settled();
    assert.deepEqual(ended, ["BYE"]);
  });
});

describe("A caller who gives up", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  const dead = async (leg: Leg) => {
    assert.equal(leg.state, "ended");
    assert.equal(await leg.acknowledged(), false);
    await assert.rejects(leg.offer("more"), { status: 481 });
    assert.equal((await leg.request("OPTIONS")).status, 481);
    await leg.bye();
  };

  test("because nobody decides gets 408, and whoever accepts then gets a leg that has ended", async () => {
    const films = pondering();
    const calling = assert.rejects(films.invite({ timeoutMs: 4000 }), { status: 408 });
    mock.timers.tick(3999);
    assert.deepEqual(films.cancelled, []);
    mock.timers.tick(1);
    await calling;

    assert.deepEqual(films.cancelled, [undefined]);
    const onEnded = () => assert.fail("nobody has hung up");
    const leg = films.pending().accept("callee's", { handlers: { onEnded } });
    await dead(leg);
    await settled();
    assert.equal(films.calls.findLeg(leg.id), undefined);
  });

  test("without a word about patience waits for half a minute", async () => {
    const films = pondering();
    const calling = assert.rejects(films.invite(), { status: 408 });
    mock.timers.tick(31_999);
    assert.deepEqual(films.cancelled, []);
    mock.timers.tick(1);
    await calling;
  });

  test("gets 487, and the callee hears of it once, with the reason", async () => {
    const films = pondering();
    const end = new AbortController();
    const calling = assert.rejects(films.invite({ signal: end.signal, timeoutMs: 4000 }), { status: 487 });
    end.abort(new CancelReason(200, "Elsewhere"));
    await calling;
    mock.timers.tick(4000);

    assert.deepEqual(films.cancelled, ['SIP;cause=200;text="Elsewhere"']);
    assert.equal(getEventListeners(end.signal, "abort").length, 0);
    films.pending().reject(503);
    await dead(films.pending().accept("callee's"));
  });

  test("before the call calls nobody", async () => {
    const films = pondering();
    await assert.rejects(films.invite({ signal: AbortSignal.abort() }), { status: 487 });
    assert.deepEqual(films.invites, []);
  });

  test("when it has just been accepted gets 487, and the callee a BYE", async () => {
    const films = pondering();
    const end = new AbortController();
    const onAccepted = () => assert.fail("nobody wants it any more");
    const calling = assert.rejects(films.invite({ signal: end.signal, onAccepted }), { status: 487 });
    const { promise: ended, resolve: onEnded } = Promise.withResolvers<string>();
    const leg = films.pending().accept("callee's", { handlers: { onEnded } });
    end.abort();
    await calling;

    assert.equal(await ended, "BYE");
    assert.deepEqual(films.cancelled, []);
    await dead(leg);
    assert.equal(films.calls.findLeg(leg.id), undefined);
  });

  test("when the call stands changes nothing: no clock and no signal is left of its beginning", async () => {
    const films = accepting({ onEnded: () => assert.fail("nobody has hung up") });
    const end = new AbortController();
    const { leg } = await films.invite({ signal: end.signal });
    assert.equal(getEventListeners(end.signal, "abort").length, 0);
    end.abort();
    mock.timers.tick(32_000);
    await settled();
    assert.deepEqual([leg.state, films.callee.state], ["confirmed", "confirmed"]);
  });

  test("is not kept from it by a callee who throws when it hears of it", async () => {
    const server = serving((call) => {
      call.onCancelled = () => {
        throw new Error("no");
      };
    });
    const calling = assert.rejects(server.invite({ timeoutMs: 10 }), { status: 408 });
    mock.timers.tick(10);
    await calling;
    assert.equal(server.errors.length, 1);
  });
});
