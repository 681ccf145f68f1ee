import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Roster } from "../../../servers/conference/roster.ts";
import { Subscribers } from "../../../servers/conference/subscribers.ts";
import { heardFromFocus } from "../../support/conference-schema.ts";
import { settled } from "../../support/descriptions.ts";
import { FakeNet } from "../../support/fake-stack.ts";
import { subscribe } from "../../support/notifier-cast.ts";

const MEMBER = { name: "anna" };

/** The roster of comedies, and anna who watches it and answers when told to. */
async function watching({ member = true, event = "conference", expires = "600" } = {}) {
  const net = new FakeNet();
  const annas = net.scripted("anna");
  const roster = new Roster("sip:comedies@comedies", "comedies");
  const subscribers = new Subscribers(roster);
  /** From where the next ones ask. */
  const addresses: string[] = [];
  await net.agent("comedies", {
    onSubscribe: (asked) =>
      subscribers.subscribed(asked, { who: member ? MEMBER : (addresses.shift() ?? "anna"), most: 2 }),
  });
  const asks = async (headers: Parameters<typeof subscribe>[0] = {}) => {
    const request = subscribe({ event, expires, "call-id": `${annas.responses.length}`, ...headers });
    annas.send(request);
    await settled();
    return request;
  };
  const first = await asks();
  const tag = annas.responses[0]?.headers.to.params["tag"] ?? "";
  let joins = 0;
  return {
    annas,
    roster,
    subscribers,
    addresses,
    asks,
    /** What each NOTIFY brought, as `full 0`; the last one's reason. */
    heard: () =>
      annas.requests.map(({ content, headers }) => {
        const state = String(headers["subscription-state"]);
        const reason = state.startsWith("terminated") ? [state] : [];
        const said = /state="(\w+)" version="(\d+)"/.exec(content && heardFromFocus(content))?.slice(1);
        return [...(said ?? ["empty"]), ...reason].join(" ");
      }),
    last: () => annas.requests.at(-1)?.content ?? "",
    joins: (count = 1) => {
      for (let i = 0; i < count; i++) {
        joins += 1;
        const entity = `sip:guest-${joins}@127.0.0.1`;
        roster.put(entity, {
          entity,
          displayText: entity,
          status: "connected",
          method: "dialed-in",
          joined: new Date(0),
          media: "sendrecv",
          talking: false,
          hand: false,
        });
        subscribers.tell();
      }
    },
    answers: async (status = 200) => {
      annas.respond(annas.requests.length - 1, status);
      await settled();
    },
    passes: async (ms: number) => {
      mock.timers.tick(ms);
      await settled();
    },
    refreshes: async (seq: number) => {
      const { headers } = first;
      annas.send({
        ...first,
        headers: {
          ...headers,
          to: { ...headers.to, params: { tag } },
          cseq: { seq, method: "SUBSCRIBE" },
        },
      });
      await settled();
    },
  };
}

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

