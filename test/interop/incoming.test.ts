/** Calls that come in to a real service: real baresips call it, and answer it. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import type { DialogId } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { userLine } from "#sip/user-line.ts";
import type { XmlElement } from "#xml/strict.ts";
import { openProxy } from "../../servers/proxy/proxy.ts";
import { parseUsers } from "../../servers/users.ts";
import { Baresip, type BaresipOptions } from "../support/baresip.ts";
import { type ApiClient, Daemon } from "../support/daemon.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { until } from "../support/until.ts";
import { writeToneWav } from "../support/wav.ts";

const HOST = "127.0.0.1";
const BOB_HZ = 600;
const CAROL_HZ = 900;
const DAVE_HZ = 750;
const SOFTPHONE_HZ = 450;
const REALM = "community.test";

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function baresip(options: BaresipOptions): Promise<Baresip> {
  const phone = await Baresip.start({ records: true, ...options });
  open.push(() => phone.stop());
  return phone;
}

interface Service {
  readonly daemon: Daemon;
  readonly client: ApiClient;
  /** Where it is called directly. */
  readonly address: SipUri;
}

/** Alice's service, and a client that follows her calls. */
async function service(config: Readonly<Record<string, unknown>>): Promise<Service> {
  const daemon = await Daemon.start({ name: "alice", config });
  open.push(() => daemon.stop());
  const [, port] = await daemon.program.says(/SIP on sip:127\.0\.0\.1:(\d+)/);
  const client = await daemon.connect();
  open.push(async () => client.close());
  await client.tell("Subscribe", { to: "calls" });
  return { daemon, client, address: `sip:alice@${HOST}:${port}` };
}

const inState = (state: string) => (body: XmlElement) =>
  body.name === "Call" && body.attributes["state"] === state;

/** Carol's phone on the desk, which somebody has to pick up. */
async function deskPhone(): Promise<{ carol: Baresip; device: object }> {
  const carol = await baresip({ name: "carol", hz: CAROL_HZ, answer: "manual" });
  return { carol, device: { kind: "sip", id: "desk", uri: carol.address, anchor: true } };
}

/** Bob, whose every frame is looked at, is answered; he lets himself be held. */
async function bobCalls(address: SipUri): Promise<RtpParty> {
  return (await calls(address, { name: "bob", hz: BOB_HZ })).rtp;
}

interface Caller {
  readonly name: string;
  readonly hz: number;
  /** Whose place it takes. */
  readonly replaces?: DialogId;
}

async function calls(address: SipUri, { name, hz, replaces }: Caller) {
  const agent = await UserAgent.open({ host: HOST, port: 0, name, identity: {} });
  const rtp = await RtpParty.open({ hz });
  open.push(async () => {
    rtp.close();
    await agent.close();
  });
  const onOffer = (offer: string) => rtp.offer(offer.includes("a=sendonly") ? "recvonly" : "sendrecv");
  const options = { offer: rtp.offer(), handlers: { onOffer }, ...(replaces && { replaces }) };
  const { leg, answer } = await agent.invite(address, options);
  rtp.talkTo(answer);
  return { rtp, leg };
}

const hears = (phone: Baresip, hz: number) =>
  until(async () => (await phone.tonesHeard()).includes(hz), `${phone.name} to hear ${hz} Hz`);

