/** The conference server moves a participant by itself: the service learns it by a target refresh (RFC 3261 §12.2), and follows with its roster. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { RosterView, ServiceEvent } from "../../native-host/src/api/call-control.ts";
import { Stage, type StageOptions } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const focus = { focus: true };
const roles = { comedies: focus, dramas: focus, trailers: focus };

async function inComedies(options: StageOptions = {}): Promise<RosterView[]> {
  stage = new Stage({ roles, ...options });
  const rosters: RosterView[] = [];
  stage.service.subscribe("roster", { client: "k1" }, (event: ServiceEvent) => {
    if (event.name === "Roster") rosters.push(event.roster);
  });
  await stage.join("comedies", "desk", { display: "Comedies tonight" });
  stage.ladder.clear();
  return rosters;
}

/** A focus lists alice alone. */
function lists(room: string): void {
  const { options } = stage.cast.subscriptions.findLast(({ target }) => target.includes(room)) ?? {};
  const content = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:${room}@127.0.0.1" state="full" version="1"><users><user entity="sip:alice@example.com"/></users></conference-info>`;
  options?.onNotify({ type: "application/conference-info+xml", content, state: "active" });
}

describe("A participant whom the conference server moves to dramas", () => {
  test("follows its roster there before it leaves the old one; the desk phone hears of nothing", async () => {
    await inComedies();

    stage.cast.leg("comedies").movesTo("dramas");

    stage.ladder.reads(`
      comedies -> service:  UPDATE as dramas
      service  -> dramas:   SUBSCRIBE conference
      service  -> comedies: SUBSCRIBE expires 0
    `);
  });

  test("is listed in dramas: the same call, under the new conference's name", async () => {
    const rosters = await inComedies();
    lists("comedies");
    const before = stage.events.length;

    stage.cast.leg("comedies").movesTo("dramas");
    lists("dramas");

    const told = stage.events.slice(before).flatMap((event) => (event.name === "Call" ? [event.call] : []));
    assert.deepEqual(
      told.map(({ call, id, state, display }) => [call, id, state, display]),
      [["c1", "sip:dramas@127.0.0.1", "active", undefined]],
    );
    assert.deepEqual(
      rosters.map(({ conf, state }) => `${conf} ${state}`),
      ["sip:comedies@127.0.0.1 full", "sip:dramas@127.0.0.1 full"],
    );
  });

  test("goes on from there by SameDeviceJoin as from anywhere else", async () => {
    await inComedies();
    stage.cast.leg("comedies").movesTo("dramas");
    stage.ladder.clear();

    const { conf } = await stage.switchTo("trailers");

    assert.equal(conf, "sip:trailers@127.0.0.1");
    assert.deepEqual(stage.ladder.steps("INVITE"), [
      "service -> trailers: INVITE sdp of service replaces comedies",
    ]);
    assert.deepEqual(stage.ladder.steps("desk"), []);
  });

  test("is there already for a SameDeviceJoin to dramas, and not in comedies any more", async () => {
    await inComedies();
    stage.cast.leg("comedies").movesTo("dramas");
    stage.ladder.clear();

    await stage.switchTo("dramas");
    stage.ladder.reads("");
    await stage.switchTo("comedies");

    assert.deepEqual(stage.ladder.steps("INVITE"), [
      "service -> comedies: INVITE sdp of service replaces comedies",
    ]);
  });

  test("and whose server dies then is called back to dramas", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    await inComedies();
    const leg = stage.cast.leg("comedies");
    leg.movesTo("dramas");
    stage.cast.dies("comedies");
    stage.cast.returns("comedies");

    for (let tick = 0; tick < 50; tick++) {
      t.mock.timers.tick(100);
      for (let turn = 0; turn < 8; turn++) await new Promise(setImmediate);
    }

    assert.deepEqual(stage.ladder.steps("INVITE"), ["service -> dramas: INVITE sdp of service"]);
    assert.equal(stage.service.calls()[0]?.id, "sip:dramas@127.0.0.1");
  });

  test("keeps the host that people call, where the server stands behind a proxy", async () => {
    stage = new Stage({ roles });
    await stage.service.join({
      ...stage.request("comedies"),
      target: "sip:comedies@conf.example.com",
      device: "desk",
      mode: "auto",
    });

    stage.cast.leg("comedies").movesTo("dramas");

    assert.equal(stage.service.calls()[0]?.id, "sip:dramas@conf.example.com");
  });

  test("with media past the service is not noticed by the desk phone either", async () => {
    await inComedies({ anchored: false });

    stage.cast.leg("comedies").movesTo("dramas");

    assert.deepEqual(stage.ladder.steps("desk"), []);
    assert.equal(stage.service.calls()[0]?.id, "sip:dramas@127.0.0.1");
  });
});
