import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import type { Notifier } from "#sip/notify.ts";
import { RosterNotifier } from "../../../servers/conference/notifier.ts";
import type { Roster } from "../../../servers/conference/roster.ts";
import { emptyRoster, withEndpoint } from "../../../servers/conference/roster.ts";

/** A subscriber who writes down the state and version of each document, and answers when told to. */
class Subscriber implements Notifier {
  readonly active = true;
  readonly subscriber = { uri: "sip:alice@example.com", params: {} };
  readonly heard: string[] = [];
  #answer: () => void = () => undefined;

  notify(_type: string, content: string): Promise<void> {
    this.heard.push(/state="(\w+)" version="(\d+)"/.exec(content)?.slice(1).join(" ") ?? content);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answer = resolve;
    return promise;
  }

  terminate(reason: string): Promise<void> {
    this.heard.push(`terminated ${reason}`);
    return Promise.resolve();
  }

  /** 200 to the last NOTIFY. */
  async answer(): Promise<void> {
    this.#answer();
    await Promise.resolve();
    await Promise.resolve();
  }
}

let roster: Roster;
let joins: number;
let alice: Subscriber;
let notifier: RosterNotifier;

function somebodyJoins(): void {
  joins += 1;
  const entity = `sip:guest-${joins}@127.0.0.1`;
  const call = {
    entity,
    displayText: entity,
    status: "connected",
    method: "dialed-in",
    joined: new Date(0),
    media: "sendrecv",
    talking: false,
    hand: false,
  } as const;
  roster = withEndpoint(roster, entity, call);
  notifier.changed();
}

describe("A subscriber to the roster", () => {
  beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout"] });
    joins = 0;
    roster = emptyRoster("sip:films@127.0.0.1:5080", "films");
    alice = new Subscriber();
    notifier = new RosterNotifier(alice, () => roster);
  });

  test("gets the whole roster first and then what changes, with versions that rise by one", async () => {
    notifier.full();
    await alice.answer();
    mock.timers.tick(100);
    somebodyJoins();

    assert.deepEqual(alice.heard, ["full 0", "partial 1"]);
  });

  test("hears of the first change at once and of ten more in one document 100 ms later", async () => {
    notifier.full();
    await alice.answer();
    mock.timers.tick(100);
    for (let count = 0; count < 11; count += 1) somebodyJoins();
    await alice.answer();
    mock.timers.tick(99);
    assert.deepEqual(alice.heard, ["full 0", "partial 1"]);
    mock.timers.tick(1);

    assert.deepEqual(alice.heard, ["full 0", "partial 1", "partial 2"]);
  });

  test("hears nothing of a change that was taken back within the pause", async () => {
    notifier.full();
    await alice.answer();
    const before = roster;
    somebodyJoins();
    roster = before;
    notifier.changed();
    mock.timers.tick(1_000);

    assert.deepEqual(alice.heard, ["full 0"]);
  });

  test("is not told more before it has answered", async () => {
    notifier.full();
    somebodyJoins();
    mock.timers.tick(1_000);
    assert.deepEqual(alice.heard, ["full 0"]);
    await alice.answer();

    assert.deepEqual(alice.heard, ["full 0", "partial 1"]);
  });

  test("gets the whole roster again when it asks, without a pause", async () => {
    notifier.full();
    await alice.answer();
    notifier.full();

    assert.deepEqual(alice.heard, ["full 0", "full 1"]);
  });

  test("hears nothing after the end", async () => {
    notifier.full();
    await alice.answer();
    notifier.end("noresource");
    somebodyJoins();
    notifier.full();
    notifier.end("noresource");
    mock.timers.tick(1_000);

    assert.deepEqual(alice.heard, ["full 0", "terminated noresource"]);
  });
});
