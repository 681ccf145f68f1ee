/** A foreign engine mixes: conferences of our conference server on Debian's Janus, ordered by the SIP the mixer of ours takes. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import type { Participant } from "../../servers/conference/participant.ts";
import { type ConferenceServer, openConferenceServer } from "../../servers/conference/server.ts";
import { Janus } from "../support/janus.ts";
import { press } from "../support/keypad.ts";
import { mediaOf } from "../support/rtp-party.ts";
import { samplesOf } from "../support/rtp-recording.ts";
import { type Server, startMixer, startServer } from "../support/servers.ts";
import { Talker, usersIn } from "../support/talker.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const log = { info: () => undefined, error: () => undefined };
/** Promise F3. */
const BACK_MS = 5_000;

let janus: Janus;
let adapter: Server;
let agent: UserAgent;
let conference: ConferenceServer;
const people: Talker[] = [];

const uriOf = ({ host, port }: Server): SipUri => `sip:${host}:${port}`;
const room = (id: string): SipUri => `sip:${id}@${conference.address.slice("sip:".length)}`;

async function opens(mixers: readonly Server[]): Promise<void> {
  conference = await openConferenceServer({ host: HOST, port: 0, mixers: mixers.map(uriOf), log });
}

async function joins(name: string, hz: number | undefined, id: string): Promise<Talker> {
  const talker = await Talker.open(name, agent, { hz });
  people.push(talker);
  await talker.join(room(id));
  return talker;
}

function participant({ leg }: Talker): Participant {
  const { callId, localTag, remoteTag } = leg.id;
  const found = conference.focus.participantOf({ callId, localTag: remoteTag, remoteTag: localTag });
  return found ?? assert.fail("no such participant");
}

/** Presses keys on the phone; they go to the mixer with its audio. */
function presses({ leg, rtp }: Talker, keys: string): void {
  press(rtp, mediaOf(leg.description), keys);
}

/** What is heard from now on, by the end of `frames` frames of 20 ms. */
async function tones({ rtp }: Talker, frames = 15): Promise<number[]> {
  const from = performance.now();
  await rtp.frames(frames);
  return rtp.heard.tonesHeard({ from });
}

/** Janus drops what has come already, and the last of it is on its way: nobody is heard any more. */
async function silent(talker: Talker): Promise<void> {
  await until(async () => (await tones(talker, 5)).length === 0, `nobody heard by ${talker.name}`, 2_000);
}

before(async () => {
  janus = await Janus.start();
  adapter = await startServer("janus", { args: ["--janus", janus.url, "--rtp", "0"] });
});
beforeEach(async () => {
  agent = await UserAgent.open({ host: HOST, port: 0, name: "crowd", identity: {} });
  // A Janus that was killed by the test before is found again within a second.
  const serves = async () => (await agent.request("OPTIONS", uriOf(adapter))).status === 200;
  await until(serves, "Janus behind its adapter");
});
afterEach(async () => {
  await Promise.all(people.splice(0).map((talker) => talker.leave()));
  await agent.close();
  await conference.close();
});
after(async () => {
  await adapter.stop();
  await janus.stop();
});

