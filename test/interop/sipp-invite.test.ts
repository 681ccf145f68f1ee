/** SIPp as a phone that calls and is called: ringing, confirming, changing, refreshing, giving up and taking over. */
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { EarlyLeg, IncomingInvite, Leg, LegHandlers } from "#sip/leg.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { answerAt, offerAt } from "../support/descriptions.ts";
import { type Playing, plays, type SippOptions } from "../support/sipp.ts";

const SCENARIOS = join(import.meta.dirname, "sipp");
const scenario = (name: string) => join(SCENARIOS, `${name}.xml`);

/** So short that a test can wait for the end of everything. */
const QUICK = { t1: 50, t2: 400, t4: 500 };
const answering: LegHandlers = { onOffer: (offer) => answerAt(5000, offer) };

async function agent(t: TestContext, options: Partial<UserAgentOptions> = {}): Promise<UserAgent> {
  const opened = await UserAgent.open({
    host: "127.0.0.1",
    port: 0,
    name: "alice",
    identity: {},
    ...options,
  });
  t.after(() => opened.close());
  return opened;
}

interface Calling {
  readonly alice: UserAgent;
  readonly phone: Playing;
  readonly early: Promise<EarlyLeg>;
  readonly call: Promise<Leg>;
  readonly cancel: () => void;
}

/** alice calls a phone that plays this. */
async function calls(t: TestContext, name: string, options: Calls = {}): Promise<Calling> {
  const { keys = {}, ...rest } = options;
  const phone = await plays(scenario(name), { background: true, keys });
  t.after(() => phone.stop());
  const alice = await agent(t, rest);
  const early = Promise.withResolvers<EarlyLeg>();
  const patience = new AbortController();
  const call = alice
    .invite(`sip:desk@${phone.host}:${phone.port}`, {
      offer: offerAt(4000),
      handlers: answering,
      signal: patience.signal,
      onEarly: early.resolve,
    })
    .then(({ leg }) => leg);
  call.catch(() => undefined);
  return { alice, phone, early: early.promise, call, cancel: () => patience.abort() };
}

type Calls = Partial<UserAgentOptions> & Pick<SippOptions, "keys">;

/** The phone that plays this calls alice, who does this with the call. */
async function isCalledBy(
  t: TestContext,
  name: string,
  onInvite: (call: IncomingInvite) => void,
  { keys = {}, ...options }: Calls = {},
): Promise<void> {
  const alice = await agent(t, { ...options, onInvite });
  await plays(scenario(name), { target: alice, keys });
}

const accepts = (call: IncomingInvite) =>
  void call.accept(answerAt(5000, call.offer ?? ""), { handlers: answering });

/** The call goes as alice likes it, and she hangs up. */
async function hangsUp({ call, phone }: Calling): Promise<void> {
  await (await call).bye();
  await phone.finished;
}

describe("SIPp as a phone that rings", () => {
  test("is two phones that both answer: one call stays", async (t) => {
    const { call, phone } = await calls(t, "is-two-phones-that-both-answer");
    const leg = await call;
    setTimeout(() => void leg.bye(), 300);
    await phone.finished;
  });

  test("is two phones whose answers cross the CANCEL: none stays", async (t) => {
    const { early, cancel, phone } = await calls(t, "is-two-phones-one-of-which-crosses-the-cancel");
    await early;
    setTimeout(cancel, 100);
    await phone.finished;
  });

  for (const name of ["asks-while-it-rings", "asks-in-a-dialog-nobody-knows"]) {
    test(name.replaceAll("-", " "), async (t) => hangsUp(await calls(t, name)));
  }

  for (const name of ["rings-reliably", "rings-reliably-out-of-order"]) {
    test(`${name.replaceAll("-", " ")} and gets each PRACK`, async (t) => hangsUp(await calls(t, name)));
  }

  for (const name of ["updates-while-it-rings", "updates-before-it-has-answered"]) {
    test(name.replaceAll("-", " "), async (t) => hangsUp(await calls(t, name)));
  }

  test("is updated while it rings", async (t) => {
    const calling = await calls(t, "is-updated-while-it-rings");
    await (await calling.early).offer(offerAt(4002));
    await hangsUp(calling);
  });

  test("refuses an update, and the call goes on", async (t) => {
    const calling = await calls(t, "refuses-an-update");
    await (await calling.early).offer(offerAt(4002)).catch(() => undefined);
    await hangsUp(calling);
  });
});

