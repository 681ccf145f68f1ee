/** SIPp beside a user agent: REFER, subscriptions, texts, INFO and OPTIONS, each as it should go and as it may go wrong. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { makeAnswer } from "#sdp/offer-answer.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { plays } from "../support/sipp.ts";

const scenario = (name: string) => join(import.meta.dirname, "sipp", `${name}.xml`);
const HOST = "127.0.0.1";

/** Who does all there is to ask for. */
function openBob(): Promise<UserAgent> {
  return UserAgent.open({
    host: HOST,
    port: 0,
    name: "bob",
    identity: {},
    events: { conference: ["application/conference-info+xml"] },
    inviteStatus: (target) => (target.includes("busy") ? 486 : 200),
    onInvite: (invite) => {
      const media = { address: HOST, port: 40_000, codecs: ["PCMU"], telephoneEvent: true } as const;
      invite.accept(makeAnswer(invite.offer ?? "", media) ?? "", {
        handlers: { infoPackages: ["dtmf"], onInfo: (_, body) => assert.equal(body?.content.trim(), "5") },
      });
    },
    onRefer: (refer) => {
      if (refer.targetDialog && !refer.leg) refer.reject(403);
      else void refer.accept().progress(200);
    },
    onSubscribe: (subscribe) => {
      const tell = (content: string) => void notifier.notify("application/conference-info+xml", content);
      const notifier = subscribe.accept({ onRefresh: () => tell("roster again"), onEnded: () => undefined });
      tell("roster");
    },
    onMessage: (message) => message.accept(),
  });
}

describe("SIPp asks bob, who", () => {
  let bob: UserAgent;
  before(async () => {
    bob = await openBob();
  });
  after(() => bob.close());

  for (const [title, name] of [
    ["does what a REFER asks and reports on it", "refers-and-hears"],
    ["refuses a REFER to two at once", "refers-to-two"],
    ["does not report when it is not wanted", "refers-without-reports"],
    ["stops reporting when he is told 481", "refers-and-hangs-on-nothing"],
    ["knows a REFER by the call it names", "refers-by-its-call"],
    ["refuses a REFER that names a call nobody has", "refers-by-another-call"],
    ["grants, refreshes and ends a subscription", "subscribes-and-leaves"],
    ["grants none that is too short", "subscribes-too-shortly"],
    ["shows the state once", "looks-once"],
    ["refuses a reader of nothing he writes", "reads-nothing-of-it"],
    ["waits with a NOTIFY when asked to", "asks-its-notifier-to-wait"],
    ["takes a text", "sends-a-text"],
    ["takes no picture", "sends-a-picture"],
    ["takes an INFO of a package he named", "informs"],
    ["takes no INFO of a package he did not name", "informs-of-something-strange"],
    ["says when he is busy as to an INVITE", "asks-somebody-busy"],
  ] as const) {
    test(title, () => plays(scenario(name), { target: { host: HOST, port: bob.port } }));
  }

  test("takes fifty texts over TCP, twenty a second", () =>
    plays(scenario("sends-a-text"), { target: { host: HOST, port: bob.port }, calls: 50, transport: "t1" }));
});

describe("Alice asks SIPp, which", () => {
  let alice: UserAgent;
  const open = async (t1 = 500) => {
    const timers = { t1, t2: 8 * t1, t4: 10 * t1 };
    alice = await UserAgent.open({ host: HOST, port: 0, name: "alice", identity: {}, timers });
  };
  afterEach(() => alice.close());

  async function meets(name: string, act: (target: SipUri) => Promise<unknown>, calls = 1) {
    const far = await plays(scenario(name), { background: true, calls });
    await act(`sip:bob@${HOST}:${far.port}`);
    await far.finished;
  }

  const subscribing = (target: SipUri, heard: string[]) => {
    const { promise, resolve } = Promise.withResolvers<unknown[]>();
    const first = Promise.withResolvers<void>();
    const subscription = alice.subscribe(target, {
      event: "conference",
      accept: "application/conference-info+xml",
      onNotify: ({ content }) => {
        heard.push(content.trim());
        first.resolve();
      },
      onEnded: (...how) => resolve(how),
    });
    return { subscription, ended: promise, first: first.promise };
  };

  test("does what she asks and reports on it", async () => {
    await open();
    const referredBy = { uri: "sip:alice@example.com", params: {} };
    await meets("is-referred", async (target) => {
      assert.equal(await alice.refer(target, "sip:dramas@127.0.0.1", { referredBy }), 200);
    });
  });

  test("reports before it has accepted", async () => {
    await open();
    await meets("is-referred-and-reports-first", async (target) => {
      assert.equal(await alice.refer(target, "sip:dramas@127.0.0.1"), 486);
    });
  });

  test("declines what she asks", async () => {
    await open();
    await meets("is-referred-and-declines", (target) =>
      assert.rejects(alice.refer(target, "sip:dramas@127.0.0.1"), { status: 603 }),
    );
  });

  test("does it without a report", async () => {
    await open();
    await meets("is-referred-and-keeps-silent", async (target) => {
      assert.equal(await alice.refer(target, "sip:dramas@127.0.0.1", { reports: false }), 202);
    });
  });

  test("is watched until she leaves", async () => {
    await open();
    const heard: string[] = [];
    await meets("is-watched", async (target) => {
      const { subscription, first } = subscribing(target, heard);
      await first;
      await subscription.end();
    });
    assert.deepEqual(heard, ["roster"]);
  });

  test("is given up when it says nothing until timer N", async () => {
    await open(20);
    await meets("is-watched-and-says-nothing", async (target) => {
      assert.deepEqual(await subscribing(target, []).ended, ["no NOTIFY", 408, undefined]);
    });
  });

  test("is asked again after its retry-after, on probation", async () => {
    await open();
    const heard: string[] = [];
    await meets("is-watched-on-probation", async (target) => void subscribing(target, heard), 2);
    assert.deepEqual(heard, ["roster", "roster"]);
  });

  test("is asked again after its Retry-After, too busy", async () => {
    await open();
    await meets("is-too-busy-to-be-watched", async (target) => void subscribing(target, []), 2);
  });

  test("is sent a text", async () => {
    await open();
    await meets("is-sent-a-text", async (target) => {
      assert.equal((await alice.message(target, { content: "Good evening" })).status, 200);
    });
  });

  test("refuses a text", async () => {
    await open();
    await meets("is-sent-a-text-and-is-full", (target) =>
      assert.rejects(alice.message(target, { content: "Good evening" }), { status: 480 }),
    );
  });
});
