/** A conference server that is killed in mid-call (promise F4): the service notices, and is back by itself; the desk phone hears of nothing. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import type { CallView } from "../../native-host/src/api/call-control.ts";
import { Stage, type StageOptions } from "../support/service-cast.ts";

let stage: Stage;

const focus = { focus: true };
const roles = { comedies: focus, dramas: focus };

/** Lets `ms` pass, and whatever happens meanwhile happen. */
async function passes(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    mock.timers.tick(100);
    for (let turn = 0; turn < 8; turn++) await new Promise(setImmediate);
  }
}

async function inComedies(options: StageOptions = {}): Promise<void> {
  mock.timers.enable({ apis: ["setTimeout"] });
  stage = await Stage.inCall("comedies", { roles, ...options });
}

const call = (): Partial<CallView> => stage.service.calls()[0] ?? {};
/** Each state the clients were told since `from`, with what else is said of a lost server. */
const told = (from = 0) =>
  stage.events
    .slice(from)
    .flatMap((event) =>
      event.name === "Call" ? [`${event.call.state}${event.call.rejoining ? " rejoining" : ""}`] : [],
    );

beforeEach(() => mock.method(Math, "random", () => 0.5));
afterEach(async () => {
  mock.timers.reset();
  mock.restoreAll();
  await stage.service.close();
});

