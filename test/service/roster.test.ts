import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { RosterView, ServiceEvent } from "../../native-host/src/api/call-control.ts";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const focus = { focus: true };

/** A focus that tells its roster; everybody's endpoint is `sip:NAME-phone@…`. */
function tells(room: string, version: number, users: string, state = "full"): void {
  const { options } = stage.cast.subscriptions.findLast(({ target }) => target.includes(room)) ?? {};
  const content = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:${room}@127.0.0.1" state="${state}" version="${version}"><users>${users}</users></conference-info>`;
  options?.onNotify({ type: "application/conference-info+xml", content, state: "active" });
}

function person(
  name: string,
  { contact = `sip:${name}-phone@127.0.0.1`, talking = false, state = "full", status = "connected" } = {},
) {
  const media = `<media id="1"><type>audio</type><status>sendrecv</status></media>`;
  const talk = `<talking xmlns="urn:partyline:conference:1">${talking}</talking>`;
  const endpoint = `<endpoint entity="${contact}" state="full"><status>${status}</status>${media}${talk}</endpoint>`;
  return `<user entity="sip:${name}@example.com" state="${state}"><display-text>${name}</display-text>${endpoint}</user>`;
}

/** The desk phone in comedies, and what a client that follows the roster is told. */
async function watching(topic: "roster" | "talking" = "roster", conf?: `sip:${string}`) {
  stage = new Stage({ roles: { comedies: focus, dramas: focus } });
  const events: ServiceEvent[] = [];
  stage.service.subscribe(topic, { id: conf, client: "k1" }, (event) => events.push(event));
  await stage.join("comedies");
  const rosters = () => events.flatMap((event) => (event.name === "Roster" ? [event.roster] : []));
  return { events, rosters };
}

/** `2 partial: +bob -alice` */
function brief({ version, state, users }: RosterView): string {
  const who = users.map((user) => `${user.state === "deleted" ? "-" : "+"}${user.entity.slice(4, -12)}`);
  return `${version} ${state}: ${who.join(" ")}`;
}

