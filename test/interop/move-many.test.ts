/** Moves by the server with a real mixer and real RTP: nobody misses a frame, and everybody is in exactly one conference. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import type { Participant } from "../../servers/conference/participant.ts";
import { type ConferenceServer, openConferenceServer } from "../../servers/conference/server.ts";
import { OWN } from "../../servers/media-server/local-leg.ts";
import { openOwnMixer } from "../../servers/media-server/own-mixer.ts";
import { type MixerServer, openMixerServer } from "../../servers/mixer/server.ts";
import { samplesOf } from "../support/rtp-recording.ts";
import { Talker } from "../support/talker.ts";
import { FRAME_SAMPLES, tonesIn } from "../support/tone.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const MOVED = 12;
const COMEDIES_HZ = 400;
const DRAMAS_HZ = 900;
const log = { info: () => undefined, error: () => undefined };

let mixer: Pick<MixerServer, "dump" | "close">;
let conference: ConferenceServer;
let agent: UserAgent;
let comedian: Talker;
let actor: Talker;
const people: Talker[] = [];

const room = (id: string): SipUri => `sip:${id}@${conference.address.slice("sip:".length)}`;
const isIn = (talker: Talker, id: string): boolean => talker.conference.startsWith(`sip:${id}@`);

function participant({ leg }: Talker): Participant {
  const { callId, localTag, remoteTag } = leg.id;
  const found = conference.focus.participantOf({ callId, localTag: remoteTag, remoteTag: localTag });
  return found ?? assert.fail("no such participant");
}

function moveAll(talkers: readonly Talker[], id: string): Promise<unknown[]> {
  return conference.focus.mover.moveAll(talkers.map(participant), id);
}

/** How much a listener got between the last of one tone and the first of the other, in frames, as the stream counts them. */
function framesBetween({ rtp }: Talker, lastHz: number, firstHz: number): number {
  const packets = rtp.heard.audio();
  const first = rtp.heard.firstWith(firstHz) ?? assert.fail("the new tone was never heard");
  const before = packets.slice(0, packets.indexOf(first));
  const last = before.findLast((packet) => tonesIn(samplesOf(packet)).includes(lastHz)) ?? first;
  return ((first.header.timestamp - last.header.timestamp) >>> 0) / FRAME_SAMPLES - 1;
}

/** Everybody is in one conference, with one leg at the mixer, and no leg is anybody else's. */
async function isWhole(sizes: Readonly<Record<string, number>>): Promise<void> {
  await until(async () => (await mixer.dump()).legs.length === MOVED + 2, "one leg for each");
  const { rooms, legs } = await mixer.dump();
  assert.deepEqual(Object.fromEntries(rooms.map(({ id, streams }) => [id, streams.length])), sizes);
  assert.equal(new Set(legs.map(({ stream }) => stream)).size, MOVED + 2);
  const counted = [...conference.focus.conferences.values()].map(({ id, size }) => [id, size]);
  assert.deepEqual(Object.fromEntries(counted), sizes);
}

const media = { host: HOST, rtp: { first: 0, last: 0 }, log };

/** What mixes, and how the conference server knows it. */
const MIXERS = {
  async "a mixer"() {
    const other = await openMixerServer({ ...media, port: 0 });
    return { mixer: other, known: { mixers: [other.address] } };
  },
  async "its own mixer"() {
    const own = await openOwnMixer(media);
    return { mixer: own, known: { mixers: [OWN], own } };
  },
};

