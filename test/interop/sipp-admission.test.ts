/** SIPp as a caller whom a conference server lets in, keeps out, has wait, or gives a conference of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { formatJoin } from "#sip/join.ts";
import type { PolicyChange } from "../../servers/conference/policy.ts";
import { ConferenceCast } from "../support/conference-cast.ts";
import { type Playing, plays } from "../support/sipp.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";

let cast: ConferenceCast;

beforeEach(async () => {
  cast = await ConferenceCast.open();
});

afterEach(() => cast.close());

interface Calling {
  readonly service?: string;
  /** Parameters of the URI it calls. */
  readonly door?: string;
  readonly call?: string;
  readonly calls?: number;
}

function begins(name: string, { service = "films", calls = 1, ...keys }: Calling): Promise<Playing> {
  const target = { host: HOST, port: Number(cast.server.address.split(":").at(-1)) };
  const scenario = join(import.meta.dirname, "sipp", `${name}.xml`);
  const given = { door: "", call: "", ...keys };
  return plays(scenario, { target, service, calls, keys: given, background: true });
}

/** Plays it to its end, after which nothing is left of its calls. */
async function calls(name: string, calling: Calling = {}): Promise<void> {
  const { finished } = await begins(name, calling);
  await finished;
}

const setUp = (change: PolicyChange) => void cast.server.focus.policies.change("films", change);
const nobody = () => until(() => cast.server.focus.members.size === 0, "nobody in any conference");

describe("SIPp calls a conference server, and", () => {
  test("the factory gives it a conference of its own; twenty of them one each", async () => {
    await calls("opens-a-conference-of-its-own", { service: "factory", calls: 20 });

    await nobody();
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("comes in with the PIN or a token, and not with wrong ones", async () => {
    setUp({ pin: "4711", tokens: ["open-sesame"] });

    await calls("comes-in", { door: ";pin=4711" });
    await calls("comes-in", { door: ";token=open-sesame" });
    await calls("is-kept-out", { door: ";pin=4712" });
    await calls("is-kept-out", { door: ";token=open-says-me" });
    await nobody();
  });

  test("is asked for the PIN, types nothing right, and is sent away", async () => {
    setUp({ pin: "4711" });
    const { finished } = await begins("waits-and-is-sent-away", {});
    await until(() => cast.server.focus.members.size === 1, "somebody at the door");
    const [caller] = cast.server.focus.members.all;
    assert.ok(caller);
    const { room } = caller;
    await until(() => cast.mixer.reportsKeys(room)[0] === true, "the mixer to report keys");
    const [booth] = cast.mixer.legs(room);
    assert.ok(booth);
    await cast.mixer.presses(booth, "0815#0816#0817#");

    await finished;
    await nobody();
  });

  test("waits in the lobby, and is refused", async () => {
    setUp({ lobby: true });
    const { finished } = await begins("waits-and-is-sent-away", {});
    await until(() => cast.server.focus.conferences.get("films")?.waiting.size === 1, "somebody who waits");
    const films = cast.server.focus.conferences.get("films");
    assert.ok(films);
    await cast.server.focus.lobby.refuse(films, [...films.waiting.keys()]);

    await finished;
    await nobody();
  });

  test("is in a conference that is ended for all", async () => {
    const { finished } = await begins("waits-and-is-sent-away", {});
    await until(() => cast.count("films") === 1, "somebody in the conference");
    const films = cast.server.focus.conferences.get("films");
    assert.ok(films);
    await cast.server.focus.end(films, "The moderator ended it");

    await finished;
    await nobody();
  });

  test("is kept out of a locked conference", async () => {
    setUp({ locked: true });

    await calls("is-kept-out");
  });

  test("is told to come again when the conference is full", async () => {
    setUp({ capacity: 1 });
    const alice = await cast.person("alice");
    await alice.joins("films");

    await calls("is-told-to-come-again", { calls: 5 });
    assert.equal(cast.count("films"), 1);
  });

  test("is told to come again when it calls too often", async () => {
    await cast.close();
    cast = await ConferenceCast.open({ limits: { joinsEach: { messagesPerSecond: 0.001, burst: 3 } } });

    await calls("comes-in", { calls: 3 });
    await calls("is-told-to-come-again", { calls: 3 });
  });

  test("joins a call that somebody told it of, and none that nobody has", async () => {
    const alice = await cast.person("alice");
    const alices = await alice.joins("films");
    const call = formatJoin(alices.id);

    await calls("joins-a-call", { service: "anything", call });
    await calls("joins-a-call-nobody-has", { call: "nothing;to-tag=1;from-tag=2" });
    await calls("joins-and-takes-over-at-once", { call });
    assert.equal(alices.state, "confirmed");
    await until(() => cast.count("films") === 1, "alice alone");
  });
});
