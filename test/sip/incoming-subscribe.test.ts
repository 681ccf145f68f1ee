import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import type { SipHeaders } from "#sip/message.ts";
import type { Notifier } from "#sip/notify.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";
import { subscribe } from "../support/notifier-cast.ts";

describe("a conference that can be watched", () => {
  // No subscription keeps the process until it has run out.
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("has only so many subscriptions, and says when to come again", async () => {
    const net = new FakeNet();
    const annas = net.scripted("anna");
    const notifiers: Notifier[] = [];
    await net.agent("comedies", {
      subscriptions: { most: 2 },
      onSubscribe: (asked) => notifiers.push(asked.accept({ onRefresh() {}, onEnded() {} })),
    });
    const ask = async () => {
      annas.send(subscribe());
      await settled();
      return annas.responses.at(-1);
    };

    await ask();
    await ask();
    const third = await ask();
    void notifiers[0]?.terminate("noresource");
    const fourth = await ask();

    assert.equal(third?.status, 503);
    assert.equal(third?.headers["retry-after"], "10");
    assert.equal(fourth?.status, 200);
  });

  test("is had in a call as well, and its end is not that of the call", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const heard: string[] = [];
    const comedies = await net.agent("comedies", {
      onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")),
      onSubscribe: (asked) => {
        heard.push(`${asked.event} ${asked.leg?.state}`);
        const notifier = asked.accept({ onRefresh() {}, onEnded: (reason) => heard.push(reason) });
        void notifier.notify("text/plain", "roster");
      },
    });
    const { leg } = await alice.invite("sip:comedies@comedies", { offer: offerAt(4000) });
    const ask = (event: string, expires: string) =>
      leg.request("SUBSCRIBE", undefined, { event, expires, accept: "text/plain" });

    const first = await ask("conference", "600");
    const gone = await ask("conference", "0");
    await settled();

    assert.deepEqual([first.status, gone.status], [200, 200]);
    assert.equal(first.headers.to.params["tag"], leg.id.remoteTag);
    // alice asked by hand and takes no NOTIFY: her 481 ends it, and not the call.
    assert.equal(heard[0], "conference confirmed");
    assert.equal([...comedies.legs()].length, 1);
  });

  test("is not had in a call that is over, on either side", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("comedies", {
      onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")),
      onSubscribe: () => assert.fail("reached the owner"),
    });
    const { leg } = await alice.invite("sip:comedies@comedies", { offer: offerAt(4000) });
    await settled();
    await leg.bye();
    net.ladder.clear();

    const subscribed = await leg.request("SUBSCRIBE", undefined, { event: "conference", expires: "600" });
    const told = await leg.request("NOTIFY", undefined, { event: "conference" });
    const informed = await leg.request("INFO");

    assert.deepEqual([subscribed.status, told.status, informed.status], [481, 481, 481]);
    assert.deepEqual(net.ladder.steps("INFO"), []);
  });

  const packages: [title: string, status: number, headers: Partial<SipHeaders>][] = [
    ["for an event we do not have", 489, { event: "presence" }],
    ["of somebody who reads no roster of ours", 406, { accept: "application/pidf+xml" }],
    ["of somebody who reads anything", 200, { accept: "text/plain, application/*;q=0.5" }],
    ["of somebody who does not say what he reads", 200, {}],
  ];
  for (const [title, status, headers] of packages) {
    test(`a SUBSCRIBE ${title} gets ${status}`, async () => {
      const net = new FakeNet();
      const annas = net.scripted("anna");
      await net.agent("comedies", {
        events: { conference: ["application/conference-info+xml"] },
        onSubscribe: (asked) => void asked.accept({ onRefresh() {}, onEnded() {} }),
      });

      annas.send(subscribe(headers));
      await settled();

      assert.equal(annas.responses[0]?.status, status);
      if (status === 489) assert.equal(annas.responses[0]?.headers["allow-events"], "conference");
    });
  }

  const refused: [title: string, status: number, headers: Partial<SipHeaders>][] = [
    ["without an Event", 489, { event: "" }],
    ["without a Contact", 400, { contact: [] }],
    ["with no number in Expires", 400, { expires: "-1" }],
  ];
  for (const [title, status, headers] of refused) {
    test(`a SUBSCRIBE ${title} is refused with ${status}`, async () => {
      const net = new FakeNet();
      const annas = net.scripted("anna");
      await net.agent("comedies", { onSubscribe: () => assert.fail("reached the owner") });

      annas.send(subscribe(headers));
      await settled();

      assert.equal(annas.responses[0]?.status, status);
    });
  }
});