describe("SIPp as a caller that knows reliable responses", () => {
  const rings = (call: IncomingInvite) => {
    call.ring(183, { sdp: answerAt(5000, call.offer ?? "") });
    accepts(call);
  };

  for (const name of ["confirms-that-it-rings", "confirms-what-never-rang"]) {
    test(name.replaceAll("-", " "), (t) => isCalledBy(t, name, rings));
  }

  test("never confirms that it rings: 504", (t) =>
    isCalledBy(t, "never-confirms-that-it-rings", rings, { timers: QUICK }));
});

describe("SIPp in a call with a session timer", () => {
  const session = { expiresS: 4, shortestS: 2 };
  const keys = { seconds: "4" };

  test("refreshes its call, either way", (t) =>
    isCalledBy(t, "refreshes-its-call", accepts, { session, keys }));

  test("forgets to refresh its call: BYE", (t) =>
    isCalledBy(t, "forgets-to-refresh-its-call", accepts, { session, keys }));

  test("wants to be asked too often: 422", (t) =>
    isCalledBy(t, "wants-to-be-asked-too-often", accepts, { session }));

  test("is refreshed", async (t) => {
    const { call, phone } = await calls(t, "is-refreshed", {
      session: { ...session, expiresS: 2 },
      keys: { seconds: "2" },
    });
    const leg = await call;
    setTimeout(() => void leg.bye(), 2_400);
    await phone.finished;
  });

  test("wants longer sessions, and gets them", async (t) =>
    hangsUp(await calls(t, "wants-longer-sessions", { session })));
});

describe("SIPp and alice at the same time", () => {
  test("is busy with an offer of its own: alice tries again", async (t) => {
    const calling = await calls(t, "is-busy-with-an-offer-of-its-own");
    await (await calling.call).offer(offerAt(4002));
    await hangsUp(calling);
  });

  test("offers into an offer: 491", async (t) => {
    const calling = await calls(t, "offers-into-an-offer");
    await (await calling.call).offer(offerAt(4002));
    await hangsUp(calling);
  });

  test("cancels while it rings", (t) => isCalledBy(t, "cancels-while-it-rings", (call) => void call.ring()));

  for (const name of ["cancels-what-was-answered", "acknowledges-late"]) {
    test(name.replaceAll("-", " "), (t) => isCalledBy(t, name, accepts));
  }

  test("never acknowledges: BYE", (t) => isCalledBy(t, "never-acknowledges", accepts, { timers: QUICK }));
});

describe("SIPp takes over", () => {
  /** alice is in a call with bob, and lets whoever names it take it over. */
  async function talking(t: TestContext) {
    const bob = await agent(t, { onInvite: accepts });
    const alice: UserAgent = await agent(t, {
      onInvite: (call) => {
        const old = call.replaces && alice.findLeg(call.replaces);
        accepts(call);
        void old?.bye();
      },
    });
    const { leg } = await alice.invite(`sip:bob@${bob.host}:${bob.port}`, { offer: offerAt(4000) });
    const keys = { call: leg.id.callId, ours: leg.id.localTag, theirs: leg.id.remoteTag };
    return { target: alice, keys, leg };
  }

  for (const name of [
    "takes-a-call-over",
    "takes-over-a-call-only-if-it-rings",
    "takes-over-a-call-nobody-has",
  ]) {
    test(name.replaceAll("-", " "), async (t) => {
      const { target, keys, leg } = await talking(t);
      await plays(scenario(name), { target, keys });
      await leg.bye();
    });
  }
});