for (const [what, open] of Object.entries(MIXERS))
  describe(`The server with ${what} moves a dozen people at once`, () => {
    before(async () => {
      const opened = await open();
      mixer = opened.mixer;
      conference = await openConferenceServer({ host: HOST, port: 0, ...opened.known, log });
      agent = await UserAgent.open({ host: HOST, port: 0, name: "crowd", identity: {} });
      comedian = await Talker.open("comedian", agent, { hz: COMEDIES_HZ });
      actor = await Talker.open("actor", agent, { hz: DRAMAS_HZ });
      await comedian.join(room("comedies"));
      await actor.join(room("dramas"));
    });

    beforeEach(async () => {
      for (let n = 0; n < MOVED; n++) people.push(await Talker.open(`person${n}`, agent));
      await Promise.all(people.map((talker) => talker.join(room("comedies"))));
      await Promise.all(people.map(({ rtp }) => rtp.hears(COMEDIES_HZ)));
    });

    afterEach(async () => {
      await Promise.all(people.map((talker) => talker.leave()));
      people.length = 0;
    });

    after(async () => {
      await Promise.all([comedian.leave(), actor.leave()]);
      await agent.close();
      await conference.close();
      await mixer.close();
    });

    test("none of them misses a frame, hears another stream, or waits for more than two frames for the new conference", async () => {
      for (const { rtp } of people) rtp.forget();
      const descriptions = people.map(({ leg }) => [leg.description, leg.localDescription]);
      assert.deepEqual(await moveAll(people, "dramas"), Array(MOVED).fill(undefined));
      await Promise.all(people.map(({ rtp }) => rtp.hears(DRAMAS_HZ)));
      await Promise.all(people.map(({ rtp }) => rtp.frames(10)));
      await until(() => people.every((talker) => isIn(talker, "dramas")), "all phones to know");

      for (const talker of people) {
        const { heard } = talker.rtp;
        assert.equal(heard.missingFrames(), 0);
        assert.equal(heard.ssrcChanges(), 0);
        assert.ok(framesBetween(talker, COMEDIES_HZ, DRAMAS_HZ) <= 1);
      }
      assert.deepEqual(
        people.map(({ leg }) => [leg.description, leg.localDescription]),
        descriptions,
      );
      await isWhole({ comedies: 1, dramas: MOVED + 1 });
    });

    test("half of them there while the others come back: nobody is in two, and everybody hears his own", async () => {
      const [some, others] = [people.slice(0, MOVED / 2), people.slice(MOVED / 2)];
      await moveAll(others, "dramas");
      for (const { rtp } of people) rtp.forget();
      await Promise.all([moveAll(some, "dramas"), moveAll(others, "comedies")]);
      await Promise.all([
        ...some.map(({ rtp }) => rtp.hears(DRAMAS_HZ)),
        ...others.map(({ rtp }) => rtp.hears(COMEDIES_HZ)),
      ]);

      await isWhole({ comedies: 1 + MOVED / 2, dramas: 1 + MOVED / 2 });
      for (const { rtp } of people) assert.equal(rtp.heard.missingFrames(), 0);
    });

    test("from one to the other five times without waiting: all end where they were sent last", async () => {
      for (const { rtp } of people) rtp.forget();
      const moves = ["dramas", "musicals", "operas", "comedies", "dramas"].map((id) => moveAll(people, id));
      await Promise.all(moves);
      await Promise.all(people.map(({ rtp }) => rtp.hears(DRAMAS_HZ)));
      await until(() => people.every((talker) => isIn(talker, "dramas")), "all phones to know");

      await isWhole({ comedies: 1, dramas: MOVED + 1 });
      for (const { rtp } of people)
        assert.deepEqual([rtp.heard.missingFrames(), rtp.heard.ssrcChanges()], [0, 0]);
    });

    test("while some hang up: who stays is moved, and of those who went nothing is left", async () => {
      const going = people.slice(0, 4);
      const moved = moveAll(people, "dramas");
      await Promise.all(going.map(({ leg }) => leg.bye()));
      await moved;
      await until(
        async () => (await mixer.dump()).legs.length === MOVED - 4 + 2,
        "the legs of those who stay",
      );

      await Promise.all(people.slice(4).map(({ rtp }) => rtp.hears(DRAMAS_HZ)));
      const counted = [...conference.focus.conferences.values()].map(({ id, size }) => [id, size]);
      assert.deepEqual(Object.fromEntries(counted), { comedies: 1, dramas: MOVED - 4 + 1 });
    });
  });
