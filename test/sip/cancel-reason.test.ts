/** Why a call is cancelled, from the one who does it to the phone that rings, through a proxy as well (RFC 3326). */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { COMPLETED_ELSEWHERE, isCompletedElsewhere } from "#sip/cancel-reason.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { openProxy } from "../../servers/proxy/proxy.ts";
import { answerAt, offerAt } from "../support/descriptions.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

async function agent(name: string, more: Partial<UserAgentOptions> = {}): Promise<UserAgent> {
  const one = await UserAgent.open({ host: HOST, port: 0, name, identity: {}, ...more });
  open.push(one);
  return one;
}

/** A phone that only rings, and what it is told when that ends. */
async function ringing(name: string, more: Partial<UserAgentOptions> = {}) {
  const heard: { rang: boolean; reasons: (string | undefined)[] } = { rang: false, reasons: [] };
  const phone = await agent(name, {
    ...more,
    onInvite: (invite) => {
      invite.onCancelled = (reason) => heard.reasons.push(reason);
      invite.ring();
      heard.rang = true;
    },
  });
  return { phone, heard };
}

describe("The CANCEL of a call", () => {
  test("says that it was completed elsewhere when that is why it is given up", async () => {
    const { phone, heard } = await ringing("desk");
    const alice = await agent("alice");
    const patience = new AbortController();

    const call = alice.invite(phone.address, { offer: offerAt(4000), signal: patience.signal });
    await until(() => heard.rang, "the desk phone to ring");
    patience.abort(COMPLETED_ELSEWHERE);

    await assert.rejects(call, { status: 487 });
    await until(() => heard.reasons.length > 0, "the CANCEL");
    assert.deepEqual(heard.reasons, ['SIP;cause=200;text="Call completed elsewhere"']);
    assert.ok(isCompletedElsewhere(heard.reasons[0]));
  });

  test("says nothing of the kind when the caller hangs up", async () => {
    const { phone, heard } = await ringing("desk");
    const alice = await agent("alice");
    const patience = new AbortController();

    const call = alice.invite(phone.address, { offer: offerAt(4000), signal: patience.signal });
    await until(() => heard.rang, "the desk phone to ring");
    patience.abort();

    await assert.rejects(call, { status: 487 });
    await until(() => heard.reasons.length > 0, "the CANCEL");
    assert.deepEqual(heard.reasons, [undefined]);
    assert.equal(isCompletedElsewhere(undefined), false);
  });

  test("comes from the proxy with the same words when another phone of bob answers", async () => {
    const proxy = await openProxy({ host: HOST, port: 0 });
    open.push(proxy);
    const registrar = proxy.address.slice("sip:".length);
    const desk = await ringing("desk");
    const hall = await agent("hall", {
      onInvite: (invite) => {
        invite.ring();
        setTimeout(() => invite.accept(answerAt(5000, invite.offer ?? "")), 100);
      },
    });
    const alice = await agent("alice", { outboundProxy: proxy.address });
    const aor = `sip:bob@${registrar}` as const;
    const registrations = [desk.phone, hall].map((phone) => phone.register({ aor }));
    await until(() => registrations.every(({ state }) => state === "registered"), "both to be registered");

    const { leg } = await alice.invite(aor, { offer: offerAt(4000) });
    await until(() => desk.heard.reasons.length > 0, "the CANCEL");
    await leg.bye();

    assert.ok(isCompletedElsewhere(desk.heard.reasons[0]), desk.heard.reasons[0]);
  });
});
