/** Multi-Invite as it looks to a client that follows the conference: who is being called, who came, who did not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RosterView } from "../../native-host/src/api/call-control.ts";
import { HostCast } from "../support/host-cast.ts";
import { until } from "../support/until.ts";

test("Whoever is invited is listed while it rings, counts once there, and is gone when nobody came", async () => {
  const cast = await HostCast.open();
  try {
    const rosters: RosterView[] = [];
    cast.service.subscribe("roster", cast.which(), (event) => {
      if (event.name === "Roster") rosters.push(event.roster);
    });
    const [bob, dave] = [await cast.person("bob"), await cast.person("dave")];
    dave.picksUp = false;
    /** What was told of somebody, in order: `STATUS of COUNT there`, or `gone`. */
    const told = (name: string) =>
      rosters.flatMap(({ users, count }) =>
        users
          .filter(({ entity }) => entity.includes(`:${name}@`))
          .map(({ state, endpoints }) =>
            state === "deleted" ? "gone" : `${endpoints[0]?.status} of ${count} there`,
          ),
      );
    await cast.join(cast.desk.room("films"));

    await cast.invite([bob]);
    await until(() => told("bob").includes("connected of 2 there"), "bob in the roster");
    const late = cast.invite([dave]);
    await until(() => told("dave").includes("alerting of 2 there"), "dave ringing");
    dave.invites[0]?.reject(486);
    await late;
    await until(() => told("dave").includes("gone"), "dave gone");

    assert.ok(!told("dave").some((words) => words.startsWith("connected")));
  } finally {
    await cast.close();
  }
});
