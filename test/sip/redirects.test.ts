import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import type { InviteOptions } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

const at = (uri: string, q?: string) => ({ uri, params: q === undefined ? {} : { q } });

/** alice calls bob, who is found elsewhere. */
async function calling(target: SipUri = "sip:bob@bob", options: InviteOptions = {}) {
  const net = new FakeNet();
  const alice = await net.agent("alice");
  const bob = net.scripted("bob");
  const desk = net.scripted("desk");
  const sofa = net.scripted("sofa");
  const call = alice.invite(target, { offer: offerAt(4000), ...options });
  call.catch(() => undefined);
  await settled();
  return { net, bob, desk, sofa, call };
}

describe("a call that is redirected", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("goes to the place bob prefers, then to the next", async () => {
    const { bob, desk, sofa, call } = await calling();

    bob.respond(0, 302, { headers: { contact: [at("sip:sofa@sofa", "0.3"), at("sip:desk@desk", "0.9")] } });
    await settled();
    desk.respond(0, 486);
    await settled();
    sofa.respond(0, 200, { contact: "sip:sofa@sofa:5060", sdp: answerAt(5000, offerAt(4000)) });

    assert.equal((await call).leg.remoteContact.uri, "sip:sofa@sofa:5060");
    const [first, second, third] = [bob, desk, sofa].map(({ requests }) => requests[0]);
    assert.deepEqual(
      [first, second, third].map((request) => request?.headers.cseq.seq),
      [1, 2, 3],
    );
    assert.equal(new Set([first, second, third].map((request) => request?.headers["call-id"])).size, 1);
    assert.equal(second?.headers.to.uri, "sip:bob@bob");
  });

  test("goes no further when somebody there wants no call at all", async () => {
    const { bob, desk, sofa, call } = await calling();

    bob.respond(0, 302, { headers: { contact: [at("sip:desk@desk"), at("sip:sofa@sofa")] } });
    await settled();
    desk.respond(0, 603);

    await assert.rejects(call, { status: 603 });
    assert.equal(sofa.requests.length, 0);
  });

  for (const contact of ["tel:+15551234", "http://desk/", "sip:bob@bob", "sip:desk@desk:99999"]) {
    test(`never goes to ${contact}`, async () => {
      const { bob, call } = await calling();

      bob.respond(0, 302, { headers: { contact: [at(contact)] } });

      await assert.rejects(call, { status: 302 });
      assert.equal(bob.requests.length, 1);
    });
  }

  test("leaves out what the new place wants said to others", async () => {
    const { bob, desk } = await calling();

    bob.respond(0, 302, { headers: { contact: [at("sip:desk@desk;method=REFER?Replaces=a%3Bto-tag%3Db")] } });
    await settled();

    assert.equal(desk.requests[0]?.uri, "sip:desk@desk");
  });

  test("does not leave sips:", async () => {
    const { bob, desk, call } = await calling("sips:bob@bob");

    bob.respond(0, 302, { headers: { contact: [at("sip:desk@desk")] } });

    await assert.rejects(call, { status: 302 });
    assert.equal(desk.requests.length, 0);
  });

  test("is given up after five places, or at once when alice says so", async () => {
    const { bob, call } = await calling();
    for (let place = 0; place < 6; place++) {
      bob.respond(place, 302, { headers: { contact: [at(`sip:bob${place}@bob`)] } });
      await settled();
    }
    await assert.rejects(call, { status: 302 });
    assert.equal(bob.requests.length, 6);

    const other = await calling("sip:bob@bob", { redirects: 0 });
    other.bob.respond(0, 302, { headers: { contact: [at("sip:desk@desk")] } });
    await assert.rejects(other.call, { status: 302 });
  });
});
