/** baresip calls a conference with a PIN, types it on its keypad, waits in the lobby, and has a conference of its own. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { type ConferenceServer, openConferenceServer } from "../../servers/conference/server.ts";
import { Baresip } from "../support/baresip.ts";
import { type Server, startMixer } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { VoicePhone } from "../support/voice-phone.ts";

const HOST = "127.0.0.1";
const BOB = 2_950;
const log = { info: () => undefined, error: () => undefined };

describe("baresip", () => {
  let mixer: Server;
  let conference: ConferenceServer;
  let alice: VoicePhone;
  let bob: Baresip;

  before(async () => {
    mixer = await startMixer({ args: ["--rtp", "0"] });
    bob = await Baresip.start({ name: "bob", hz: BOB });
  });

  after(async () => {
    await bob?.stop();
    await mixer?.stop();
  });

  beforeEach(async () => {
    const mixers: SipUri[] = [`sip:${mixer.host}:${mixer.port}`];
    conference = await openConferenceServer({ host: HOST, port: 0, mixers, log });
    alice = await VoicePhone.open("alice");
  });

  afterEach(async () => {
    await alice.close();
    await conference.close();
  });

  const at = (name: string): SipUri => `sip:${name}@${conference.address.slice("sip:".length)}`;
  const somebody = () => until(() => conference.focus.members.size > 0, "bob on the line");

  test("types the PIN and is heard; nobody heard him before", async () => {
    conference.focus.policies.change("films", { pin: "4711" });
    await alice.joins(`${at("films")};pin=4711`);
    await bob.dial(at("films"));
    await until(() => conference.focus.lobby.typing("films") === 1, "bob at the door");
    await alice.rtp.frames(25);
    assert.equal(alice.rtp.heard.firstWith(BOB), undefined);
    await bob.command("sndcode", "4711#");

    await alice.rtp.hears(BOB);
    assert.equal(conference.focus.conferences.get("films")?.size, 2);
  });

  test("waits in the lobby and is heard when there is none any more", async () => {
    conference.focus.policies.change("films", { lobby: true });
    await bob.dial(at("films"));
    await until(() => conference.focus.conferences.get("films")?.waiting.size === 1, "bob waiting");
    conference.focus.conferences.get("films")?.setPolicy({ lobby: false });
    await alice.joins(at("films"));

    await alice.rtp.hears(BOB);
  });

  test("calls the factory and has a conference that others call by its address", async () => {
    await bob.dial(at("factory"));
    await somebody();
    const [own] = conference.focus.conferences.keys();
    assert.match(own ?? "", /^bob-[0-9a-f]{32}$/);
    await alice.joins(at(own ?? ""));

    await alice.rtp.hears(BOB);
  });
});
