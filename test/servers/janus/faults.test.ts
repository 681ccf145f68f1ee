/** What others do to the adapter: strangers, odd phones, a Janus that dies, hangs, or was left by an adapter that died. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { writeRtp } from "#rtp/packet.ts";
import type { SipUri } from "#sip/message.ts";
import { objectIn } from "../../../servers/janus/janus-session.ts";
import { Janus } from "../../support/janus.ts";
import { asOther, JanusStudio, stageForEach } from "../../support/janus-studio.ts";
import { mediaOf, type RtpParty } from "../../support/rtp-party.ts";
import { startServer } from "../../support/servers.ts";
import { encodeFrame, toneSamples } from "../../support/tone.ts";
import { until } from "../../support/until.ts";

const stage = stageForEach();

describe("Odd company", () => {
  test("takes no audio from a stranger and none that is broken", async () => {
    const alice = await stage.films.join("comedies", undefined);
    const bob = await stage.films.join("comedies", undefined);
    await bob.party.frames(3);
    const stranger = await stage.films.phone(1000, "PCMU", "127.0.0.2");
    stranger.talkTo(alice.answer);
    for (let length = 0; length < 40; length++)
      alice.party.send(Buffer.alloc(length, 0x80 + length), mediaOf(alice.answer));
    alice.party.send(Buffer.alloc(1400, 0x80), mediaOf(alice.answer));
    await bob.party.frames(25);

    assert.equal(bob.party.heard.tonesHeard().includes(1000), false);
    assert.equal(stage.films.mixer.dump().legs.length, 2);
  });

  test("frames of 10 and of 30 ms are heard as those of 20", async () => {
    const bob = await stage.films.join("comedies", undefined);
    const alice = await stage.films.join("comedies", undefined);
    alice.party.stop();
    await sendsFramesOf(alice.party, { hz: 450, samples: 240, count: 60 }, mediaOf(alice.answer));
    await sendsFramesOf(alice.party, { hz: 1000, samples: 80, count: 120 }, mediaOf(alice.answer));
    assert.deepEqual(bob.party.heard.tonesHeard(), [450, 1000]);
  });
});

describe("When Janus fails", () => {
  test("all legs end with a reason, newcomers are told to come again, and it goes on when Janus is back", async () => {
    const goodbyes: string[] = [];
    const onEnded = (reason: string) => void goodbyes.push(reason);
    const alice = await stage.films.join("comedies", 450, { onEnded });
    await stage.films.join("dramas", 600, { onEnded });

    const killedAt = performance.now();
    await stage.janus.kill();
    await until(() => goodbyes.length === 2, "both ends");
    const took = performance.now() - killedAt;
    assert.match(goodbyes.join(), /Mixer failed.*Mixer failed/);
    assert.ok(took < 1_000, `${took} ms`);
    assert.equal((await stage.films.focus.request("OPTIONS", stage.films.mixer.address)).status, 503);
    const again = stage.films.focus.invite(stage.films.room("comedies"), { offer: alice.party.offer() });
    await assert.rejects(again, { status: 503 });

    await stage.janus.restart();
    await until(() => stage.films.mixer.dump().connected, "Janus");
    const bob = await stage.films.join("comedies", 600);
    const carol = await stage.films.join("comedies", 1000);
    await Promise.all([bob.party.hears(1000), carol.party.hears(600)]);
  });

  test("one that hangs is given up after some seconds", async () => {
    const goodbye = Promise.withResolvers<string>();
    await stage.films.join("comedies", 450, { onEnded: goodbye.resolve });
    stage.janus.signal("SIGSTOP");
    try {
      assert.match(await goodbye.promise, /Mixer failed/);
    } finally {
      stage.janus.signal("SIGCONT");
    }
    await until(() => stage.films.mixer.dump().connected, "Janus");
  });

  test("a participant whose room Janus takes away hears why", async () => {
    const goodbye = Promise.withResolvers<string>();
    await stage.films.join("comedies", 450, { onEnded: goodbye.resolve });
    const room = stage.films.mixer.dump().rooms.find(({ conference }) => conference === "comedies")?.room;
    await asOther(stage.janus, (other) => other.ask({ request: "destroy", room }));

    assert.match(await goodbye.promise, /Mixer failed/);
    assert.equal(stage.films.mixer.dump().legs.length, 0);
  });

  test("what an adapter that was killed leaves behind is removed: its seats by Janus, its rooms by the next adapter", async () => {
    const adapter = await startServer("janus", { args: ["--janus", stage.janus.url, "--rtp", "0"] });
    const alice = await stage.films.phone(450);
    const uri: SipUri = `sip:conf=comedies@127.0.0.1:${adapter.port}`;
    alice.talkTo((await stage.films.focus.invite(uri, { offer: alice.offer() })).answer);
    await alice.frames(5);
    await asOther(stage.janus, (other) =>
      other.ask({ request: "create", room: 4712, description: "not ours" }),
    );
    // Its lobby with itself in it, comedies with alice, and the lobby of the adapter that all tests have.
    assert.deepEqual(await rooms(), ["not ours 0", "partyline 1", "partyline lobby 1", "partyline lobby 1"]);
    adapter.program.kill("SIGKILL");
    await until(async () => !(await rooms()).includes("partyline 1"), "nobody in Janus");

    const next = await JanusStudio.open(stage.janus);
    assert.deepEqual(await rooms(), ["not ours 0", "partyline lobby 1", "partyline lobby 1"]);
    const bob = await stage.films.join("comedies", 600);
    const carol = await stage.films.join("comedies", 1000);
    await Promise.all([bob.party.hears(1000), carol.party.hears(600)]);
    await next.close();
  });

  test("an adapter that stands still for three seconds passes on afterwards all that Janus sent to twenty people", async (t) => {
    const adapter = await startServer("janus", { args: ["--janus", stage.janus.url, "--rtp", "0"] });
    t.after(() => adapter.stop());
    const room: SipUri = `sip:conf=comedies@127.0.0.1:${adapter.port}`;
    const people = await Promise.all(
      Array.from({ length: 20 }, (_, n) => stage.films.phone(n < 2 ? 450 : undefined)),
    );
    for (const phone of people)
      phone.talkTo((await stage.films.focus.invite(room, { offer: phone.offer() })).answer);
    await Promise.all(people.map((phone) => phone.hears(450)));
    for (const phone of people) phone.forget();
    await Promise.all(people.map((phone) => phone.frames(5)));

    adapter.program.kill("SIGSTOP");
    await sleep(3_000);
    adapter.program.kill("SIGCONT");
    await Promise.all(people.map((phone) => phone.frames(170)));

    assert.deepEqual(
      people.map(({ heard }) => heard.missingFrames()),
      people.map(() => 0),
    );
  });

  test("a caller for whom Janus has no port is told to come again, and those who are in stay", async () => {
    const small = await Janus.start({ seats: 2 });
    const tight = await JanusStudio.open(small);
    const alice = await tight.join("comedies", 450);
    const bob = await tight.join("comedies", 600);
    await assert.rejects(tight.join("comedies", 1000), { status: 503 });

    await Promise.all([alice.party.hears(600), bob.party.hears(450)]);
    assert.equal(tight.mixer.dump().streams.length, 2);
    await tight.close();
    await small.stop();
  });
});

/** What Janus has: of each room what it is, and how many are in it. */
async function rooms(): Promise<string[]> {
  let found: string[] = [];
  await asOther(stage.janus, async (other) => {
    const { list } = await other.ask({ request: "list" });
    const all = Array.isArray(list) ? list.map(objectIn) : [];
    const described = all.map((room) => `${room?.["description"]} ${room?.["num_participants"]}`);
    found = described.map((text) => text.replace(/ [0-9a-f]{16}/, "")).toSorted();
  });
  return found;
}

interface OddFrames {
  readonly hz: number;
  readonly samples: number;
  readonly count: number;
}

async function sendsFramesOf(
  party: RtpParty,
  { hz, samples, count }: OddFrames,
  to: { address: string; port: number },
) {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const payload = encodeFrame(toneSamples(hz, samples, i * samples));
    const { sequence, timestamp, ssrc } = party;
    party.send(writeRtp({ payloadType: 0, marker: false, sequence, timestamp, ssrc }, payload), to);
    party.sequence = (sequence + 1) & 65_535;
    party.timestamp = (timestamp + samples) >>> 0;
    await sleep(Math.max(0, start + ((i + 1) * samples) / 8 - performance.now()));
  }
}