describe("The roster of the current call", () => {
  test("is full first, then tells what changed, under versions of its own", async () => {
    const { rosters } = await watching();

    tells("comedies", 17, person("alice") + person("bob"));
    tells("comedies", 18, person("carol"), "partial");
    tells("comedies", 19, person("bob", { state: "deleted" }), "partial");

    assert.deepEqual(rosters().map(brief), ["1 full: +alice +bob", "2 partial: +carol", "3 partial: -bob"]);
    assert.equal(rosters().at(-1)?.count, 2);
  });

  test("marks who is the user, by the Contact of the call", async () => {
    const { rosters } = await watching();
    const contact = stage.cast.leg("comedies").localContact;

    tells("comedies", 1, person("alice", { contact }) + person("bob"));

    assert.deepEqual(
      rosters()[0]?.users.map(({ me }) => me),
      [true, false],
    );
  });

  test("lists who is being called with how far that is, and does not count them; who did not come is gone", async () => {
    const { rosters } = await watching();
    const bob = (status: string) => person("bob", { status });
    const steps = ["dialing-out", "alerting", "disconnected", "dialing-out", "connected"];

    tells("comedies", 1, person("alice"));
    for (const [at, status] of steps.entries()) tells("comedies", 2 + at, bob(status), "partial");

    const seen = rosters().map(({ count, users }) => {
      const last = users.at(-1);
      return `${count} ${last?.state === "deleted" ? "gone" : last?.endpoints[0]?.status}`;
    });
    assert.deepEqual(seen, [
      "1 connected",
      "1 dialing-out",
      "1 alerting",
      "1 gone",
      "1 dialing-out",
      "2 connected",
    ]);
  });

  test("shows who is being called to those who begin to follow, and tells nobody that they are here", async () => {
    await watching();
    tells("comedies", 1, person("alice") + person("bob", { status: "alerting" }));

    const told: ServiceEvent[] = [];
    for (const topic of ["roster", "presence"] as const) {
      stage.service.subscribe(topic, { client: "k1" }, (event) => told.push(event));
    }

    const [first, ...here] = told;
    assert.ok(first?.name === "Roster");
    assert.deepEqual([brief(first.roster), first.roster.count], ["1 full: +alice +bob", 1]);
    assert.deepEqual(
      here.map((event) => event.name === "Presence" && event.presence.entity),
      ["sip:alice@example.com"],
    );
  });

  test("asks again when a document is missing, and tells nothing until it has all", async () => {
    const { rosters } = await watching();
    tells("comedies", 1, person("alice"));

    tells("comedies", 3, person("carol"), "partial");
    assert.deepEqual(stage.ladder.steps("SUBSCRIBE again").length, 1);
    tells("comedies", 4, person("alice") + person("bob") + person("carol"));

    assert.deepEqual(rosters().map(brief), ["1 full: +alice", "2 partial: +bob +carol"]);
  });

  test("ignores an old document that comes late", async () => {
    const { rosters } = await watching();
    tells("comedies", 1, person("alice"));
    tells("comedies", 2, person("bob"), "partial");

    tells("comedies", 1, person("carol"), "partial");

    assert.deepEqual(rosters().map(brief), ["1 full: +alice", "2 partial: +bob"]);
  });

  test("follows a switch: full for the new conference, and nothing more of the old one", async () => {
    const { rosters } = await watching();
    tells("comedies", 1, person("alice"));

    await stage.switchTo("dramas");
    tells("dramas", 5, person("bob"));
    tells("comedies", 2, person("carol"), "partial");

    assert.deepEqual(rosters().map(brief), ["1 full: +alice", "2 full: +bob"]);
    assert.equal(rosters().at(-1)?.conf, "sip:dramas@127.0.0.1");
  });

  test("empties at the end of the call", async () => {
    const { rosters } = await watching();
    tells("comedies", 1, person("alice"));

    await stage.leave();

    assert.deepEqual(rosters().map(brief), ["1 full: +alice", "2 partial: -alice"]);
  });

  test("is asked for again when the focus drops the subscription", async (t) => {
    await watching();
    t.mock.timers.enable({ apis: ["setTimeout"] });

    stage.cast.subscriptions[0]?.options.onEnded("timeout");
    t.mock.timers.tick(1000);

    assert.equal(stage.cast.subscriptions.length, 2);
  });

  test("is not asked for again where the user is not welcome", async (t) => {
    await watching();
    t.mock.timers.enable({ apis: ["setTimeout"] });

    stage.cast.subscriptions[0]?.options.onEnded("Forbidden", 403);
    t.mock.timers.tick(120_000);

    assert.equal(stage.cast.subscriptions.length, 1);
  });

  test("is told at once to somebody who comes later", async () => {
    await watching();
    tells("comedies", 1, person("alice"));
    const events: ServiceEvent[] = [];

    stage.service.subscribe("roster", { id: "sip:comedies@127.0.0.1", client: "k1" }, (event) =>
      events.push(event),
    );

    assert.deepEqual(
      events.map((event) => event.name === "Roster" && brief(event.roster)),
      ["1 full: +alice"],
    );
  });

  test("is that of a browser's own call when two browsers share the service", async () => {
    stage = new Stage({ roles: { comedies: focus, dramas: focus }, phones: ["desk", "laptop"] });
    const seen: Record<string, string[]> = { chromium: [], vivaldi: [] };
    for (const client of ["chromium", "vivaldi"]) {
      stage.service.subscribe("roster", { client }, (event) => {
        if (event.name === "Roster") seen[client]?.push(event.roster.conf);
      });
    }

    await stage.join("comedies", "desk", { client: "chromium" });
    tells("comedies", 1, person("alice"));
    await stage.join("dramas", "laptop", { client: "vivaldi" });
    tells("dramas", 1, person("bob"));

    assert.equal(seen["chromium"]?.at(-1), "sip:comedies@127.0.0.1");
    assert.equal(seen["vivaldi"]?.at(-1), "sip:dramas@127.0.0.1");
  });

  test("names the dialog of the call to the focus, by which it knows a member", async () => {
    await watching();

    assert.equal(
      stage.cast.subscriptions[0]?.options.headers?.["target-dialog"],
      "call-2;local-tag=l2;remote-tag=r2",
    );
  });
});

describe("Who talks", () => {
  test("is told when somebody begins and when they stop", async () => {
    const { events } = await watching("talking");

    tells("comedies", 1, person("alice", { talking: true }) + person("bob"));
    tells("comedies", 2, person("alice") + person("bob", { talking: true }), "partial");

    const said = events.map(
      (event) => event.name === "Talking" && `${event.entity.slice(4, -12)} ${event.on}`,
    );
    assert.deepEqual(said, ["alice true", "bob true", "alice false"]);
  });
});
