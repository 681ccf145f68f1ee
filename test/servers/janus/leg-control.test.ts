/** MSCML on legs of a real Janus: what is not Janus's own (keys, prompts, who talks) the adapter does on the way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { objectIn } from "../../../servers/janus/janus-session.ts";
import { MSCML } from "../../../servers/mscml/document.ts";
import { configureLeg, play, stopPlaying } from "../../../servers/mscml/request.ts";
import { asks, asOther, Owner, stageForEach } from "../../support/janus-studio.ts";
import { press } from "../../support/keypad.ts";
import { mediaOf } from "../../support/rtp-party.ts";
import { samplesOf } from "../../support/rtp-recording.ts";
import { until } from "../../support/until.ts";

const stage = stageForEach();

describe("A leg of Janus", () => {
  test("a mute by MSCML keeps a caller from the others within 40 ms of its answer; parked he hears nothing either", async () => {
    const owner = new Owner();
    const alice = await stage.films.join("comedies", 450, owner.handlers);
    const bob = await stage.films.join("comedies", 600);
    await Promise.all([bob.party.hears(450), alice.party.hears(600)]);

    await asks(alice.leg, configureLeg({ mixmode: "mute" }));
    await until(() => owner.responses.length === 1, "the response");
    const from = performance.now() + 40;
    await bob.party.frames(15);
    assert.deepEqual(bob.party.heard.tonesHeard({ from }), []);
    await alice.party.hears(600);

    await asks(alice.leg, configureLeg({ mixmode: "parked" }));
    await until(() => owner.responses.length === 2, "the response");
    const parkedAt = performance.now();
    await alice.party.frames(10);
    assert.deepEqual(alice.party.heard.tonesHeard({ from: parkedAt }), []);
    assert.equal(alice.party.heard.missingFrames(), 0);

    await asks(alice.leg, configureLeg({ mixmode: "full" }));
    await Promise.all([bob.party.hears(450), alice.party.hears(600)]);
    assert.deepEqual(
      owner.responses.map(({ request, code, text }) => [request, code, text]),
      new Array(3).fill(["configure_leg", 200, "OK"]),
    );
  });

  test("who is muted stays so in another room, until he is told to be heard", async () => {
    const alice = await stage.films.join("comedies", 450);
    const bob = await stage.films.join("dramas", 600);
    await asks(alice.leg, configureLeg({ mixmode: "mute" }));
    const offer = alice.party.offer();
    const { leg } = await stage.films.focus.invite(stage.films.room("dramas"), {
      offer,
      replaces: alice.leg.id,
    });
    await alice.party.hears(600);
    await bob.party.frames(10);
    assert.deepEqual(bob.party.heard.tonesHeard(), []);

    await asks(leg, configureLeg({ mixmode: "full" }));
    await bob.party.hears(450);
  });

  test("Janus is told who is muted, in another room again, and drops what it has of him", async () => {
    const alice = await stage.films.join("comedies", 450);
    const isMuted = (conference: string) =>
      until(() => mutedIn(conference), `a muted participant of ${conference}`);
    await asks(alice.leg, configureLeg({ mixmode: "mute" }));
    await isMuted("comedies");
    const offer = alice.party.offer();
    const { leg } = await stage.films.focus.invite(stage.films.room("dramas"), {
      offer,
      replaces: alice.leg.id,
    });
    await isMuted("dramas");

    await asks(leg, configureLeg({ mixmode: "full" }));
    await until(async () => !(await mutedIn("dramas")), "nobody muted");
    await leg.offer(alice.party.offer("recvonly"));
    await isMuted("dramas");
  });

  test("reports who talks on the talker's own leg, and that he no longer does when his packets end", async () => {
    const owner = new Owner();
    const alice = await stage.films.join("comedies", 450, owner.handlers);
    await until(() => owner.talks.length === 1, "the report that she talks");
    alice.party.stop();
    await until(() => owner.talks.length === 2, "the report that she does not");

    assert.deepEqual(
      owner.talks.map(({ conference, talkers, callIds }) => [conference, talkers, callIds]),
      [
        ["comedies", 1, [alice.leg.id.callId]],
        ["comedies", 0, []],
      ],
    );
  });

  test("reports keys once asked to, each once, also of one who is muted; none of them reaches the room", async () => {
    const owner = new Owner();
    const alice = await stage.films.join("comedies", undefined, owner.handlers);
    const bob = await stage.films.join("comedies");
    await Promise.all([alice.party.frames(3), bob.party.frames(3)]);
    press(alice.party, mediaOf(alice.answer), "5");
    await alice.party.frames(3);
    await asks(alice.leg, configureLeg({ keypresses: true, mixmode: "mute" }));
    press(alice.party, mediaOf(alice.answer), "*6");
    await until(() => owner.keys.length === 2, "the keys");

    assert.deepEqual(owner.keys, ["*", "6"]);
    await bob.party.frames(10);
    assert.ok(bob.party.heard.packets.every(({ header }) => header.payloadType === 0));
    assert.ok(bob.party.heard.longestSilentRun() > 100);
  });

  test("plays a prompt to one alone, over what he hears of the others, and says when it has ended", async () => {
    const owner = new Owner();
    const alice = await stage.films.join("comedies", undefined, owner.handlers);
    const bob = await stage.films.join("comedies");
    await Promise.all([alice.party.frames(3), bob.party.frames(3)]);
    const from = performance.now();
    await asks(alice.leg, play("muted", "p1"));
    await until(() => owner.responses.length === 1, "the end of the prompt");

    const { request, id, code, reason } = owner.responses[0] ?? {};
    assert.deepEqual([request, id, code, reason], ["play", "p1", 200, "EOF"]);
    const loud = alice.party.heard
      .audio({ from })
      .filter((packet) => samplesOf(packet).some((sample) => sample > 500));
    assert.ok(loud.length > 10, `${loud.length} frames`);
    assert.equal(alice.party.heard.missingFrames(), 0);
    assert.deepEqual(bob.party.heard.tonesHeard(), []);
  });

  test("a prompt that somebody puts on hold goes on, unheard, and ends", async () => {
    const owner = new Owner();
    const alice = await stage.films.join("comedies", undefined, owner.handlers);
    await alice.party.frames(3);
    await asks(alice.leg, play("muted"));
    await alice.leg.offer(alice.party.offer("inactive"));
    await until(() => owner.responses.length === 1, "the end of the prompt");
    assert.equal(owner.responses[0]?.reason, "EOF");
  });

  test("a prompt is heard by a listener who sends nothing, and while he is parked", async () => {
    const owner = new Owner();
    const bob = await stage.films.phone();
    const { handlers } = owner;
    const { leg } = await stage.films.focus.invite(stage.films.room("waiting"), {
      offer: bob.offer("recvonly"),
      handlers,
    });
    await asks(leg, configureLeg({ mixmode: "parked" }));
    await asks(leg, play("waiting"));
    await bob.next((packet) => samplesOf(packet).some((sample) => sample > 500));
    await asks(leg, stopPlaying());
    await until(() => owner.responses.length === 3, "the responses");
    assert.deepEqual(owner.responses.map(({ request, code, reason }) => [request, code, reason]).toSorted(), [
      ["configure_leg", 200, undefined],
      ["play", 200, "stopped"],
      ["stop", 200, undefined],
    ]);
  });

  test("says in its responses what it cannot: prompts it has not, audio from elsewhere, keys in the mix", async () => {
    const owner = new Owner();
    const alice = await stage.films.join("comedies", 450, owner.handlers);
    await asks(alice.leg, play("nonsense", "p1"));
    await asks(alice.leg, play("muted", "p2").replace("partyline:muted", "file:///etc/passwd"));
    await asks(alice.leg, configureLeg({ clamp: false }));
    await until(() => owner.responses.length === 3, "the responses");

    assert.deepEqual(
      owner.responses.map(({ request, id, code }) => [request, id, code]),
      [
        ["play", "p1", 404],
        ["play", "p2", 404],
        ["configure_leg", undefined, 501],
      ],
    );
  });

  test("answers bodies that are no MSCML with 400 or 415, and goes on", async () => {
    const alice = await stage.films.join("comedies", 450);
    for (const content of ["", "<", "<!DOCTYPE a><a/>", "<MediaServerControl/>", "x".repeat(9_000)]) {
      const { status } = await alice.leg.request("INFO", { type: MSCML, content });
      assert.equal(status, content === "" ? 200 : 400, content.slice(0, 20));
    }
    const { status } = await alice.leg.request("INFO", { type: "text/plain", content: "hello" });
    assert.equal(status, 415);
    assert.equal((await alice.leg.request("MESSAGE", { type: "text/plain", content: "hello" })).status, 405);
    const bob = await stage.films.join("comedies", 600);
    await bob.party.hears(450);
  });
});

/** Whether somebody in that conference is muted, as Janus has it. */
async function mutedIn(conference: string): Promise<boolean> {
  const room = stage.films.mixer.dump().rooms.find((one) => one.conference === conference)?.room;
  if (room === undefined) return false;
  const { participants } = await asOther(stage.janus, (other) =>
    other.ask({ request: "listparticipants", room }),
  );
  return Array.isArray(participants) && participants.some((one) => objectIn(one)?.["muted"] === true);
}
