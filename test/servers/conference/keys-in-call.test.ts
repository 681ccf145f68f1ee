import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { participantOf } from "../../support/participant-of.ts";
import { until } from "../../support/until.ts";

let cast: ConferenceCast;
let bob: Person;
let bobs: Leg;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  bob = await cast.person("bob");
  bobs = await joins();
});

afterEach(() => cast.close());

async function joins(replaces?: Leg): Promise<Leg> {
  const leg = await bob.joins("films", replaces ? { replaces: replaces.id } : {});
  await until(() => cast.mixer.reportsKeys("films").at(-1) === true, "the mixer to be told to report keys");
  return leg;
}

const presses = (keys: string) => cast.mixer.presses(cast.mixer.legs("films")[0] as Leg, keys);
const asks = () => participantOf(cast.server, bobs).keys.read({ timeoutMs: 5_000 });

describe("Whoever is asked for digits in a call", () => {
  test("enters them up to the #; what he presses then are commands again", async () => {
    const digits = asks();
    await presses("12*4711#*9");

    assert.equal(await digits, "4711");
    assert.equal(participantOf(cast.server, bobs).hand, true);
  });

  test("enters them in the call that took the place of his first", async () => {
    bobs = await joins(bobs);
    const digits = asks();
    await presses("4711#");

    assert.equal(await digits, "4711");
  });

  test("is not waited for when he hangs up", async () => {
    const digits = asks();
    await presses("47");
    await bobs.bye();

    assert.equal(await digits, undefined);
  });
});

describe("An INFO in a call", () => {
  const says = async (type: string, content: string): Promise<number> =>
    (await bobs.request("INFO", { type, content })).status;

  test("with a key is 200, with anything else 415, with nothing 200", async () => {
    assert.equal(await says("application/dtmf-relay", "Signal=5\r\nDuration=100\r\n"), 200);
    assert.equal(await says("application/dtmf", "5"), 200);
    assert.equal(await says("application/dtmf-relay", "Signal=hash\r\n"), 415);
    assert.equal(await says("text/plain", "5"), 415);
    assert.equal((await bobs.request("INFO")).status, 200);
    assert.equal((await bobs.request("FROB")).status, 501);
  });
});