describe("A conference on Janus", () => {
  test("lets three people hear one another, lists them, says who talks, and who has left is heard no more", async () => {
    await opens([adapter]);
    const alice = await joins("alice", 400, "comedies");
    const bob = await joins("bob", 600, "comedies");
    const carol = await joins("carol", 900, "comedies");
    await Promise.all([alice.rtp.hears(600), bob.rtp.hears(900), carol.rtp.hears(400)]);
    await alice.rtp.frames(10);
    assert.deepEqual(await Promise.all([alice, bob, carol].map((one) => tones(one))), [
      [600, 900],
      [400, 900],
      [400, 600],
    ]);

    await bob.watch(room("comedies"));
    assert.equal(usersIn(bob.rosters[0] ?? "").length, 3);
    await until(() => bob.rosters.some((text) => />true<\/talking>/.test(text)), "somebody talking");

    await carol.leg.bye();
    await until(() => bob.rosters.flatMap(usersIn).includes(`${carol.uri} deleted`), "carol to be gone");
    await alice.rtp.frames(10);
    assert.deepEqual(await tones(alice), [600]);
  });

  test("*6 mutes, tells who pressed it so, shows it to the others, and *6 again ends it", async () => {
    await opens([adapter]);
    const alice = await joins("alice", 400, "comedies");
    const bob = await joins("bob", undefined, "comedies");
    await bob.watch(room("comedies"));
    await bob.rtp.hears(400);

    presses(alice, "*6");
    await until(() => bob.rosters.some((text) => text.includes("muted-via-focus")), "alice listed as muted");
    await silent(bob);
    await alice.rtp.next((packet) => samplesOf(packet).some((sample) => Math.abs(sample) > 1_000));

    presses(alice, "*6");
    await bob.rtp.hears(400);
  });

  test("a member is moved to another conference: same call, same port, same SSRC, no frame missing", async (t) => {
    await opens([adapter]);
    const alice = await joins("alice", 400, "comedies");
    const bob = await joins("bob", 600, "comedies");
    const carol = await joins("carol", 900, "dramas");
    await Promise.all([alice.rtp.hears(600), bob.rtp.hears(400)]);
    await bob.watch(room("comedies"));
    const { description } = alice.leg;
    alice.rtp.forget();
    await alice.rtp.frames(5);
    const movedAt = performance.now();

    await conference.focus.mover.move(participant(alice), "dramas");
    const first = await alice.rtp.hears(900);
    await carol.rtp.hears(400);
    await alice.rtp.frames(25);
    t.diagnostic(`first new audio after ${Math.round(first.at - movedAt)} ms`);

    assert.equal(alice.rtp.heard.missingFrames(), 0);
    assert.equal(alice.rtp.heard.ssrcChanges(), 0);
    assert.deepEqual(mediaOf(alice.leg.description), mediaOf(description));
    await until(() => bob.rosters.flatMap(usersIn).includes(`${alice.uri} deleted`), "alice out of comedies");
    await silent(bob);
    await until(() => alice.conference.startsWith("sip:dramas@"), "the phone to know");
  });

  test("who is moved while muted is not heard there, until he unmutes himself", async () => {
    await opens([adapter]);
    const alice = await joins("alice", 400, "comedies");
    const carol = await joins("carol", 900, "dramas");
    await carol.watch(room("dramas"));
    await alice.rtp.frames(5);
    presses(alice, "*6");
    await until(() => participant(alice).silenced, "alice muted");

    await conference.focus.mover.move(participant(alice), "dramas");
    await alice.rtp.hears(900);
    assert.deepEqual(await tones(carol), []);
    presses(alice, "*6");
    await carol.rtp.hears(400);
  });

  test("a page change by INVITE with Replaces carries the stream over, too", async () => {
    await opens([adapter]);
    const alice = await joins("alice", 400, "comedies");
    await joins("carol", 900, "dramas");
    await alice.rtp.frames(5);
    alice.rtp.forget();
    await alice.rtp.frames(5);

    const from = { uri: alice.uri };
    const offer = alice.rtp.offer();
    const { leg } = await agent.invite(room("dramas"), { offer, from, replaces: alice.leg.id });
    await alice.rtp.hears(900);
    await alice.rtp.frames(10);

    assert.equal(alice.rtp.heard.missingFrames(), 0);
    assert.equal(alice.rtp.heard.ssrcChanges(), 0);
    await leg.bye();
  });
});

describe("When Janus is killed", () => {
  afterEach(() => janus.restart());

  test("and there is no other mixer, everybody is told why the call ends", async (t) => {
    await opens([adapter]);
    const alice = await joins("alice", 400, "comedies");
    const bob = await joins("bob", 600, "dramas");
    const killedAt = performance.now();
    await janus.kill();
    await until(() => alice.hungUp.length + bob.hungUp.length === 2, "the goodbyes", 2 * BACK_MS);
    t.diagnostic(`all had been told after ${Math.round(performance.now() - killedAt)} ms`);

    assert.match(alice.hungUp[0] ?? "", /The mixer ended the media/);
  });

  test("its conferences go on at a mixer of ours within five seconds", async (t) => {
    const mixer = await startMixer({ args: ["--rtp", "0"] });
    try {
      await opens([adapter, mixer]);
      const alice = await joins("alice", 400, "comedies");
      const bob = await joins("bob", 600, "comedies");
      await Promise.all([alice.rtp.hears(600), bob.rtp.hears(400)]);
      assert.deepEqual(
        conference.mixers().map(({ legs }) => legs),
        [2, 0],
      );
      const killedAt = performance.now();
      await janus.kill();
      alice.rtp.forget();
      bob.rtp.forget();
      await Promise.all([alice.rtp.hears(600, BACK_MS), bob.rtp.hears(400, BACK_MS)]);
      t.diagnostic(`both heard each other again after ${Math.round(performance.now() - killedAt)} ms`);
      assert.deepEqual([...alice.hungUp, ...bob.hungUp], []);
    } finally {
      await mixer.stop();
    }
  });
});