describe("A subscriber to the roster", () => {
  test("gets the whole roster first and then what changes, with versions that rise by one", async () => {
    const { heard, joins, answers, passes } = await watching();
    await answers();
    await passes(100);
    joins();
    await settled();

    assert.deepEqual(heard(), ["full 0", "partial 1"]);
  });

  test("hears of the first change at once and of ten more in one document 100 ms later", async () => {
    const { heard, last, joins, answers, passes } = await watching();
    await answers();
    await passes(100);
    joins(11);
    await settled();
    await answers();
    await passes(99);
    assert.deepEqual(heard(), ["full 0", "partial 1"]);
    await passes(1);

    assert.deepEqual(heard(), ["full 0", "partial 1", "partial 2"]);
    assert.equal(last().match(/<user /g)?.length, 10);
  });

  test("hears nothing when everything is again as it was", async () => {
    const { heard, roster, subscribers, answers, joins, passes } = await watching();
    await answers();
    joins();
    roster.take("sip:guest-1@127.0.0.1", "sip:guest-1@127.0.0.1");
    subscribers.tell();
    await passes(1000);

    assert.deepEqual(heard(), ["full 0"]);
  });

  test("is not told more before it has answered, and then everything at once", async () => {
    const { heard, last, joins, answers, passes } = await watching();
    joins(3);
    await passes(1000);
    assert.deepEqual(heard(), ["full 0"]);
    await answers();

    assert.deepEqual(heard(), ["full 0", "partial 1"]);
    assert.equal(last().match(/<user /g)?.length, 3);
  });

  test("gets the whole roster again when it asks, without a pause", async () => {
    const { heard, answers, refreshes } = await watching();
    await answers();
    await refreshes(2);

    assert.deepEqual(heard(), ["full 0", "full 1"]);
  });

  test("gets the whole roster again although a change is on its way", async () => {
    const { heard, joins, answers, passes, refreshes } = await watching();
    await answers();
    await passes(100);
    joins();
    await settled();
    await refreshes(2);
    await answers();

    assert.deepEqual(heard(), ["full 0", "partial 1", "full 2"]);
  });

  test("gets the whole roster next when it could not take a change", async () => {
    const { heard, joins, answers, passes } = await watching();
    joins(5);
    await answers();
    await passes(100);
    await answers(500);
    joins();
    await passes(100);

    assert.deepEqual(heard(), ["full 0", "partial 1", "full 2"]);
  });

  test("gets everything rather than changes that are longer", async () => {
    const { heard, last, roster, subscribers, joins, answers, passes } = await watching({
      event: "conference;max-rate=0.1",
    });
    joins(20);
    await answers();
    await passes(10_000);
    await answers();
    for (const user of roster.users.keys()) if (!user.endsWith("-1@127.0.0.1")) roster.take(user, user);
    subscribers.tell();
    await passes(10_000);

    assert.deepEqual(heard().at(-1)?.split(" ")[0], "full");
    assert.equal(last().match(/<user /g)?.length, 1);
  });

  test("gets a roster of a thousand in parts that add up, and then what changed meanwhile", async () => {
    const { annas, heard, roster, subscribers, joins, answers, passes, refreshes } = await watching();
    await answers();
    joins(1000);
    await refreshes(2);
    roster.take("sip:guest-1@127.0.0.1", "sip:guest-1@127.0.0.1");
    subscribers.tell();
    const parts = Math.ceil((1000 * 320) / 60_000);
    for (let part = 0; part <= parts; part++) {
      await answers();
      await passes(100);
    }

    const told = annas.requests.slice(1).map(({ content }) => content);
    assert.deepEqual(heard().slice(1, 4), ["full 1", "partial 2", "partial 3"]);
    assert.ok(told.every(({ length }) => length < 65_000));
    const entities = told.flatMap((text) => text.match(/<user entity="[^"]+">/g) ?? []);
    assert.equal(new Set(entities).size, 1000);
    assert.equal(entities.length, 1000);
    assert.ok(told.at(-1)?.includes('guest-1@127.0.0.1" state="deleted"'), "hears that one left");
  });

  test("begins again with the first part when it misses one", async () => {
    const { heard, joins, answers, passes, refreshes } = await watching();
    await answers();
    joins(1000);
    await refreshes(2);
    await answers(500);
    joins();
    await passes(100);

    assert.deepEqual(heard(), ["full 0", "full 1", "full 2"]);
  });

  test("hears less often when it says so, and then the newest", async () => {
    const { heard, last, annas, joins, answers, passes } = await watching({
      event: "conference;max-rate=0.5",
    });
    assert.match(String(annas.requests[0]?.headers["subscription-state"]), /;max-rate=0.5$/);
    await answers();
    joins();
    await passes(1999);
    joins();
    assert.deepEqual(heard(), ["full 0"]);
    await passes(1);

    assert.deepEqual(heard(), ["full 0", "partial 1"]);
    assert.equal(last().match(/<user /g)?.length, 2);
  });

  test("hears no more than ten times a second, whatever it asks for", async () => {
    const { annas } = await watching({ event: "conference;max-rate=50" });

    assert.match(String(annas.requests[0]?.headers["subscription-state"]), /;max-rate=10$/);
  });

  test("hears that nothing has changed when it wants to hear something", async () => {
    const { heard, answers, passes } = await watching({ event: "conference;min-rate=0.5" });
    await answers();
    await passes(2000);

    assert.deepEqual(heard(), ["full 0", "partial 1"]);
  });

  test("hears nothing after the end", async () => {
    const { heard, subscribers, joins, answers, passes } = await watching();
    await answers();
    subscribers.pass(MEMBER, undefined, false);
    joins();
    await passes(1000);

    assert.deepEqual(heard(), ["full 0", "empty terminated;reason=noresource"]);
  });

  test("learns no more of the roster once its member has left, even when it was slow", async () => {
    const { heard, subscribers, joins, answers, passes } = await watching();
    joins();
    subscribers.pass(MEMBER, undefined, false);
    await passes(1000);
    await answers();

    assert.deepEqual(heard(), ["full 0", "empty terminated;reason=noresource"]);
  });

  test("learns that the conference is over", async () => {
    const { heard, subscribers, answers } = await watching();
    await answers();
    subscribers.close();
    await settled();

    assert.deepEqual(heard(), ["full 0", "deleted 1 terminated;reason=noresource"]);
  });

  test("may look once, as often as it likes", async () => {
    const { heard, annas, asks } = await watching({ expires: "0" });
    await asks();
    await asks();

    assert.deepEqual(heard(), Array(3).fill("full 0 terminated;reason=timeout"));
    assert.deepEqual(
      annas.responses.map(({ status }) => status),
      [200, 200, 200],
    );
  });

  test("has no third subscription when two are allowed, until one ends", async () => {
    const { annas, subscribers, asks } = await watching();
    await asks();
    await asks();
    assert.equal(annas.responses.at(-1)?.status, 503);
    subscribers.pass(MEMBER, undefined, false);
    await asks();

    assert.equal(annas.responses.at(-1)?.status, 200);
  });
});

describe("A stranger", () => {
  test("learns how many are there, every five seconds at most, and no name", async () => {
    const { heard, annas, last, joins, answers, passes } = await watching({ member: false });
    await answers();
    joins(3);
    await passes(4999);
    assert.deepEqual(heard(), ["full 0"]);
    await passes(1);

    assert.deepEqual(heard(), ["full 0", "full 1"]);
    assert.match(last(), /<user-count>3<\/user-count>/);
    assert.doesNotMatch(annas.requests.map(({ content }) => content).join(), /guest/);
  });

  test("hears nothing of what does not change the number", async () => {
    const { heard, roster, subscribers, answers, passes } = await watching({ member: false });
    await answers();
    roster.describe({ locked: true });
    subscribers.tell();
    await passes(10_000);

    assert.deepEqual(heard(), ["full 0"]);
  });

  test("learns that the conference is over", async () => {
    const { heard, subscribers, answers } = await watching({ member: false });
    await answers();
    subscribers.close();
    await settled();

    assert.deepEqual(heard(), ["full 0", "deleted 1 terminated;reason=noresource"]);
  });

  test("who is the hundred and first, or the eleventh at one address, is told to come later", async () => {
    const { annas, addresses, asks } = await watching({ member: false });
    const status = () => annas.responses.at(-1)?.status;
    for (let i = 1; i <= 10; i++) await asks();
    assert.equal(status(), 503);
    assert.equal(annas.responses.at(-1)?.headers["retry-after"], "10");
    for (let i = 11; i <= 101; i++) addresses.push(`192.0.2.${i}`);
    while (addresses.length > 1) await asks();
    assert.equal(status(), 200);
    await asks();

    assert.equal(status(), 503);
  });
});
