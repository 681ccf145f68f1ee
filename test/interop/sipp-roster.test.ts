/** SIPp beside the conference server: subscriptions to a roster as they should go, and as they may go wrong. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ConferenceCast, type Person } from "../support/conference-cast.ts";
import { plays } from "../support/sipp.ts";
import { until } from "../support/until.ts";

const scenario = (name: string) => join(import.meta.dirname, "sipp", `${name}.xml`);
const ROOM = "films";

describe("SIPp asks for a roster", () => {
  let cast: ConferenceCast;
  let bob: Person;

  beforeEach(async () => {
    cast = await ConferenceCast.open();
    bob = await cast.person("bob");
  });

  afterEach(() => cast.close());

  const asks = (name: string) =>
    plays(scenario(name), { target: target(bob), service: ROOM, background: true });

  const says = (what: string) => until(() => cast.ladder.steps(what).length > 0, what);

  test("and sees who comes and who goes", async () => {
    const alice = await asks("member-sees-who-comes-and-goes");
    await says("NOTIFY full 0");
    const bobs = await bob.joins(ROOM);
    await says("NOTIFY partial 1");
    await bobs.bye();
    await alice.finished;
  });

  test("and looks once, from within the call", async () => {
    const alice = await asks("looks-at-a-roster-once");
    await alice.finished;
  });

  test("and counts, as a stranger", async () => {
    const bobs = await bob.joins(ROOM);
    cast.server.focus.conferences.get(ROOM)?.setPolicy({ countForAll: true });
    const eve = await asks("stranger-counts");
    await says("NOTIFY full 0");
    await bobs.bye();
    await eve.finished;
  });

  for (const [title, name] of [
    ["and is a stranger where nobody may count: 403", "stranger-watches"],
    ["of another event: 489", "watches-the-wrong-event"],
    ["in a form that is not ours: 406", "reads-nothing-of-it"],
    ["for too short a time: 423", "subscribes-too-shortly"],
  ] as const) {
    test(title, async () => {
      await bob.joins(ROOM);
      const stranger = await asks(name);
      await stranger.finished;
    });
  }
});

function target(person: Person): { host: string; port: number } {
  const [host = "", port = ""] = person.room(ROOM).replace(/^.*@/, "").split(":");
  return { host, port: Number(port) };
}
