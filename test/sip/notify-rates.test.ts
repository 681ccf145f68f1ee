import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { settled } from "../support/descriptions.ts";
import { subscribed } from "../support/notifier-cast.ts";

/** anna hears "roster" at first, and again whenever she is due; she answers each NOTIFY at once. */
async function watching(event: string, mostRate?: number) {
  const cast = await subscribed({ event }, { due: "roster", ...(mostRate && { mostRate }) });
  const { annas, notifier } = cast;
  const answered = async () => {
    await settled();
    annas.respond(annas.requests.length - 1, 200);
    await settled();
  };
  const passes = async (ms: number) => {
    const before = annas.requests.length;
    mock.timers.tick(ms);
    await settled();
    if (annas.requests.length > before) await answered();
  };
  void notifier.notify("text/plain", "roster");
  await answered();
  const state = () => String(annas.requests.at(-1)?.headers["subscription-state"]);
  return { ...cast, answered, passes, state, count: () => annas.requests.length };
}

describe("the rates that anna asks for", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("stand in Subscription-State, and nothing does when she asks for none", async () => {
    assert.match(
      (await watching("conference;max-rate=2;min-rate=0.25")).state(),
      /;max-rate=2;min-rate=0.25$/,
    );
    assert.match((await watching("conference;adaptive-min-rate=0.1")).state(), /;adaptive-min-rate=0.1$/);
    assert.equal((await watching("conference")).state(), "active;expires=600");
  });

  test("are lowered to what the owner sends at most", async () => {
    const { state } = await watching("conference;max-rate=50", 10);

    assert.match(state(), /;max-rate=10$/);
  });

  test("are raised so that she hears once before her subscription ends", async () => {
    const { state } = await watching("conference;max-rate=0.0001");

    assert.match(state(), /;max-rate=0.001666\d+$/);
  });

  test("never promise more than the greatest rate, nor a NOTIFY without news more than once a second", async () => {
    assert.match(
      (await watching("conference;max-rate=0.2;min-rate=5")).state(),
      /;max-rate=0.2;min-rate=0.2$/,
    );
    assert.match((await watching("conference;min-rate=50")).state(), /;min-rate=1$/);
  });

  test("leave out a least rate that is above the adaptive one", async () => {
    const { state } = await watching("conference;min-rate=0.5;adaptive-min-rate=0.1");

    assert.match(state(), /expires=600;adaptive-min-rate=0.1$/);
  });

  test("bring a NOTIFY when nothing has changed for too long", async () => {
    const { passes, count } = await watching("conference;min-rate=0.25");

    await passes(3999);
    assert.equal(count(), 1);
    await passes(1);
    assert.equal(count(), 2);
    await passes(4000);
    assert.equal(count(), 3);
  });

  test("begin anew with each NOTIFY that has news", async () => {
    const { notifier, answered, passes, count } = await watching("conference;min-rate=0.25");

    await passes(3000);
    void notifier.notify("text/plain", "news");
    await answered();
    await passes(3999);

    assert.equal(count(), 2);
  });

  test("wait longer after much news when they are adaptive", async () => {
    const { notifier, answered, passes, count } = await watching("conference;adaptive-min-rate=0.1");
    for (let news = 0; news < 10; news++) {
      void notifier.notify("text/plain", `${news}`);
      await answered();
    }
    const before = count();

    // Ten more than the average in a hundred seconds: the pause is about twice ten seconds.
    await passes(19_000);
    assert.equal(count(), before);
    await passes(1_100);
    assert.equal(count(), before + 1);
  });

  test("change with the 200 to a NOTIFY", async () => {
    const { annas, notifier, passes, count, state } = await watching("conference");
    void notifier.notify("text/plain", "news");
    await settled();
    annas.respond(1, 200, { headers: { event: "conference;min-rate=0.5" } });
    await settled();

    await passes(2000);
    assert.equal(count(), 3);
    assert.match(state(), /;min-rate=0.5$/);
  });

  test("change with the next SUBSCRIBE, and end with it", async () => {
    const { annas, again, answered, passes, count } = await watching("conference;min-rate=0.5");
    const refresh = again(2, "600");
    annas.send({ ...refresh, headers: { ...refresh.headers, event: "conference" } });
    await answered();
    const before = count();

    await passes(10_000);
    assert.equal(count(), before);
  });

  test("end with the subscription", async () => {
    const { notifier, answered, passes, count } = await watching("conference;min-rate=0.5");
    void notifier.terminate("noresource");
    await answered();
    const before = count();

    await passes(10_000);
    assert.equal(count(), before);
  });
});

describe("content that is asked for when it can be sent", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("is the newest there is", async () => {
    const { annas, notifier, passes } = await watching("conference;max-rate=1");
    let roster = "alice";
    void notifier.notify("text/plain", () => roster);
    roster = "alice, bob";
    await passes(1000);

    assert.equal(annas.requests[1]?.content, "alice, bob");
  });

  test("is not sent when there is none any more", async () => {
    const { notifier, passes, count } = await watching("conference;max-rate=1");
    void notifier.notify("text/plain", () => undefined);
    await passes(1000);

    assert.equal(count(), 1);
  });

  test("comes at once when anna asks again, although a NOTIFY is on its way", async () => {
    const { annas, notifier, again, answered } = await watching("conference;max-rate=0.1");
    void notifier.notify("text/plain", "news");
    mock.timers.tick(10_000);
    await settled();
    annas.send({
      ...again(2, "600"),
      headers: { ...again(2, "600").headers, event: "conference;max-rate=0.1" },
    });
    void notifier.notify("text/plain", () => "the whole roster");
    await answered();

    assert.deepEqual(
      annas.requests.map(({ content }) => content),
      ["roster", "news", "the whole roster"],
    );
  });

  test("is missed by anna who cannot take it, and its owner hears so", async () => {
    const { annas, notifier, missed } = await watching("conference");
    void notifier.notify("text/plain", "news");
    await settled();
    annas.respond(1, 500);
    await settled();

    assert.equal(missed(), 1);
    assert.equal(notifier.active, true);
  });
});
