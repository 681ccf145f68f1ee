/** Multi-Invite (paper §IV): people brought into a conference, from a conference, from a call between two, and from nothing. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Person } from "../support/conference-cast.ts";
import { HostCast } from "../support/host-cast.ts";
import { until } from "../support/until.ts";

let cast: HostCast;
let bob: Person;
let carol: Person;
let dave: Person;
let erin: Person;
let frank: Person;

beforeEach(async () => {
  cast = await HostCast.open();
  [bob, carol, dave, erin, frank] = (await Promise.all(
    ["bob", "carol", "dave", "erin", "frank"].map((name) => cast.person(name)),
  )) as [Person, Person, Person, Person, Person];
  // Two come, one is busy, one says no, one never answers.
  dave.picksUp = 486;
  erin.picksUp = 603;
  frank.picksUp = false;
});

afterEach(() => cast.close());

const FIVE = () => [bob, carol, dave, erin, frank];
const ENDS = [
  ["bob", "joined", undefined],
  ["carol", "joined", undefined],
  ["dave", "failed", "busy"],
  ["erin", "failed", "declined"],
  ["frank", "ringing", undefined],
];

type Outcome = Awaited<ReturnType<HostCast["invite"]>>;

/** What became of each, by name. */
function ends({ invitees }: Outcome) {
  return invitees.map(({ id, state, error }) => [
    id.slice("sip:".length, id.indexOf("@")),
    state,
    error?.code,
  ]);
}

/** The command's time is over once all who come are there and the others have said what they say. */
async function lateWhen(holds: number): Promise<void> {
  await cast.holds(holds);
  await until(() => FIVE().every(({ invites }) => invites.length === 1), "five calls");
  await until(() => cast.conference.ladder.steps("frank -> conference: 180").length === 1, "frank ringing");
  // The roster that says so is on its way: it is the last thing told.
  await until(() => cast.conference.ladder.steps("NOTIFY").length > 1, "the roster");
  setTimeout(() => cast.late.abort(), 500);
}

describe("Five people invited,", () => {
  test("from no call: the conference is made, they are called by name, and each is answered for", async () => {
    const invited = cast.invite(FIVE(), { device: "desk" });
    await lateWhen(3);
    const outcome = await invited;

    assert.deepEqual(ends(outcome), ENDS);
    assert.match(outcome.conf ?? "", /^sip:alice-[0-9a-f]{16}@127\.0\.0\.1:\d+$/);
    assert.deepEqual(cast.accepted, [outcome.call]);
    assert.equal(cast.conference.ladder.steps("service -> conference: INVITE").length, 1);
    assert.deepEqual(cast.conference.ladder.steps("REFER"), []);
    assert.equal(bob.invites[0]?.request.headers["referred-by"], `"Alice" <${cast.uri}>`);
  });

  test("from a call between two: the other one comes along, and his old call is ended last", async () => {
    const grace = await cast.person("grace");
    await cast.join(grace.address);
    cast.conference.ladder.clear();
    const invited = cast.invite(FIVE());
    await lateWhen(4);
    const outcome = await invited;

    assert.deepEqual(ends(outcome), ENDS);
    const steps = cast.conference.ladder.steps("service -> ");
    const between = steps.filter((step) => / -> (grace|conference): (REFER|INVITE|BYE)/.test(step));
    assert.deepEqual(between, [
      "service -> grace: REFER",
      "service -> conference: INVITE sdp list",
      "service -> grace: BYE",
    ]);
    assert.equal(grace.calls[1]?.state, "confirmed");
    await until(() => grace.hungUp.length === 1, "the end of grace's old call");
    assert.deepEqual(cast.conference.ladder.steps("service -> desk: BYE"), []);
  });

  test("from a conference: the conference calls them", async () => {
    await cast.join(cast.desk.room("films"));
    const invited = cast.invite(FIVE());
    await lateWhen(3);
    const outcome = await invited;

    assert.deepEqual(ends(outcome), ENDS);
    assert.equal(outcome.conf, cast.desk.room("films"));
    assert.equal(cast.conference.ladder.steps("service -> conference: REFER").length, 1);
  });
});

describe("By a conference server that takes no list in an INVITE", () => {
  beforeEach(() => {
    cast.takesLists = false;
  });

  test("five are called from no call all the same: by REFER, once alice is there", async () => {
    const invited = cast.invite(FIVE(), { device: "desk" });
    await lateWhen(3);

    assert.deepEqual(ends(await invited), ENDS);
    assert.deepEqual(cast.conference.ladder.steps("service -> conference: INVITE"), [
      "service -> conference: INVITE sdp",
    ]);
    assert.equal(cast.conference.ladder.steps("service -> conference: REFER").length, 1);
  });

  test("a call between two becomes a conference, though grace's phone cannot be sent there", async () => {
    const grace = await cast.person("grace");
    grace.goesAlong = 501;
    await cast.join(grace.address);

    assert.deepEqual(ends(await cast.invite([bob])), [["bob", "joined", undefined]]);
    await cast.holds(3);
    assert.equal(grace.invites.length, 2);
  });
});

