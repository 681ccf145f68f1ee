import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

describe("INVITE without an offer", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("answers bob's offer in the ACK", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const answers: string[] = [];
    await net.agent("bob", {
      onInvite: (invite) => {
        assert.equal(invite.offer, undefined);
        invite.accept(offerAt(5000), { handlers: { onAnswer: (sdp) => answers.push(sdp) } });
      },
    });

    const { leg, answer } = await alice.invite("sip:bob@bob", { answerOffer: (sdp) => answerAt(4000, sdp) });
    await settled();

    assert.equal(readAudio(answer)?.port, 5000);
    assert.equal(readAudio(leg.localDescription)?.port, 4000);
    assert.deepEqual(answers, [leg.localDescription]);
    net.ladder.reads(`
      alice -> bob:   INVITE
      bob   -> alice: 200 sdp
      alice -> bob:   ACK sdp
    `);
  });

  test("leaves no half call behind when bob's offer cannot be answered", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", { onInvite: (invite) => invite.accept(offerAt(5000)) });

    const call = alice.invite("sip:bob@bob", {
      answerOffer: () => Promise.reject(new Error("no microphone")),
    });

    await assert.rejects(call, { message: "no microphone" });
    await settled();
    net.ladder.reads(`
      alice -> bob:   INVITE
      bob   -> alice: 200 sdp
      alice -> bob:   ACK
      alice -> bob:   BYE
      bob   -> alice: 200
    `);
  });
});
