import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { XmlElement } from "#xml/strict.ts";
import { ConferenceCast, type Person, type Watch } from "../../support/conference-cast.ts";
import { rawRequest } from "../../support/raw-sip.ts";
import { until } from "../../support/until.ts";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
});

afterEach(() => cast.close());

function find(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce((at, name) => at?.children.find((one) => one.name === name), element);
}

/** Anybody may learn how many are in films. */
function countForAll(): void {
  cast.server.focus.conferences.get("films")?.setPolicy({ countForAll: true });
}

describe("The roster shows", () => {
  test("who is on hold, and who is back", async () => {
    await alice.joins("films");
    const bobs = await bob.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    await bobs.offer(bob.offer.replace("a=sendrecv", "a=sendonly"));
    await watch.heard(2);
    const [held] = find(watch.last, "users")?.children ?? [];
    assert.equal(find(held, "endpoint", "status")?.text, "on-hold");
    assert.equal(find(held, "endpoint", "media", "status")?.text, "inactive");
    await bobs.offer(bob.offer);
    await watch.heard(3);

    const [back] = find(watch.last, "users")?.children ?? [];
    assert.equal(find(back, "endpoint", "status")?.text, "connected");
  });

  test("what the conference is called now, and that it is locked", async () => {
    await alice.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    cast.server.focus.conferences.get("films")?.setPolicy({ title: "Film night", locked: true });
    await watch.heard(2);

    assert.equal(find(watch.last, "conference-description", "display-text")?.text, "Film night");
    assert.equal(find(watch.last, "conference-state", "locked")?.text, "true");
  });

  test("the nameless at an address that leads nowhere (RFC 4575 §5.6)", async () => {
    await alice.joins("films");
    await bob.joins("films", { from: { uri: "sip:anonymous@anonymous.invalid" } });
    const watch = alice.watches("films");
    await watch.heard(1);

    const [, guest] = find(watch.last, "users")?.children ?? [];
    assert.match(guest?.attributes["entity"] ?? "", /^sip:anon-[0-9a-f]{16}@anonymous\.invalid$/);
  });

  test("that the conference is over, to whoever was in it last", async () => {
    const alices = await alice.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    await alices.bye();
    await watch.over();

    assert.equal(watch.last?.attributes["state"], "deleted");
    assert.equal(watch.ended?.reason, "noresource");
  });
});

describe("A stranger who subscribes", () => {
  test("learns how many are there where the policy allows it, and nothing else", async () => {
    await alice.joins("films");
    countForAll();
    const watch = bob.watches("films");
    await watch.heard(1);

    assert.equal(find(watch.last, "conference-state", "user-count")?.text, "1");
    assert.deepEqual(watch.users(), []);
    assert.doesNotMatch(JSON.stringify(watch.last), /alice|locked|display/i);
  });

  test("gets 403 where it does not", async () => {
    await alice.joins("films");
    const watch = bob.watches("films");
    await watch.over();

    assert.equal(watch.ended?.status, 403);
  });

  test("learns that the conference is over", async () => {
    const alices = await alice.joins("films");
    countForAll();
    const watch = bob.watches("films");
    await watch.heard(1);
    await alices.bye();
    await watch.over();

    assert.equal(watch.last?.attributes["state"], "deleted");
  });
});

describe("A SUBSCRIBE whose source may be forged", () => {
  let victim: Socket;

  beforeEach(async () => {
    victim = createSocket("udp4").bind(0, "127.0.0.1");
    await once(victim, "listening");
  });

  afterEach(() => victim.close());

  test("draws at most three times its bytes, NOTIFYs and their repetitions included", async () => {
    await alice.joins("films");
    countForAll();
    // It answers nothing, as whoever did not ask.
    const heard: string[] = [];
    victim.on("message", (data) => heard.push(data.toString()));
    const { port } = victim.address();
    const asked = rawRequest({
      method: "SUBSCRIBE",
      uri: alice.room("films"),
      via: `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK-forged;rport`,
      lines: [
        `Contact: <sip:v@127.0.0.1:${port}>`,
        "Event: conference",
        "Expires: 600",
        "Accept: application/conference-info+xml",
        "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, INFO, UPDATE, PRACK, REFER",
        "Supported: replaces, tdialog, norefersub, 100rel, timer",
        "User-Agent: somebody",
      ],
    });
    victim.send(asked, Number(alice.room("films").split(":").at(-1)), "127.0.0.1");
    await until(() => heard.some((text) => text.startsWith("NOTIFY ")), "the count");
    // The NOTIFY would be repeated after 500, 1000 and 2000 ms.
    await sleep(4000);

    const drawn = heard.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    assert.ok(drawn <= 3 * Buffer.byteLength(asked), `${drawn} bytes for ${Buffer.byteLength(asked)}`);
    assert.match(heard.join(), /<user-count>1<\/user-count>/);
  });
});

describe("A subscriber who misses a version", () => {
  test("asks again and gets everything", async () => {
    await alice.joins("films");
    const watch = alice.watches("films");
    await watch.heard(1);
    await bob.joins("films");
    await watch.heard(2);
    // What was heard second is as if it had never come: the next is a version too far.
    const known = watch.versions[0] ?? 0;
    await bob.joins("films");
    await watch.heard(3);
    assert.ok((watch.versions[2] ?? 0) > known + 1);
    watch.subscription.refresh();
    await watch.heard(4);

    assert.equal(watch.last?.attributes["state"] ?? "full", "full");
    assert.equal(watch.versions[3], 3);
    assert.deepEqual(watch.users(), ["alice full sendrecv", "bob full sendrecv sendrecv"]);
  });
});

describe("Many subscribers", () => {
  const SUBSCRIBERS = 20;
  const JOINS = 20;
  const INTERVAL_MS = 100;

  test("hear of a burst of joins in as many messages as there are intervals, not joins", async () => {
    const legs = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => alice.joins("films")));
    const watches = legs.map((by) => alice.watches("films", { by }));
    await Promise.all(watches.map((watch) => watch.heard(1)));
    await sleep(INTERVAL_MS);
    const before = told(watches);
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: JOINS }, () => bob.joins("films")));
    const everybody = SUBSCRIBERS + JOINS;
    await until(() => watches.every((watch) => known(watch) === everybody), "all hear of all");
    const intervals = Math.ceil((performance.now() - startedAt) / INTERVAL_MS);

    const messages = told(watches) - before;
    assert.ok(messages <= SUBSCRIBERS * (intervals + 1), `${messages} in ${intervals} intervals`);
    assert.ok(messages < (SUBSCRIBERS * JOINS) / 2, `${messages} messages`);
  });
});

function told(watches: readonly Watch[]): number {
  return watches.reduce((sum, { documents }) => sum + documents.length, 0);
}

/** The endpoints that the documents of a subscription add up to. */
function known({ documents }: Watch): number {
  const entities = documents.flatMap((document) =>
    (find(document, "users")?.children ?? []).flatMap(({ children }) =>
      children.flatMap(({ name, attributes }) => (name === "endpoint" ? [attributes["entity"]] : [])),
    ),
  );
  return new Set(entities).size;
}
