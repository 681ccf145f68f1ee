import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import { firstRequest } from "#sip/dialog.ts";
import type { EarlyLeg, IncomingInvite, Leg } from "#sip/leg.ts";
import type { SipHeaders, SipRequest } from "#sip/message.ts";
import { pass } from "../support/clock.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { reliably, withSdp } from "../support/early.ts";
import { FakeNet } from "../support/fake-stack.ts";

const ofBob = () => answerAt(5000, offerAt(4000));

async function calling(offer: string | undefined = offerAt(4000)) {
  const net = new FakeNet();
  const alice = await net.agent("alice");
  const bob = net.scripted("bob");
  const heard: number[] = [];
  const early: EarlyLeg[] = [];
  const call = alice.invite("sip:bob@bob", {
    ...(offer !== "" && { offer }),
    answerOffer: (sdp) => answerAt(4000, sdp),
    onProgress: (status) => heard.push(status),
    onEarly: (leg) => early.push(leg),
  });
  call.catch(() => undefined);
  await settled();
  return { net, bob, heard, early, call };
}

const racks = (requests: readonly SipRequest[]) =>
  requests.filter(({ method }) => method === "PRACK").map(({ headers }) => headers["rack"]);

describe("a reliable 18x that alice hears", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("gets its PRACK, each number once and in order", async () => {
    const { bob, heard } = await calling();

    for (const [status, rseq] of [
      [180, 7],
      [180, 7],
      [182, 9],
      [183, 8],
      [182, 9],
    ] as const) {
      bob.respond(0, status, reliably(rseq));
      await settled();
    }

    assert.deepEqual(racks(bob.requests), ["7 1 INVITE", "8 1 INVITE", "9 1 INVITE"]);
    assert.deepEqual(heard, [180, 183, 182]);
  });

  test("settles the session with its answer, so that a 200 needs none", async () => {
    const { net, bob, call } = await calling();

    bob.respond(0, 183, reliably(1, { sdp: ofBob() }));
    await settled();
    bob.respond(1, 200);
    bob.respond(0, 200, { contact: "sip:desk@bob:5060", sdp: answerAt(5900, offerAt(4000)) });

    assert.equal(readAudio((await call).answer)?.port, 5000);
    net.ladder.reads(`
      alice -> bob:   INVITE sdp
      bob   -> alice: 183 sdp
      alice -> bob:   PRACK
      bob   -> alice: 200
      bob   -> alice: 200 sdp
      alice -> bob:   ACK
    `);
  });

  test("may offer, and is answered in the PRACK", async () => {
    const { net, bob, call } = await calling("");

    bob.respond(0, 183, reliably(1, { sdp: offerAt(5000) }));
    await settled();
    bob.respond(1, 200);
    bob.respond(0, 200, { contact: "sip:desk@bob:5060" });
    const { leg } = await call;

    assert.equal(readAudio(leg.description)?.port, 5000);
    assert.equal(readAudio(leg.localDescription)?.port, 4000);
    net.ladder.reads(`
      alice -> bob:   INVITE
      bob   -> alice: 183 sdp
      alice -> bob:   PRACK sdp
      bob   -> alice: 200
      bob   -> alice: 200
      alice -> bob:   ACK
    `);
  });

  test("has numbers of its own for each of bob's phones", async () => {
    const { bob } = await calling();

    bob.respond(0, 180, reliably(5, { tag: "desk" }));
    bob.respond(0, 180, reliably(3, { tag: "laptop" }));
    await settled();

    assert.deepEqual(racks(bob.requests), ["5 1 INVITE", "3 1 INVITE"]);
  });
});

const anna = { uri: "sip:anna@anna:5060", params: {} };

/** anna, whose phone knows reliable responses, calls bob; he does this with her call. */
async function called(
  onInvite: (call: IncomingInvite) => void,
  headers: Partial<SipHeaders> = { supported: "100rel" },
  offer = offerAt(4000),
) {
  const net = new FakeNet();
  const annas = net.scripted("anna");
  const bob = await net.agent("bob", { onInvite });
  const body = offer === "" ? undefined : { type: "application/sdp", content: offer };
  const invite = firstRequest("INVITE", "sip:bob@bob", anna, {
    headers: { contact: [anna], ...headers },
    body,
  });
  annas.send(invite);
  await settled();
  const prack = (seq: number, rack?: string): SipRequest => {
    const last = annas.responses.findLast(({ headers: { rseq } }) => rseq !== undefined);
    assert.ok(last);
    const own = { ...invite.headers, to: last.headers.to, cseq: { seq, method: "PRACK" } };
    const named: SipHeaders = { ...own, rack: rack ?? `${String(last.headers["rseq"])} 1 INVITE` };
    delete named["content-type"];
    return { ...invite, method: "PRACK", headers: named, content: "" };
  };
  const statuses = () => annas.responses.map(({ status, headers: { cseq } }) => `${status} ${cseq.method}`);
  return { net, annas, bob, prack, statuses };
}

