/** Real softphones, launched by a real service, in real conferences: what those they talk to hear. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import type { IncomingInvite, Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { Baresip } from "../support/baresip.ts";
import { type ApiClient, Daemon } from "../support/daemon.ts";
import { freePorts } from "../support/ports.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { writeToneWav } from "../support/wav.ts";

const HOST = "127.0.0.1";
/** What each device's microphone says. */
const HZ = { baresip: 450, linphone: 900 } as const;
const DEVICES = ["baresip", "linphone"] as const;
type Dev = (typeof DEVICES)[number];
/** The others may be without us for this long when the device is exchanged. */
const MOST_SILENCE_MS = 200;

/** Somebody outside conferences who answers every call, and what they hear. */
class Callee {
  readonly agent: UserAgent;
  readonly rtp: RtpParty;
  leg: Leg | undefined;
  refusesOffers = false;

  private constructor(agent: UserAgent, rtp: RtpParty) {
    this.agent = agent;
    this.rtp = rtp;
  }

  static async open(hz: number): Promise<Callee> {
    const rtp = await RtpParty.open({ hz });
    const onInvite = (invite: IncomingInvite) => callee.#answer(invite);
    const agent = await UserAgent.open({ host: HOST, port: 0, name: "dave", identity: {}, onInvite });
    const callee = new Callee(agent, rtp);
    return callee;
  }

  get uri(): SipUri {
    return `sip:dave@${HOST}:${this.agent.port}`;
  }

  async close(): Promise<void> {
    this.rtp.close();
    await this.agent.close();
  }

  /** Its own re-INVITE. */
  async offersAgain(): Promise<void> {
    this.rtp.talkTo((await this.leg?.offer(this.rtp.offer())) ?? "");
  }

  #answer(invite: IncomingInvite): void {
    this.rtp.talkTo(invite.offer ?? "");
    this.leg = invite.accept(this.rtp.offer(), {
      handlers: {
        onOffer: (offer) => {
          if (this.refusesOffers) throw new SipError(488, "Not Acceptable Here");
          this.rtp.talkTo(offer);
          return this.rtp.offer();
        },
      },
    });
  }
}

