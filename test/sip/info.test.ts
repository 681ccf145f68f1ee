import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LegHandlers } from "#sip/leg.ts";
import { SipError } from "#sip/sip-error.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

/** alice and bob in a call, each with handlers of its own. */
async function inCall(alices: LegHandlers, bobs: LegHandlers) {
  const net = new FakeNet();
  const alice = await net.agent("alice");
  const bob = await net.agent("bob", {
    onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? ""), { handlers: bobs }),
  });
  const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000), handlers: alices });
  await settled();
  const [bobsLeg] = bob.legs();
  assert.ok(bobsLeg);
  return { net, leg, bobsLeg };
}

describe("INFO", () => {
  test("of a package that bob takes reaches him, both ways", async () => {
    const heard: unknown[] = [];
    const { leg, bobsLeg } = await inCall(
      { infoPackages: ["trivia"], onInfo: (...what) => heard.push(["alice", ...what]) },
      { infoPackages: ["dtmf", "trivia"], onInfo: (...what) => heard.push(["bob", ...what]) },
    );

    await leg.info("dtmf", { type: "application/dtmf", content: "5" });
    await bobsLeg.info("trivia");

    assert.deepEqual(heard, [
      ["bob", "dtmf", { type: "application/dtmf", content: "5" }],
      ["alice", "trivia", undefined],
    ]);
  });

  test("of a package that bob does not take is not even sent", async () => {
    const { net, leg } = await inCall({}, { infoPackages: [] });
    net.ladder.clear();

    await assert.rejects(leg.info("dtmf"), { status: 469 });
    net.ladder.reads("");
  });

  test("of a package that bob did not name gets 469 and the names of those he takes", async () => {
    const { leg } = await inCall({}, { infoPackages: ["dtmf"], onInfo: () => assert.fail("reached bob") });

    const response = await leg.request("INFO", undefined, { "info-package": "chess;variant=960" });

    assert.equal(response.status, 469);
    assert.equal(response.reason, "Bad Info Package");
    assert.equal(response.headers["recv-info"], "dtmf");
  });

  test("that bob cannot use is refused with the status he means", async () => {
    const onInfo = () => {
      throw new SipError(415, "Unsupported Media Type");
    };
    const { leg } = await inCall({}, { infoPackages: ["dtmf"], onInfo });

    await assert.rejects(leg.info("dtmf", { type: "text/plain", content: "5" }), { status: 415 });
  });

  test("follows what a re-INVITE says about packages", async () => {
    const { leg, bobsLeg } = await inCall({}, {});
    await assert.rejects(bobsLeg.info("dtmf"), { status: 469 });

    leg.handlers = { infoPackages: ["dtmf"], onInfo: () => undefined };
    await leg.offer(offerAt(4000));
    await bobsLeg.info("dtmf");
  });

  test("without a package, as phones sent it before there were any, is the owner's", async () => {
    const types: unknown[] = [];
    const { leg } = await inCall(
      {},
      {
        infoPackages: ["dtmf"],
        onRequest: ({ headers }) => {
          types.push(headers["content-type"]);
          return { status: 200 };
        },
      },
    );

    const { status } = await leg.request("INFO", { type: "application/dtmf-relay", content: "Signal=5\r\n" });

    assert.equal(status, 200);
    assert.deepEqual(types, ["application/dtmf-relay"]);
  });

  test("without a package and without an owner gets 200 when it says nothing, else 415", async () => {
    const { leg } = await inCall({}, {});

    const empty = await leg.request("INFO");
    const said = await leg.request("INFO", { type: "application/dtmf-relay", content: "Signal=5\r\n" });

    assert.deepEqual([empty.status, said.status], [200, 415]);
  });
});