describe("A conference server that dies", () => {
  test("and is back at once: the next question gets 481, and the conference is called anew", async () => {
    await inComedies();
    const before = stage.events.length;

    stage.cast.dies("comedies");
    stage.cast.returns("comedies");
    await passes(4000);

    stage.ladder.reads(`
      service  -> comedies: OPTIONS
      comedies -> service:  481
      service  -> comedies: INVITE sdp of service
      comedies -> service:  200 sdp of comedies
      service  -> comedies: SUBSCRIBE conference
      service  -> comedies: SUBSCRIBE expires 0
    `);
    assert.deepEqual(told(before), ["switching rejoining", "active"]);
    assert.deepEqual([call().call, call().id, call().rejoining], ["c1", "sip:comedies@127.0.0.1", undefined]);
  });

  test("and stays dead for 8 s is called until it answers; nobody hangs up the desk phone", async () => {
    await inComedies();

    stage.cast.dies("comedies");
    await passes(8000);
    assert.deepEqual([call().state, call().rejoining], ["switching", true]);
    stage.cast.returns("comedies");
    await passes(6000);

    assert.equal(call().state, "active");
    assert.deepEqual(stage.ladder.steps("desk"), []);
    assert.deepEqual(stage.cast.alive(), ["comedies"]);
    const [first = "", ...later] = stage.ladder.steps("INVITE");
    assert.equal(first, "service -> comedies: INVITE sdp of service replaces comedies");
    assert.equal(later.at(-1), "service -> comedies: INVITE sdp of service");
    assert.equal(stage.ladder.steps("SUBSCRIBE conference").length, 1);
  });

  test("is asked nothing while its roster shows that it lives, and as soon as that is silent", async () => {
    await inComedies();
    const [subscription] = stage.cast.subscriptions;
    const content = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:comedies@127.0.0.1" state="full" version="0"/>`;
    const type = "application/conference-info+xml";

    for (let second = 0; second < 10; second++) {
      subscription?.options.onNotify({ type, content, state: "active" });
      await passes(1000);
    }
    assert.deepEqual(stage.ladder.steps("OPTIONS"), []);

    stage.cast.dies("comedies");
    await passes(4500);
    assert.equal(call().rejoining, true);
  });

  test("is not taken for dead when it only does not answer at once", async () => {
    await inComedies();

    stage.cast.dies("comedies");
    for (const leg of stage.cast.legs) leg.forgotten = false;
    await passes(3500);
    stage.cast.returns("comedies");
    await passes(4000);

    assert.deepEqual(stage.ladder.steps("INVITE"), []);
    assert.equal(call().state, "active");
  });

  test("finds a user who is muted and on hold as he was", async () => {
    await inComedies();
    await stage.mute(true);
    await stage.hold();
    await passes(100);
    stage.ladder.clear();

    stage.cast.dies("comedies");
    stage.cast.returns("comedies");
    await passes(4000);

    assert.deepEqual(stage.ladder.steps("INVITE"), ["service -> comedies: INVITE sdp of service inactive"]);
    assert.deepEqual([call().state, call().muted], ["held", true]);
  });

  test("tells the new server of a microphone that was muted while the old one was dead", async () => {
    await inComedies();

    stage.cast.dies("comedies");
    await passes(7000);
    await stage.mute(true);
    stage.cast.returns("comedies");
    await passes(6000);

    assert.equal(stage.ladder.steps("INVITE").at(-1)?.endsWith("sdp of service recvonly"), true);
    assert.equal(call().muted, true);
  });

  test("and whose successor lets nobody in ends the call, and says why", async () => {
    const comedies: { focus: boolean; refuses?: number } = { focus: true };
    await inComedies({ roles: { comedies } });

    comedies.refuses = 403;
    stage.cast.dies("comedies");
    stage.cast.returns("comedies");
    await passes(5000);

    assert.deepEqual(stage.ladder.steps("service -> desk"), ["service -> desk: BYE"]);
    const [last] = stage.events.slice(-1);
    assert.ok(last?.name === "Call");
    assert.deepEqual(
      [last.call.state, last.call.error?.code, last.call.error?.sip],
      ["ended", "rejected", 403],
    );
  });

  test("for good ends the call after 90 s", async () => {
    await inComedies();

    stage.cast.dies("comedies");
    await passes(90_000);
    assert.equal(call().state, "switching");
    await passes(16_000);

    assert.equal(call().state, undefined);
    assert.deepEqual(stage.ladder.steps("service -> desk"), ["service -> desk: BYE"]);
  });

  test("keeps nobody from going elsewhere meanwhile, and is called no more then", async () => {
    await inComedies();

    stage.cast.dies("comedies");
    await passes(7000);
    const switched = stage.switchTo("dramas");
    await passes(2000);
    await switched;
    stage.ladder.clear();
    stage.cast.returns("comedies");
    await passes(3000);

    assert.deepEqual([call().state, call().id], ["active", "sip:dramas@127.0.0.1"]);
    assert.deepEqual(stage.ladder.steps("comedies: INVITE"), []);
    assert.deepEqual(stage.cast.alive(), ["dramas"]);
  });

  test("is called again after a switch elsewhere was refused", async () => {
    await inComedies({ roles: { ...roles, dramas: { focus: true, refuses: 486 } } });

    stage.cast.dies("comedies");
    await passes(7000);
    const refused = assert.rejects(stage.switchTo("dramas:5082"), { code: "busy" });
    await passes(2000);
    await refused;
    stage.cast.returns("comedies");
    await passes(6000);

    assert.deepEqual([call().state, call().id], ["active", "sip:comedies@127.0.0.1"]);
  });

  test("leaves nothing that calls it when the user hangs up", async () => {
    await inComedies();

    stage.cast.dies("comedies");
    await passes(7000);
    await stage.leave();
    stage.ladder.clear();
    stage.cast.returns("comedies");
    await passes(10_000);

    assert.deepEqual(stage.ladder.steps("INVITE"), []);
    assert.deepEqual(stage.ladder.steps("OPTIONS"), []);
  });

  test("is noticed as well where media run past the service: the desk phone is re-INVITEd, not hung up", async () => {
    await inComedies({ anchored: false });

    stage.cast.dies("comedies");
    stage.cast.returns("comedies");
    await passes(4000);

    assert.equal(call().state, "active");
    assert.deepEqual(stage.ladder.steps("service -> desk", "BYE"), []);
    assert.deepEqual(stage.cast.alive(), ["comedies"]);
  });
});

describe("Who hangs up", () => {
  test("as a conference server does that means it is not called again", async () => {
    await inComedies();

    stage.cast.leg("comedies").hangsUp();
    await passes(3000);

    assert.deepEqual(stage.ladder.steps("INVITE"), []);
    assert.equal(call().state, undefined);
  });

  test("bob, who is no conference, is not asked whether he is there", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    stage = await Stage.inCall("bob");

    await passes(10_000);

    stage.ladder.reads("");
  });
});