describe("Softphones that the service launches", () => {
  let folder: string;
  let site: ConferenceSite;
  let daemon: Daemon;
  let api: ApiClient;
  let dave: Callee;
  let desk: Baresip;
  let kitchen: Baresip;
  /** In comedies and in dramas, listening. */
  const guests: Record<string, { agent: UserAgent; rtp: RtpParty }> = {};

  async function guestIn(room: string): Promise<void> {
    const agent = await UserAgent.open({ host: HOST, port: 0, name: room, identity: { name: room } });
    const rtp = await RtpParty.open();
    const { answer } = await agent.invite(site.room(room), { offer: rtp.offer() });
    rtp.talkTo(answer);
    guests[room] = { agent, rtp };
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "partyline-softphones-"));
    const microphone = (dev: Dev) => join(folder, `${dev}.wav`);
    await Promise.all(DEVICES.map((dev) => writeToneWav(microphone(dev), HZ[dev], 300)));
    site = await startConferenceSite();
    dave = await Callee.open(1500);
    desk = await Baresip.start({ name: "desk", hz: 600 });
    kitchen = await Baresip.start({ name: "kitchen", hz: 1200 });
    await Promise.all([guestIn("comedies"), guestIn("dramas")]);
    const softphone = { kind: "softphone" };
    daemon = await Daemon.start({
      name: "carol",
      config: {
        devices: [
          {
            ...softphone,
            id: "baresip",
            audioSource: `aufile,${microphone("baresip")}`,
            audioPlayer: "aubridge,nobody",
          },
          { ...softphone, id: "linphone", program: "linphonec", audioSource: microphone("linphone") },
          { id: "desk", kind: "sip", uri: desk.address },
          { id: "kitchen", kind: "sip", uri: kitchen.address },
          { id: "dead", kind: "sip", anchor: true, uri: `sip:dead@${HOST}:${await freePorts()}` },
        ],
      },
    });
    api = await daemon.connect();
  });

  after(async () => {
    api.close();
    await daemon.stop();
    for (const { agent, rtp } of Object.values(guests)) {
      rtp.close();
      await agent.close();
    }
    await Promise.all([dave.close(), desk.stop(), kitchen.stop()]);
    await site.stop();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    dave.refusesOffers = false;
    await api.tell("Leave", { all: "true" });
  });

  const listener = (room: string): RtpParty => {
    const guest = guests[room];
    assert.ok(guest);
    return guest.rtp;
  };
  const joinWith = (dev: string, id: string) => api.tell("Join", { id }, `<Use dev="${dev}"/>`);
  async function callState(): Promise<string> {
    const [status] = (await api.tell("Status")).children;
    return (status?.children ?? [])
      .map(({ attributes }) => `${attributes["dev"]} ${attributes["state"]}`)
      .join();
  }
  async function deviceState(dev: string): Promise<string | undefined> {
    const [list] = (await api.tell("Devices")).children;
    return list?.children.find(({ attributes }) => attributes["dev"] === dev)?.attributes["state"];
  }

  for (const dev of DEVICES) {
    test(`${dev} joins comedies and is heard, moves on to dramas without a frame lost, and leaves`, async () => {
      await joinWith(dev, site.room("comedies"));
      await listener("comedies").hears(HZ[dev]);
      assert.equal(await deviceState(dev), "busy");

      const moved = await api.tell("SameDeviceJoin", { id: site.room("dramas") });

      await listener("dramas").hears(HZ[dev]);
      assert.ok(Number(moved.attributes["gap"]) < 40, `a gap of ${moved.attributes["gap"]} ms`);
      const from = listener("comedies").forget();
      await listener("comedies").frames(10);
      assert.deepEqual(listener("comedies").heard.tonesHeard({ from }), []);
      await api.tell("Leave");
      assert.equal(await callState(), "");
      assert.equal(await deviceState(dev), "ready");
    });

    test(`${dev} is held, and the far end hears silence until it is resumed`, async () => {
      await joinWith(dev, dave.uri);
      await dave.rtp.hears(HZ[dev]);

      await api.tell("Hold");
      assert.equal(await callState(), `${dev} held`);
      const held = dave.rtp.forget();
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.deepEqual(dave.rtp.heard.tonesHeard({ from: held }), []);

      await api.tell("Resume");
      await dave.rtp.hears(HZ[dev]);
      assert.equal(await callState(), `${dev} active`);
    });

    test(`${dev} presses keys, and the far end hears them as events`, async () => {
      await joinWith(dev, dave.uri);
      await dave.rtp.hears(HZ[dev]);
      dave.rtp.forget();

      await api.tell("Dtmf", { digits: "42#" });

      const events = dave.rtp.heard.packets.filter(({ header }) => header.payloadType === 101);
      const pressed = new Set(events.map(({ payload }) => payload[0]));
      assert.deepEqual([...pressed], [4, 2, 11]);
    });
  }

  for (const [from, to] of [
    ["baresip", "linphone"],
    ["linphone", "baresip"],
  ] as const) {
    test(`from ${from} to ${to} in a conference: the others are without us for ${MOST_SILENCE_MS} ms at most`, async () => {
      const rtp = listener("comedies");
      await joinWith(from, site.room("comedies"));
      await rtp.hears(HZ[from]);
      rtp.forget();

      await api.tell("Use", { dev: to });

      await rtp.hears(HZ[to]);
      await rtp.frames(25);
      const silence = rtp.heard.longestSilentRun();
      assert.ok(silence <= MOST_SILENCE_MS, `${silence} ms of silence`);
      assert.equal(rtp.heard.missingFrames(), 0);
      assert.deepEqual(rtp.heard.tonesHeard({ from: rtp.heard.firstWith(HZ[to])?.at ?? 0 }), [HZ[to]]);
      assert.equal(await callState(), `${to} active`);
      assert.equal(await deviceState(from), "ready");
    });
  }

  test("a dead device leaves the call with the one it has", async () => {
    const rtp = listener("comedies");
    await joinWith("baresip", site.room("comedies"));
    await rtp.hears(HZ.baresip);
    rtp.forget();

    const refused = await api.ask("Use", { dev: "dead" });

    assert.equal(refused.children[0]?.attributes["code"], "device-offline");
    assert.equal(await callState(), "baresip active");
    // A frame that the mixer has to make up is no silence of the phone.
    assert.ok(rtp.heard.longestSilentRun() <= 60);
    await rtp.hears(HZ.baresip);
    assert.equal(await deviceState("dead"), "offline");
  });

  test("a far end that answers 488 to the new device keeps the old one, and so does the user", async () => {
    await joinWith("desk", dave.uri);
    await dave.rtp.hears(600);
    dave.refusesOffers = true;

    const refused = await api.ask("Use", { dev: "kitchen" });

    assert.equal(refused.attributes["status"], "error");
    assert.equal(await callState(), "desk active");
    dave.rtp.forget();
    await dave.rtp.hears(600);
    await until(async () => (await deviceState("kitchen")) === "ready", "the kitchen phone to be free");
  });

  test("a far end that offers at the same moment is put off or heard, and the call goes on with the new device", async () => {
    await joinWith("desk", dave.uri);
    await dave.rtp.hears(600);

    const used = api.ask("Use", { dev: "kitchen" });
    const offered = dave.offersAgain().catch((refused: unknown) => refused);
    const [result] = await Promise.all([used, offered]);

    const ok = result.attributes["status"] === "ok";
    assert.equal(await callState(), ok ? "kitchen active" : "desk active");
    dave.rtp.forget();
    await dave.rtp.hears(ok ? 1200 : 600);
  });
});
