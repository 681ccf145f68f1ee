/** A conference with a PIN, as its user meets it: what is said to whoever has a wrong one or none, and where a PIN is never shown. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ServiceEvent } from "../../native-host/src/api/call-control.ts";
import { ServiceError } from "../../native-host/src/errors.ts";
import { withoutSecrets } from "../../native-host/src/secrets.ts";
import type { SipUri } from "../../native-host/src/sip/message.ts";
import { HostCast } from "../support/host-cast.ts";
import { until } from "../support/until.ts";

let cast: HostCast;
const told: ServiceEvent[] = [];

beforeEach(async () => {
  cast = await HostCast.open();
  cast.conference.server.focus.policies.change("films", { pin: "4711" });
  told.length = 0;
  for (const topic of ["roster", "presence", "talking", "calls"] as const)
    cast.service.subscribe(topic, { client: "k1" }, (event) => told.push(event));
});

afterEach(() => cast.close());

const films = (secret = "") =>
  `${cast.conference.server.address.replace("sip:", "sip:films@")}${secret}` as SipUri;
const call = () => cast.service.calls()[0];

/** Alice's desk phone sends these keys, alone where a voice asks for the PIN. */
async function types(keys: string): Promise<void> {
  const { mixer } = cast.conference;
  const [room = ""] = mixer.rooms;
  await until(() => mixer.reportsKeys(room)[0] === true, "the mixer to report keys");
  const [leg] = mixer.legs(room);
  assert.ok(leg);
  await mixer.presses(leg, keys);
}

describe("A conference with a PIN", () => {
  test("lets alice in who has it in the address she calls, and shows it nowhere", async () => {
    const { conf } = await cast.join(films(";pin=4711"));
    await until(() => told.some(({ name }) => name === "Roster"), "the roster");

    assert.equal(conf, films());
    assert.equal(call()?.id, films());
    assert.doesNotMatch(JSON.stringify([told, cast.service.calls()]), /4711/);
    let seen = 0;
    cast.service.subscribe("roster", { client: "k1", id: films(";pin=4711") }, () => (seen += 1));
    assert.equal(seen, 1);
  });

  test("refuses a wrong one in words that say so, and do not repeat it", async () => {
    await assert.rejects(cast.join(films(";pin=1234")), (error) => {
      assert.ok(error instanceof ServiceError);
      assert.deepEqual([error.code, error.sip], ["rejected", 403]);
      assert.match(error.message, /rejected the call: Wrong PIN Or Token\.$/);
      assert.doesNotMatch(error.message, /1234/);
      return true;
    });
  });

  test("asks for it by voice: alice waits, types it and is in", async () => {
    await cast.join(films());
    await until(() => call()?.waiting === true, "alice waiting");

    await types("4711#");

    await until(() => call()?.waiting === undefined && cast.conference.count("films") === 1, "alice in");
  });

  test("hangs up after three wrong ones, and the call says why", async () => {
    await cast.join(films());
    await until(() => call()?.waiting === true, "alice waiting");

    await types("1#2#3#");

    await until(() => call() === undefined, "the end of the call");
    const last = told.findLast((event) => event.name === "Call");
    assert.ok(last?.name === "Call");
    assert.match(last.call.error?.detail ?? "", /The PIN was wrong/);
  });
});

test("A PIN or token is left out wherever it stands in an address, and nothing else is", () => {
  const shown = [
    "sip:films@h;pin=4711",
    "sip:films@h:5070;transport=tcp;PIN=4711;maddr=x",
    "<sip:films@h;token=a%20b>;tag=1",
    "sip:films@h;pin;spin=1",
    "sip:pin=1@h",
  ].map(withoutSecrets);

  assert.deepEqual(shown, [
    "sip:films@h",
    "sip:films@h:5070;transport=tcp;maddr=x",
    "<sip:films@h>;tag=1",
    "sip:films@h;spin=1",
    "sip:pin=1@h",
  ]);
});
