import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { queryObjects } from "node:v8";
import { Alarm } from "#sip/alarm.ts";
import { Fork } from "#sip/fork.ts";
import { InviteLeg } from "#sip/invite-leg.ts";
import type { IncomingInvite, LegHandlers } from "#sip/leg.ts";
import { PendingInvite } from "#sip/pending-invite.ts";
import { SessionTimer } from "#sip/session-timer.ts";
import type { UserAgent } from "#sip/user-agent.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";
import { until } from "../support/until.ts";

const CALLS = 2_000;
const timers = { t1: 1, t2: 4, t4: 5 };
const answering: LegHandlers = { onOffer: (offer) => answerAt(5000, offer) };

/** What bob does with a call to each of his addresses. */
const bobs: Record<string, (call: IncomingInvite) => void> = {
  accepts: (call) => void call.accept(answerAt(5000, call.offer ?? ""), { handlers: answering }),
  refuses: (call) => call.reject(486),
  rings: (call) => void call.ring(),
  "rings-reliably": (call) => {
    call.ring(183, { sdp: answerAt(5000, call.offer ?? "") });
    call.accept(answerAt(5000, call.offer ?? ""), { handlers: answering });
  },
  "hangs-up": (call) => void call.accept(answerAt(5000, call.offer ?? "")).bye(),
};

/** One call of alice to each address in turn. */
async function call(alice: UserAgent, kind: string, at: number): Promise<void> {
  const signal = AbortSignal.timeout(kind === "rings" ? 1 : 10_000);
  const offer = offerAt(4000);
  const established = alice.invite(`sip:${kind}@bob`, { offer, signal, handlers: answering });
  const leg = await established.then(
    ({ leg }) => leg,
    () => undefined,
  );
  if (kind === "accepts" && at % 3 === 0) await leg?.offer(offerAt(4002));
  await leg?.bye();
}

describe("a user agent", () => {
  test(`has nothing left of ${CALLS} calls of all kinds when they are over`, async () => {
    const net = new FakeNet();
    const options = { timers, session: { expiresS: 90 } };
    const bob = await net.agent("bob", {
      ...options,
      onInvite: (incoming) => bobs[incoming.target.split(/[:@]/)[1] ?? ""]?.(incoming),
    });
    const alice = await net.agent("alice", options);
    const kinds = Object.keys(bobs);

    for (let at = 0; at < CALLS; at += 100) {
      const some = Array.from({ length: 100 }, (_, one) => call(alice, kinds[one % kinds.length] ?? "", one));
      await Promise.all(some);
    }
    await settled();
    net.ladder.clear();

    assert.deepEqual([...alice.legs(), ...bob.legs()], []);
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    await Promise.all([alice.close(), bob.close()]);
    assert.ok(before <= 2, `${before} clocks run`);
    // Who has calls left says goodbye to them, and who remembers attempts keeps their clocks.
    net.ladder.reads("");
    // One that a last callback or a compiled function still names goes with the next collection, which the count makes.
    for (const part of [InviteLeg, PendingInvite, Fork, SessionTimer, Alarm])
      await until(() => queryObjects(part, { format: "count" }) === 0, `no ${part.name} left`, 5000);
    assert.ok(alice.address && bob.address);
  });
});
