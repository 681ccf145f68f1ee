/** A conference whose newcomers are muted until they let themselves be heard. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { userLine } from "#sip/user-line.ts";
import { Moderators } from "../../../servers/conference/moderators.ts";
import { parseUsers } from "../../../servers/users.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { participantOf } from "../../support/participant-of.ts";
import { until } from "../../support/until.ts";

const REALM = "films.example";

let cast: ConferenceCast;
let alice: Person;
let dora: Person;

beforeEach(async () => {
  const users = parseUsers(userLine("dora", REALM, "secret") ?? "");
  cast = await ConferenceCast.open({ moderators: new Moderators(["sip:dora@example.com"], users) });
  alice = await cast.person("alice");
  const servers = [cast.server.address];
  dora = await cast.person("dora", [{ realm: REALM, username: "dora", password: "secret", servers }]);
  cast.server.focus.policies.change("films", { muteOnEntry: true });
});

afterEach(() => cast.close());

const heard = () => cast.mixer.heard("films").map((each) => [...new Set(each)].join(" "));

describe("Mute on entry", () => {
  test("has a newcomer heard in no frame, and listed as muted", async () => {
    const alices = await alice.joins("films");
    const watch = alice.watches("films", { by: alices });
    await watch.heard(1);

    assert.deepEqual(heard(), ["false"]);
    assert.match(JSON.stringify(watch.last), /muted-via-focus/);
  });

  test("lasts until the newcomer presses *6", async () => {
    await alice.joins("films");
    await until(() => cast.mixer.reportsKeys("films")[0] === true, "the mixer to report keys");
    const [leg] = cast.mixer.legs("films");
    assert.ok(leg);
    await cast.mixer.presses(leg, "*6");

    await until(() => cast.mixer.heard("films")[0]?.at(-1) === true, "alice heard");
  });

  test("has nobody heard who is called in", async () => {
    const doras = await dora.joins("films");
    assert.equal(await doras.refer(alice.address), 200);

    assert.deepEqual(heard(), ["true", "false"]);
  });

  test("has nobody heard who comes over from another conference; who calls anew in it stays as he is", async () => {
    const inDramas = await alice.joins("dramas");
    const inFilms = await alice.joins("films", { replaces: inDramas.id });
    assert.deepEqual(heard(), ["false"]);
    await participantOf(cast.server, inFilms).silence(false, "self");
    await alice.joins("films", { replaces: inFilms.id });

    assert.deepEqual(heard(), ["true"]);
  });

  test("is not for moderators", async () => {
    await dora.joins("films");

    assert.deepEqual(heard(), ["true"]);
  });

  test("holds for who waited in the lobby and is let in", async () => {
    cast.server.focus.policies.change("films", { lobby: true });
    await alice.joins("films");
    await dora.joins("films");
    await until(() => cast.count("films") === 2, "both in");

    assert.deepEqual(heard().toSorted(), ["false", "true"]);
  });
});