describe("a reliable 18x of bob", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("is repeated after 0.5, 1 and 2 s until the PRACK", async () => {
    const { annas, prack, net } = await called((call) => void call.ring(180, { reliable: true }));

    pass(500 + 1000 + 2000);
    await settled();
    annas.send(prack(2));
    await settled();
    pass(60_000);
    await settled();

    assert.equal(net.ladder.steps("180").length, 4);
    assert.equal(annas.responses[0]?.headers["require"], "100rel");
    assert.equal(annas.responses.at(-1)?.headers.cseq.method, "PRACK");
    assert.equal(annas.responses.at(-1)?.status, 200);
  });

  test("that nobody confirms for 32 s ends the call with 504", async () => {
    let cancelled = 0;
    const { statuses, bob } = await called((call) => {
      call.onCancelled = () => cancelled++;
      call.ring(180, { reliable: true });
    });

    pass(32_000);
    await settled();

    assert.equal(statuses().at(-1), "504 INVITE");
    assert.equal(cancelled, 1);
    assert.deepEqual([...bob.legs()], []);
  });

  test("is what a caller gets that requires it, without bob asking", async () => {
    const { annas } = await called((call) => void call.ring(), { require: "100rel" });

    assert.equal(annas.responses[0]?.headers["require"], "100rel");
    assert.match(String(annas.responses[0]?.headers["rseq"]), /^\d+$/);
  });

  test("is an ordinary one for a caller that does not know it", async () => {
    const { annas } = await called((call) => void call.ring(183, { reliable: true }), {});

    assert.equal(annas.responses[0]?.headers["rseq"], undefined);
  });

  test("goes out alone: the next one waits for its PRACK, and the 200 for both", async () => {
    const { annas, prack, statuses } = await called((call) => {
      call.ring(180, { reliable: true });
      call.ring(183, { sdp: answerAt(5000, call.offer ?? "") });
      call.accept(answerAt(5000, call.offer ?? ""));
    });
    assert.deepEqual(statuses(), ["180 INVITE"]);

    annas.send(prack(2));
    await settled();
    assert.deepEqual(statuses(), ["180 INVITE", "200 PRACK", "183 INVITE"]);
    annas.send(prack(3));
    await settled();

    assert.deepEqual(statuses().slice(3), ["200 PRACK", "200 INVITE"]);
    assert.equal(annas.responses.at(-1)?.content, "");
    assert.equal(
      Number(annas.responses[2]?.headers["rseq"]),
      Number(annas.responses[0]?.headers["rseq"]) + 1,
    );
  });

  test("takes no PRACK but its own: 481", async () => {
    const { annas, prack, statuses } = await called((call) => void call.ring(180, { reliable: true }));

    annas.send(prack(2, "1 1 INVITE"));
    annas.send(prack(3, "none"));
    await settled();

    assert.deepEqual(statuses().slice(1), ["481 PRACK", "481 PRACK"]);
  });

  test("may offer to a caller that did not, and the PRACK answers", async () => {
    const answers: string[] = [];
    const legs: Leg[] = [];
    const { annas, prack } = await called(
      (call) => {
        call.ring(183, { sdp: offerAt(5000), handlers: { onAnswer: (sdp) => answers.push(sdp) } });
        legs.push(call.accept(offerAt(5000)));
      },
      { supported: "100rel" },
      "",
    );

    annas.send(withSdp(prack(2), offerAt(4000)));
    await settled();

    assert.equal(answers.length, 1);
    assert.equal(readAudio(legs[0]?.description ?? "")?.port, 4000);
    assert.deepEqual([annas.responses.at(-1)?.status, annas.responses.at(-1)?.content], [200, ""]);
  });

  test("may be followed by a new offer in the PRACK, which its 200 answers", async () => {
    const { annas, prack } = await called((call) => {
      const sdp = answerAt(5000, call.offer ?? "");
      call.ring(183, { sdp, handlers: { onOffer: (offer) => answerAt(5002, offer) } });
    });

    annas.send(withSdp(prack(2), offerAt(4002)));
    await settled();

    assert.equal(readAudio(annas.responses.at(-1)?.content ?? "")?.port, 5002);
  });

  test("stops when the caller cancels while the 200 waits for it", async () => {
    const ended: string[] = [];
    const { net, annas, statuses } = await called((call) => {
      call.ring(183, { sdp: answerAt(5000, call.offer ?? "") });
      call.accept(answerAt(5000, call.offer ?? ""), { handlers: { onEnded: (why) => ended.push(why) } });
    });

    annas.cancel(0);
    await settled();
    pass(60_000);
    await settled();

    assert.deepEqual(statuses(), ["183 INVITE", "487 INVITE"]);
    assert.deepEqual(ended, ["Cancelled"]);
    assert.deepEqual(net.ladder.steps("200"), []);
  });
});
