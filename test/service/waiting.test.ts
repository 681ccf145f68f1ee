/** What a roster says beyond who is there: raised hands, holds, and that the user himself waits to be let in. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { RosterUser, ServiceEvent } from "../../native-host/src/api/call-control.ts";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const users: RosterUser[][] = [];
const presences: string[] = [];

async function inComedies(): Promise<void> {
  stage = new Stage({ roles: { comedies: { focus: true } } });
  users.length = 0;
  presences.length = 0;
  const heard = (event: ServiceEvent) => {
    if (event.name === "Roster") users.push([...event.roster.users]);
    if (event.name === "Presence") presences.push(`${event.presence.entity} ${event.presence.here}`);
  };
  for (const topic of ["roster", "presence"] as const)
    stage.service.subscribe(topic, { client: "k1" }, heard);
  await stage.join("comedies");
}

/** The focus tells of one user with one endpoint. */
function tells(
  version: number,
  { status = "connected", hand = "", contact = "sip:bob-phone@127.0.0.1", name = "bob" },
): void {
  const raised = hand && `<hand xmlns="urn:partyline:conference:1">${hand}</hand>`;
  const endpoint = `<endpoint entity="${contact}"><status>${status}</status>${raised}</endpoint>`;
  const user = `<user entity="sip:${name}@example.com">${endpoint}</user>`;
  const content = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:comedies@127.0.0.1" state="full" version="${version}"><users>${user}</users></conference-info>`;
  const [subscription] = stage.cast.subscriptions;
  subscription?.options.onNotify({ type: "application/conference-info+xml", content, state: "active" });
}

const waits = () =>
  stage.events.flatMap((event) => (event.name === "Call" ? [event.call.waiting === true] : []));

test("A hand is told when it is raised and when it is lowered", async () => {
  await inComedies();

  for (const [at, hand] of ["false", "true", "false"].entries()) tells(at, { hand });

  assert.deepEqual(
    users.map(([bob]) => bob?.endpoints[0]?.hand),
    [false, true, false],
  );
});

test("A focus that knows nothing of hands tells nothing of them", async () => {
  await inComedies();

  tells(1, {});

  assert.equal("hand" in (users[0]?.[0]?.endpoints[0] ?? {}), false);
});

test("Somebody on hold is there, and listed as on-hold", async () => {
  await inComedies();

  tells(1, { status: "on-hold" });

  assert.equal(users[0]?.[0]?.endpoints[0]?.status, "on-hold");
  assert.deepEqual(presences, ["sip:bob@example.com true"]);
});

test("A user who waits to be let in has a call that says so, until he is", async () => {
  await inComedies();
  const contact = stage.cast.leg("comedies").localContact;
  const alice = { name: "alice", contact };

  tells(1, { ...alice, status: "pending" });
  assert.equal(stage.service.calls()[0]?.waiting, true);
  assert.deepEqual(presences, []);
  assert.deepEqual(
    users[0]?.map(({ me, endpoints }) => [me, endpoints[0]?.status]),
    [[true, "pending"]],
  );
  tells(2, alice);

  assert.equal(stage.service.calls()[0]?.waiting, undefined);
  assert.deepEqual(waits().slice(-2), [true, false]);
  assert.deepEqual(presences, ["sip:alice@example.com true"]);
});

test("That somebody else waits is not said of the user's call", async () => {
  await inComedies();

  tells(1, { status: "pending" });

  assert.deepEqual(new Set(waits()), new Set([false]));
});