describe("A real baresip that calls the service", () => {
  test("rings the baresip on the desk, which is picked up: both hear each other, and both hang up", async () => {
    const { carol, device } = await deskPhone();
    const bob = await baresip({ name: "bob", hz: BOB_HZ });
    const { client, address } = await service({ devices: [device] });

    const [rings, incoming] = [carol.next("CALL_INCOMING"), client.next(inState("incoming"))];
    const up = bob.dial(address);
    const { peeruri } = await rings;
    assert.equal((await incoming).attributes["id"], bob.address);
    const active = client.next(inState("active"));
    await carol.command("accept");
    await Promise.all([up, active]);
    await Promise.all([hears(bob, CAROL_HZ), hears(carol, BOB_HZ)]);

    const [ended, closed] = [client.next(inState("ended")), carol.next("CALL_CLOSED")];
    await bob.command("hangup");
    await Promise.all([ended, closed]);
    assert.match(peeruri ?? "", /^sip:bob@/);
  });

  test("is put through to the softphone of the service by Answer, and the desk phone stops ringing", async () => {
    const { carol, device } = await deskPhone();
    const bob = await baresip({ name: "bob", hz: BOB_HZ });
    const folder = await mkdtemp(join(tmpdir(), "partyline-incoming-"));
    open.push(() => rm(folder, { recursive: true }));
    const microphone = join(folder, "microphone.wav");
    await writeToneWav(microphone, SOFTPHONE_HZ, 60);
    const audio = { audioSource: `aufile,${microphone}`, audioPlayer: "aubridge,nobody" };
    const softphone = { kind: "softphone", id: "baresip", ...audio };
    const { client, address } = await service({ devices: [device, softphone] });

    const [rings, incoming] = [carol.next("CALL_INCOMING"), client.next(inState("incoming"))];
    const up = bob.dial(address);
    const { call = "" } = (await incoming).attributes;
    await rings;
    const closed = carol.next("CALL_CLOSED");
    await client.tell("Answer", { call, dev: "baresip" });
    await Promise.all([up, closed]);
    await hears(bob, SOFTPHONE_HZ);

    const hungUp = bob.next("CALL_CLOSED");
    await client.tell("Leave", { call });
    await hungUp;
  });

  test("during another call takes its place on the same phone, and gives it back", async () => {
    const { carol, device } = await deskPhone();
    const dave = await baresip({ name: "dave", hz: DAVE_HZ });
    const { client, address } = await service({ devices: [device] });
    const rings = carol.next("CALL_INCOMING");
    const calling = bobCalls(address);
    await rings;
    await carol.command("accept");
    const bob = await calling;
    await hears(carol, BOB_HZ);

    const incoming = client.next(inState("incoming"));
    const up = dave.dial(address);
    const { call = "" } = (await incoming).attributes;
    await client.tell("Answer", { call });
    await up;
    await Promise.all([hears(carol, DAVE_HZ), hears(dave, CAROL_HZ)]);
    bob.forget();
    await bob.frames(25);
    assert.deepEqual(bob.heard.tonesHeard(), []);
    assert.deepEqual(await carol.tonesHeard(), [DAVE_HZ]);

    const over = client.next(inState("ended"));
    await dave.command("hangup");
    await over;
    await client.tell("Resume");
    await Promise.all([hears(carol, BOB_HZ), bob.hears(CAROL_HZ)]);
    assert.equal(carol.events.filter(({ type }) => type === "CALL_INCOMING").length, 1);
  });

  test("takes the place of the one it names by Replaces: an attended transfer to the user", async () => {
    const { carol, device } = await deskPhone();
    const { client, address } = await service({ devices: [device] });
    const rings = carol.next("CALL_INCOMING");
    const calling = calls(address, { name: "bob", hz: BOB_HZ });
    await rings;
    await carol.command("accept");
    const bob = await calling;
    await hears(carol, BOB_HZ);
    const left = Promise.withResolvers<void>();
    bob.leg.handlers = { onEnded: () => left.resolve() };

    const dave = await calls(address, { name: "dave", hz: DAVE_HZ, replaces: bob.leg.id });
    await Promise.all([left.promise, hears(carol, DAVE_HZ), dave.rtp.hears(CAROL_HZ)]);

    assert.equal(carol.events.filter(({ type }) => type === "CALL_INCOMING").length, 1);
    await client.tell("Leave");
    await until(() => dave.leg.state === "ended", "dave to hear the BYE");
  });

  test("hears that it is declined, and finds the user busy while she is not to be disturbed", async () => {
    const { carol, device } = await deskPhone();
    const bob = await baresip({ name: "bob", hz: BOB_HZ });
    const { daemon, client, address } = await service({ devices: [device] });

    const incoming = client.next(inState("incoming"));
    const rings = carol.next("CALL_INCOMING");
    await bob.command("dial", address);
    const { call = "" } = (await incoming).attributes;
    await rings;
    const [refused, stopped] = [bob.next("CALL_CLOSED"), carol.next("CALL_CLOSED")];
    await client.tell("Decline", { call });
    assert.match((await refused).param ?? "", /603/);
    await stopped;

    await writeFile(join(daemon.folder, "data", "do-not-disturb"), "");
    const busy = bob.next("CALL_CLOSED");
    await bob.command("dial", address);
    assert.match((await busy).param ?? "", /486/);
  });

  test("reaches her through the proxy at which she is registered with her password, and not past it", async () => {
    const lines = [userLine("alice", REALM, "blue whale"), userLine("bob", REALM, "seal", ["MD5"])];
    const proxy = await openProxy({ host: HOST, port: 0, users: parseUsers(lines.join("\n")) });
    open.push(() => proxy.close());
    const registrar: `${string}:${number}` = `${HOST}:${Number(proxy.address.split(":").at(-1))}`;
    const { carol, device } = await deskPhone();
    const bob = await baresip({ name: "bob", hz: BOB_HZ, account: { registrar, password: "seal" } });
    const account = { id: `sip:alice@${registrar}`, realm: REALM, password: "blue whale" };
    const { client, address } = await service({ devices: [device], accounts: [account] });
    const registered = ({ name, attributes }: XmlElement) =>
      name === "Account" && attributes["state"] === "registered";
    const isThere = client.next(registered);
    await client.tell("Subscribe", { to: "accounts" });
    await isThere;

    const rings = carol.next("CALL_INCOMING");
    const up = bob.dial(`sip:alice@${registrar}`);
    await rings;
    await carol.command("accept");
    await up;
    await Promise.all([hears(bob, CAROL_HZ), hears(carol, BOB_HZ)]);
    const closed = bob.next("CALL_CLOSED");
    await carol.command("hangup");
    await closed;

    const stranger = await baresip({ name: "mallory", hz: BOB_HZ });
    const refused = stranger.next("CALL_CLOSED");
    await stranger.command("dial", address);
    assert.match((await refused).param ?? "", /404/);
  });
});
