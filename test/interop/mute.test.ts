/** Mute and hold with real media: what a listener hears of somebody who was muted, by the frame of 20 ms. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { SipUri } from "#sip/message.ts";
import { type ConferenceServer, openConferenceServer } from "../../servers/conference/server.ts";
import { mutes } from "../support/control-package.ts";
import { mediaOf } from "../support/rtp-party.ts";
import { type ReceivedPacket, samplesOf } from "../support/rtp-recording.ts";
import { type Server, SITES, startServer } from "../support/servers.ts";
import { FRAME_MS } from "../support/tone.ts";
import { until } from "../support/until.ts";
import { VoicePhone } from "../support/voice-phone.ts";

const HOST = "127.0.0.1";
const MIXERS = ["127.0.0.2", "127.0.0.3"];
const VOICE = 600;
const MUSIC = 900;

let alice: VoicePhone;
let bob: VoicePhone;

beforeEach(async () => {
  alice = await VoicePhone.open("alice");
  bob = await VoicePhone.open("bob", VOICE);
});

afterEach(() => Promise.all([alice.close(), bob.close()]));

async function meet(room: SipUri): Promise<void> {
  await alice.joins(room);
  await bob.joins(room);
  await alice.rtp.hears(VOICE);
}

/** Somewhere between two frames. */
const anyMoment = () => setTimeout(Math.random() * FRAME_MS);

/** Milliseconds from `since` to the last frame with bob's voice, once half a second has gone by. */
async function lastHeard(since: number): Promise<number> {
  await alice.rtp.frames(25);
  return alice.lastWith(VOICE, since);
}

for (const [what, startSite] of Object.entries(SITES))
  describe(`A conference server and ${what} as programs`, () => {
    let site: Awaited<ReturnType<typeof startSite>>;
    before(async () => {
      site = await startSite();
    });
    after(() => site.stop());

    test("are told mute by himself: the last frame comes within 40 ms, listed within 200 ms, ten times", async (t) => {
      const room = site.room("films");
      await meet(room);
      await alice.watches(room);
      const silent: number[] = [];
      const listed: number[] = [];
      for (let round = 0; round < 10; round++) {
        await anyMoment();
        const at = performance.now();
        await mutes(bob.call, bob.uri);
        listed.push((await alice.reads(/muted-via-focus/, at)) - at);
        silent.push(await lastHeard(at));
        await mutes(bob.call, bob.uri, false);
        await alice.rtp.hears(VOICE);
      }
      t.diagnostic(
        `last frame after ms: ${silent.map(Math.round)}; roster after ms: ${listed.map(Math.round)}`,
      );

      assert.ok(Math.max(...silent) < 40, `${silent}`);
      assert.ok(Math.max(...listed) < 200, `${listed}`);
    });

    test("hear *6 from his phone: the last frame comes within 40 ms of the key, and he hears so", async (t) => {
      const room = site.room("keys");
      await meet(room);
      await alice.watches(room);
      const silent: number[] = [];
      for (let round = 0; round < 5; round++) {
        bob.rtp.forget();
        const at = await bob.presses("*6");
        silent.push(await lastHeard(at));
        await until(() => bob.rtp.heard.audio().some(isSound), "a prompt");
        await bob.presses("*6");
        await alice.rtp.hears(VOICE);
      }
      t.diagnostic(`last frame after ms: ${silent.map(Math.round)}`);

      assert.ok(Math.max(...silent) < 40, `${silent}`);
    });

    test("keep his hand, and what he is played, to those it is for", async () => {
      const room = site.room("hands");
      await meet(room);
      await alice.watches(room);
      await mutes(bob.call, bob.uri);
      await alice.rtp.frames(25);
      alice.rtp.forget();
      bob.rtp.forget();
      const at = performance.now();
      await bob.presses("*9");
      await alice.reads(/hand[^>]*>true</, at);
      await until(() => bob.rtp.heard.audio().some(isSound), "a prompt");

      assert.deepEqual(alice.rtp.heard.audio().filter(isSound), []);
    });

    test("are on hold: the music is never heard, and he is heard again by resuming", async () => {
      await meet(site.room("hold"));
      await bob.offers("sendonly");
      bob.rtp.hz = MUSIC;
      const held = performance.now();
      await alice.rtp.frames(25);
      bob.rtp.hz = VOICE;
      await bob.offers("sendrecv");
      await alice.rtp.hears(VOICE);

      assert.deepEqual(alice.framesWith(MUSIC, held), []);
    });

    test("never let a frame of the muted be heard when he calls anew in the place of his call", async () => {
      const room = site.room("takeover");
      await meet(room);
      await mutes(bob.call, bob.uri);
      await alice.rtp.frames(10);
      const since = performance.now();
      for (let round = 0; round < 30; round++) {
        await anyMoment();
        await bob.joins(room);
      }
      await alice.rtp.frames(10);
      assert.deepEqual(alice.framesWith(VOICE, since), []);
      await mutes(bob.call, bob.uri, false);
      await alice.rtp.hears(VOICE);
    });
  });

describe("A conference with two mixers", () => {
  let mixers: Server[];
  let server: ConferenceServer;
  let room: SipUri;

  beforeEach(async () => {
    const start = (host: string) => startServer("mixer", { args: ["--bind", host, "--rtp", "0"] });
    mixers = await Promise.all(MIXERS.map(start));
    server = await openConferenceServer({
      host: HOST,
      port: 0,
      mixers: mixers.map(({ port }, n): SipUri => `sip:${MIXERS[n]}:${port}`),
      log: { info() {}, error() {} },
    });
    room = `sip:films@${server.address.slice("sip:".length)}`;
    await meet(room);
    await mutes(bob.call, bob.uri);
    await alice.rtp.frames(10);
  });

  afterEach(async () => {
    await server.close();
    await Promise.all(mixers.map((mixer) => mixer.stop()));
  });

  test("never lets a frame of the muted be heard when the server moves him, and those he is moved to", async () => {
    const since = performance.now();
    const moved = server.focus.members.all.filter(({ identity }) => identity.aor === bob.uri);
    const all = server.focus.members.all;
    await server.focus.mover.moveAll(moved, "dramas");
    await server.focus.mover.moveAll(all, "comedies");
    await alice.rtp.frames(25);

    assert.deepEqual(alice.framesWith(VOICE, since), []);
    assert.ok(all.some(({ silenced, room: now }) => silenced && now === "comedies"));
    await bob.presses("*6");
    await alice.rtp.hears(VOICE);
  });

  test("never lets a frame of the muted be heard when his mixer dies, and takes his keys at the other", async () => {
    const since = performance.now();
    const before = mediaOf(bob.call.description).address;
    mixers[MIXERS.indexOf(before)]?.program.kill("SIGKILL");
    await until(
      () => mediaOf(bob.call.description).address !== before,
      "bob's media to go elsewhere",
      10_000,
    );
    await alice.rtp.frames(25);

    assert.deepEqual(alice.framesWith(VOICE, since), []);
    await bob.presses("*6");
    await alice.rtp.hears(VOICE);
  });
});

function isSound(packet: ReceivedPacket): boolean {
  return samplesOf(packet).some((sample) => Math.abs(sample) > 64);
}
