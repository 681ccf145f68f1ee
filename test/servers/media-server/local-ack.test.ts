import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Caller, InviteOptions } from "#sip/leg.ts";
import { SipError } from "#sip/sip-error.ts";
import { settled } from "../../support/descriptions.ts";
import { accepting, TARGET } from "../../support/local-call.ts";

/** Whether a promise has settled, and what it gave. */
async function now<T>(promise: Promise<T>): Promise<T | "pending"> {
  for (let turn = 0; turn < 3; turn++) await settled();
  return Promise.race([promise, Promise.resolve("pending" as const)]);
}

/** A call without an offer. */
const asking = ({ calls }: { calls: Caller }, options: InviteOptions) => calls.invite(TARGET, options);

describe("The ACK of a call within the process", () => {
  test("waits for what the caller waits for", async () => {
    const films = accepting();
    const { promise: confirm, resolve: confirmed } = Promise.withResolvers<void>();
    const { leg } = await films.invite({ confirm });
    const acknowledged = films.callee.acknowledged();

    assert.equal(await now(acknowledged), "pending");
    assert.equal(await leg.acknowledged(), true);
    confirmed();
    assert.equal(await acknowledged, true);
  });

  test("never comes when the caller hangs up before", async () => {
    const films = accepting();
    const { promise: confirm, resolve: confirmed } = Promise.withResolvers<void>();
    const { leg } = await films.invite({ confirm });
    const acknowledged = films.callee.acknowledged();
    await leg.bye();

    assert.equal(await acknowledged, false);
    confirmed();
    await settled();
    assert.equal(await films.callee.acknowledged(), false);
  });

  test("is waited for by the BYE of the callee, who is gone all the same", async () => {
    const films = accepting();
    const ended: string[] = [];
    const { promise: confirm, resolve: confirmed } = Promise.withResolvers<void>();
    const { leg } = await films.invite({ confirm, handlers: { onEnded: (reason) => ended.push(reason) } });
    const bye = films.callee.bye("Mixer failed");

    assert.equal(await now(bye), "pending");
    assert.equal(films.callee.bye(), bye);
    assert.deepEqual([leg.state, films.callee.state, ended], ["confirmed", "ended", []]);
    assert.equal((await leg.request("INFO")).status, 481);
    confirmed();
    await bye;
    assert.deepEqual([leg.state, ended], ["ended", ["Mixer failed"]]);
    assert.equal(await films.callee.acknowledged(), false);
  });

  test("lets the BYE of the callee go when the caller hangs up, too", async () => {
    const films = accepting({ onEnded: () => assert.fail("it has hung up itself") });
    const { leg } = await films.invite({ confirm: new Promise(() => undefined) });
    const bye = films.callee.bye();
    await leg.bye();
    await bye;
    assert.deepEqual([leg.state, films.callee.state], ["ended", "ended"]);
  });

  test("comes before a new offer of the callee", async () => {
    const films = accepting();
    const { promise: confirm, resolve: confirmed } = Promise.withResolvers<void>();
    const offers: string[] = [];
    const onOffer = (offer: string) => {
      offers.push(offer);
      return "fine";
    };
    await films.invite({ confirm, handlers: { onOffer } });
    const offering = films.callee.offer("new");

    assert.equal(await now(offering), "pending");
    assert.deepEqual(offers, []);
    confirmed();
    assert.equal(await offering, "fine");
  });

  test("does not keep a new offer of the caller waiting", async () => {
    const films = accepting({ onOffer: () => "fine" });
    const { leg } = await films.invite({ confirm: new Promise(() => undefined) });
    const late = films.callee.offer("callee's new").catch(() => undefined);
    assert.equal(await leg.offer("new"), "fine");
    await leg.bye();
    await late;
  });
});

