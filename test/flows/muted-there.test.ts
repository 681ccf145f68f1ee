/** Mute as a conference and the service have it together: by `*6`, by a moderator, on entry, and by the user's own button. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Leg } from "../../native-host/src/sip/leg.ts";
import type { SipUri } from "../../native-host/src/sip/message.ts";
import { formatRecipients } from "../../native-host/src/sip/recipient-list.ts";
import type { Person } from "../support/conference-cast.ts";
import { mutes, raises } from "../support/control-package.ts";
import { HostCast } from "../support/host-cast.ts";
import { until } from "../support/until.ts";

const ROOM = "carol-0123456789abcdef";

let cast: HostCast;
let carol: Person;
let carols: Leg;

beforeEach(async () => {
  cast = await HostCast.open();
  carol = await cast.person("carol");
});

afterEach(() => cast.close());

/** Carol opens a conference of her own with bob, and so may rule in it; alice joins it by her service. */
async function bothIn(policy = {}): Promise<void> {
  cast.conference.server.focus.policies.change(ROOM, policy);
  const bob = await cast.person("bob");
  carols = await carol.joins(ROOM, {
    parts: [formatRecipients([{ uri: bob.address }])],
    headers: { require: "recipient-list-invite" },
  });
  await cast.join(cast.conference.server.address.replace("sip:", `sip:${ROOM}@`) as SipUri);
  await until(() => endpoint() !== undefined, "alice in her own roster");
}

const call = () => cast.service.calls()[0];
/** `true by self` as the call says of alice. */
const muted = () => `${call()?.muted} by ${call()?.mutedBy}`;
const says = (words: string) => until(() => muted() === words, `muted ${words}, not ${muted()}`);

/** Alice in the roster her service tells of. */
function endpoint() {
  let found: { status?: string; muted?: boolean; hand?: boolean } | undefined;
  const stop = cast.service.subscribe("roster", { client: "k1" }, (event) => {
    if (event.name === "Roster") found = event.roster.users.find(({ me }) => me)?.endpoints[0];
  });
  stop();
  return found;
}

/** What the mixer was told of alice's leg last; undefined: nothing. */
const isHeard = () => cast.conference.mixer.heard(ROOM).at(-1)?.at(-1);
/** Alice's leg as the mixer has it. */
const mixerLeg = () => cast.conference.mixer.legs(ROOM).at(-1);

describe("A moderator who mutes alice", () => {
  beforeEach(() => bothIn());

  test("is shown in her call; her button does not lift it, and says who may", async () => {
    await mutes(carols, cast.uri);
    await says("true by moderator");
    assert.deepEqual([endpoint()?.status, endpoint()?.muted], ["muted-via-focus", true]);

    await assert.rejects(cast.service.mute({ ...cast.which(), muted: false }), {
      code: "forbidden",
      sip: 403,
      message: /moderator's mute/,
    });

    assert.equal(muted(), "true by moderator");
    await mutes(carols, cast.uri, false);
    await says("false by undefined");
  });

  test("and lifts it leaves her own mute in force", async () => {
    await cast.service.mute({ ...cast.which(), muted: true });
    await until(() => endpoint()?.status === "muted-via-focus", "her mute at the conference");
    await mutes(carols, cast.uri);
    await says("true by moderator");

    await mutes(carols, cast.uri, false);

    await says("true by self");
    await cast.service.mute({ ...cast.which(), muted: false });
    await says("false by undefined");
  });

  test("has not muted her in the next conference for good, where she is silent until she wants otherwise", async () => {
    await mutes(carols, cast.uri);
    await says("true by moderator");
    const target = cast.conference.server.address.replace("sip:", "sip:dramas@") as SipUri;

    await cast.service.switchTo({
      target,
      fallback: "error",
      ...cast.which(),
      signal: cast.late.signal,
      onAccepted: () => undefined,
    });

    await says("true by self");
    await cast.service.mute({ ...cast.which(), muted: false });
    await says("false by undefined");
    await until(() => cast.conference.mixer.heard("dramas")[0]?.at(-1) === true, "alice heard there");
  });
});

describe("Alice's own mute", () => {
  beforeEach(() => bothIn());

  test("is told to the conference, whose roster says muted-via-focus; so is its end", async () => {
    await cast.service.mute({ ...cast.which(), muted: true });
    await until(() => endpoint()?.status === "muted-via-focus", "muted at the conference");
    assert.deepEqual([isHeard(), muted()], [false, "true by self"]);

    await cast.service.mute({ ...cast.which(), muted: false });
    await until(() => endpoint()?.status === "connected", "heard at the conference");
    assert.equal(isHeard(), true);
  });

  test("by *6 is shown in her call, and her button lifts it", async () => {
    const leg = mixerLeg();
    assert.ok(leg);
    await cast.conference.mixer.presses(leg, "*6");
    await says("true by self");

    await cast.service.mute({ ...cast.which(), muted: false });

    await says("false by undefined");
    await until(() => isHeard() === true, "alice heard");
  });

  test("pressed while her unmute is on its way is what counts", async () => {
    await cast.service.mute({ ...cast.which(), muted: true });
    await until(() => endpoint()?.status === "muted-via-focus", "muted at the conference");

    const unmute = cast.service.mute({ ...cast.which(), muted: false });
    await Promise.all([unmute, cast.service.mute({ ...cast.which(), muted: true })]);

    assert.equal(muted(), "true by self");
    await until(() => isHeard() === false && endpoint()?.status === "muted-via-focus", "alice silent");
  });

  test("is not seen in a hold", async () => {
    await cast.service.hold({ ...cast.which(), held: true });

    await until(() => endpoint()?.status === "on-hold", "alice on hold");
    assert.equal(endpoint()?.muted, undefined);
    assert.equal(muted(), "false by undefined");
  });
});

test("Where nobody is heard on entry alice sees that, and her button lifts it", async () => {
  await bothIn({ muteOnEntry: true });
  await says("true by self");

  await cast.service.mute({ ...cast.which(), muted: false });

  await says("false by undefined");
  await until(() => isHeard() === true, "alice heard");
});

describe("Alice's hand", () => {
  beforeEach(() => bothIn());

  test("goes up and down, and the roster says so", async () => {
    await cast.service.hand({ ...cast.which(), raised: true });
    await until(() => endpoint()?.hand === true, "alice's hand up");

    await cast.service.hand({ ...cast.which(), raised: false });
    await until(() => endpoint()?.hand !== true, "alice's hand down");
  });

  test("is lowered by a moderator", async () => {
    await cast.service.hand({ ...cast.which(), raised: true });
    await until(() => endpoint()?.hand === true, "alice's hand up");

    await raises(carols, cast.uri, false);

    await until(() => endpoint()?.hand !== true, "alice's hand down");
  });

  test("is hers alone: she lowers nobody else's, and finds nobody who is not there", async () => {
    const which = cast.which();
    await assert.rejects(cast.service.hand({ ...which, raised: false, user: carol.uri }), {
      code: "forbidden",
    });
    await assert.rejects(cast.service.hand({ ...which, raised: true, user: "sip:nobody@127.0.0.1" }), {
      code: "not-found",
    });
  });
});