describe("Whoever invites", () => {
  test("one, is told by reports that he came", async () => {
    await cast.join(cast.desk.room("films"));

    assert.deepEqual(ends(await cast.invite([bob])), [["bob", "joined", undefined]]);
    assert.equal(cast.conference.ladder.steps("service -> conference: REFER").length, 1);
  });

  test("somebody twice, has him called once and answered for twice", async () => {
    await cast.join(cast.desk.room("films"));

    assert.deepEqual(ends(await cast.invite([bob, bob])), [
      ["bob", "joined", undefined],
      ["bob", "joined", undefined],
    ]);
    assert.equal(bob.invites.length, 1);
  });

  test("somebody who is there, does not have him called again", async () => {
    await cast.join(cast.desk.room("films"));
    await cast.invite([bob]);

    assert.deepEqual(ends(await cast.invite([bob])), [["bob", "joined", undefined]]);
    assert.equal(bob.invites.length, 1);
  });

  test("himself, this conference or another one here, is told that they cannot be called", async () => {
    const films = cast.desk.room("films");
    await cast.join(films);
    const outcome = await cast.invite([cast.uri, films, cast.desk.room("dramas"), bob]);

    assert.deepEqual(
      outcome.invitees.map(({ state, error }) => [state, error?.code]),
      [
        ["failed", "bad-uri"],
        ["failed", "bad-uri"],
        ["failed", "bad-uri"],
        ["joined", undefined],
      ],
    );
    assert.equal(cast.conference.server.focus.conferences.size, 1);
  });

  test("nobody but himself from no call, makes no conference", async () => {
    await assert.rejects(cast.invite([cast.uri], { device: "desk" }), { code: "bad-uri" });
    await assert.rejects(cast.invite([cast.desk.room("films")], { device: "desk" }), { code: "bad-uri" });
    assert.equal(cast.conference.server.focus.conferences.size, 0);
    assert.deepEqual(cast.conference.ladder.steps("INVITE"), []);
  });

  test("without naming a device, is asked for one", async () => {
    const prompts: string[] = [];
    cast.service.subscribe("prompts", { client: "k1" }, (event) => {
      if (event.name === "Prompt") prompts.push(event.prompt.prompt);
    });
    const invited = cast.invite([bob]);
    await until(() => prompts.length === 1, "the question");
    const prompt = prompts[0] ?? "";
    cast.service.choose({ prompt, device: "desk", cancel: false, remember: "no", client: "k1" });

    assert.deepEqual(ends(await invited), [["bob", "joined", undefined]]);
  });

  test("by way of a conference server that is not there, stays in the call between two", async () => {
    const grace = await cast.person("grace");
    const { call } = await cast.join(grace.address);
    await cast.conference.server.close();

    await assert.rejects(cast.invite([bob]), { code: "unreachable" });
    assert.equal(cast.service.calls()[0]?.call, call);
    assert.equal(cast.service.calls()[0]?.state, "active");
    assert.deepEqual(grace.hungUp, []);
  });

  test("stays in the call between two when the other one does not want to come along", async () => {
    const grace = await cast.person("grace");
    grace.goesAlong = 603;
    await cast.join(grace.address);

    await assert.rejects(cast.invite([bob]), { code: "declined" });
    assert.equal(cast.service.calls()[0]?.state, "active");
    assert.equal(bob.invites.length, 0);
  });

  test("has the other one called by the conference when his phone cannot be sent there", async () => {
    const grace = await cast.person("grace");
    grace.goesAlong = 405;
    await cast.join(grace.address);

    assert.deepEqual(ends(await cast.invite([bob])), [["bob", "joined", undefined]]);
    await cast.holds(3);
    assert.equal(grace.invites.length, 2);
  });

  test("in a call that rings still, is asked to wait", async () => {
    const joining = cast.join(frank.address).catch(() => undefined);
    await until(() => frank.invites.length === 1, "frank's phone to ring");

    await assert.rejects(cast.invite([bob]), { code: "wrong-state" });
    await cast.service.leave({ all: true, hangup: true, client: "k1" });
    await joining;
  });

  test("into a call there is not, is told so", async () => {
    await assert.rejects(cast.invite([bob], { call: "c9" }), { code: "no-such-call" });
  });
});