describe("A call within the process whose callee makes the offer", () => {
  test("has the caller's answer in the ACK", async () => {
    const answers: string[] = [];
    const films = accepting({ onAnswer: (answer) => answers.push(answer) });
    const { promise: confirm, resolve: confirmed } = Promise.withResolvers<void>();
    const made = Promise.withResolvers<string>();
    const calling = asking(films, { confirm, answerOffer: () => made.promise });
    await settled();
    assert.deepEqual([films.callee.localDescription, films.callee.description], ["callee's", ""]);
    made.resolve("answer");
    const { leg, answer } = await calling;

    assert.equal(answer, "callee's");
    assert.deepEqual([leg.localDescription, leg.description], ["answer", "callee's"]);
    await settled();
    assert.deepEqual([answers, films.callee.description], [[], ""]);
    confirmed();
    assert.equal(await films.callee.acknowledged(), true);
    assert.deepEqual([answers, films.callee.description], [["answer"], "answer"]);
  });

  test("waits for that answer before the next offer", async () => {
    const order: string[] = [];
    const films = accepting({
      onAnswer: (answer) => order.push(answer),
      onOffer: (offer) => `${order.push(offer)}`,
    });
    const { promise: confirm, resolve: confirmed } = Promise.withResolvers<void>();
    const { leg } = await asking(films, { confirm, answerOffer: () => "first" });
    const offering = leg.offer("second");
    assert.equal(await now(offering), "pending");
    confirmed();
    await offering;

    assert.deepEqual(order, ["first", "second"]);
    assert.deepEqual([films.callee.description, leg.localDescription], ["second", "second"]);
  });

  const unanswered: [title: string, answerOffer: (() => string) | undefined, status: number][] = [
    ["cannot answer", () => refuse(415), 415],
    ["has nothing to say", () => "", 488],
    ["was not asked to answer", undefined, 488],
  ];
  for (const [title, answerOffer, status] of unanswered) {
    test(`ends when the caller ${title}`, async () => {
      const ended = Promise.withResolvers<string>();
      const films = accepting({ onEnded: ended.resolve, onAnswer: () => assert.fail("no answer") });
      await assert.rejects(asking(films, answerOffer ? { answerOffer } : {}), { status });

      assert.equal(await ended.promise, "BYE");
      assert.equal(films.callee.state, "ended");
      assert.equal(await films.callee.acknowledged(), false);
      assert.equal(films.calls.findLeg(films.callee.id), undefined);
    });
  }

  test("ends when the caller has given up by the time he answers", async () => {
    const ended = Promise.withResolvers<string>();
    const films = accepting({ onEnded: ended.resolve });
    const end = new AbortController();
    const answerOffer = () => {
      end.abort();
      return "answer";
    };
    await assert.rejects(asking(films, { signal: end.signal, answerOffer }), { status: 487 });
    assert.equal(await ended.promise, "BYE");
  });

  test("tells the caller its BYE once the caller has his leg", async () => {
    const films = accepting();
    const ended: string[] = [];
    const made = Promise.withResolvers<string>();
    const calling = asking(films, { answerOffer: () => made.promise });
    await settled();
    const bye = films.callee.bye("Mixer failed");
    made.resolve("answer");
    const { leg } = await calling;
    leg.handlers = { onEnded: (reason) => ended.push(reason) };
    await bye;

    assert.deepEqual([leg.state, ended], ["ended", ["Mixer failed"]]);
  });

  test("brings no answer to a callee on whom the caller has hung up", async () => {
    const films = accepting({ onAnswer: () => assert.fail("it has ended") });
    const { promise: confirm, resolve: confirmed } = Promise.withResolvers<void>();
    const { leg } = await asking(films, { confirm, answerOffer: () => "answer" });
    await leg.bye();
    confirmed();
    await confirm;
    await settled();
    assert.equal(films.callee.description, "");
  });

  test("can be ended by the callee as soon as it has seen the answer", async () => {
    const ended: string[] = [];
    const films = accepting({ onAnswer: () => void films.callee.bye("No usable media") });
    const { leg } = await asking(films, { answerOffer: () => "answer" });
    leg.handlers = { onEnded: (reason) => ended.push(reason) };
    assert.equal(await films.callee.acknowledged(), false);
    await settled();
    await settled();
    assert.deepEqual([leg.state, ended], ["ended", ["No usable media"]]);
  });

  test("is the caller's whatever the callee does with the answer", async () => {
    const fault = new Error("no");
    const films = accepting({
      onAnswer: () => {
        throw fault;
      },
    });
    const { leg } = await asking(films, { answerOffer: () => "answer" });
    assert.equal(leg.state, "confirmed");
    assert.deepEqual(films.errors, [fault]);
  });
});

function refuse(status: number): never {
  throw new SipError(status, "No");
}
