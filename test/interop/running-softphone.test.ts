/** Softphones that the user started himself: used as they are, and left running. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { UserAgent } from "#sip/user-agent.ts";
import type { DeviceConfig } from "../../native-host/src/config-device.ts";
import { configuredDevices } from "../../native-host/src/devices/configured.ts";
import type { Device, DeviceLeg } from "../../native-host/src/devices/device.ts";
import { untilReachable } from "../../native-host/src/devices/reachable.ts";
import { Baresip } from "../support/baresip.ts";
import { freePorts } from "../support/ports.ts";
import { Program } from "../support/processes.ts";
import { RtpRecording } from "../support/rtp-recording.ts";
import { until } from "../support/until.ts";
import { writeToneWav } from "../support/wav.ts";

const HOST = "127.0.0.1";
const HZ = 450;
/** Its ctrl_tcp is two ports above its SIP port. */
const CONTROL = 2;
const signal = new AbortController().signal;

let folder: string;
let agent: UserAgent;
let open: { stop(): Promise<unknown> }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-running-"));
  agent = await UserAgent.open({ host: HOST, port: 0, name: "service", identity: {} });
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((one) => one.stop()));
  await agent.close();
  await rm(folder, { recursive: true, force: true });
});

/** As the configuration has it. */
function device(config: Partial<DeviceConfig> & { readonly program: string }): Device {
  const common = { kind: "softphone", id: "soft", name: "Soft", anchor: true, default: true } as const;
  const registry = configuredDevices([{ ...common, ...config } as DeviceConfig], {
    caller: agent,
    agent,
    mediaHost: HOST,
    directory: folder,
    path: folder,
    untilReachable: (address, stop) => untilReachable(agent, address, stop),
  });
  const [found] = registry.list();
  assert.ok(found);
  open.push({ stop: () => registry.close() });
  return found;
}

async function ownBaresip(): Promise<Baresip> {
  const phone = await Baresip.start({ name: "mine", hz: HZ, answer: "manual" });
  open.push(phone);
  return phone;
}

async function ownLinphone(): Promise<Program> {
  const microphone = join(folder, "microphone.wav");
  await writeToneWav(microphone, HZ, 60);
  const port = await freePorts();
  const sip = [`sip_port=${port}`, "sip_tcp_port=0", "sip_tls_port=0", `bind_address=${HOST}`];
  const rc = [
    "[sip]",
    ...sip,
    "use_ipv6=0",
    "ipv6_migration_done=1",
    "[rtp]",
    "audio_rtp_port=-1",
    "[storage]",
    "uri=null",
  ];
  await writeFile(join(folder, "rc"), `${rc.join("\n")}\n`);
  const phone = await Program.start("linphonec", {
    name: "linphonec",
    args: ["--pipe", "-c", join(folder, "rc")],
    env: { HOME: folder },
  });
  open.push(phone);
  await until(async () => (await tell("soundcard use files")).includes("wav files"), "linphonec");
  await tell(`play ${microphone}`);
  return phone;
}

/** An order for linphonec, as the user would give it by linphonecsh. */
async function tell(order: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let said = "";
  const socket = connect(`/tmp/linphonec-${userInfo().uid}`, () => socket.write(order));
  socket.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  socket.on("error", () => undefined);
  socket.once("close", () => resolve(said));
  return promise;
}

async function hears(leg: DeviceLeg): Promise<void> {
  const heard = new RtpRecording();
  leg.port.onPacket = (packet) => heard.add(packet, { address: "", port: 0 }, 0);
  await until(() => heard.tonesHeard().includes(HZ), "its microphone");
}

const CODECS = ["PCMU", "PCMA"] as const;

describe("A softphone that the user started himself", () => {
  test("baresip is told over ctrl_tcp to answer our call, and goes on running", async () => {
    const phone = await ownBaresip();
    const control = `${HOST}:${phone.port + CONTROL}`;
    const mine = device({ program: "baresip", uri: phone.address, control });

    const end = await mine.wake(signal);
    const leg = await end.connect({ codecs: CODECS, signal });

    await hears(leg);
    await leg.hangUp();
    await mine.close?.();
    assert.deepEqual(await readdir(folder), []);
    assert.equal((await agent.request("OPTIONS", phone.address)).status, 200);
  });

  test("baresip that takes no orders rings until the user picks it up", async () => {
    const phone = await ownBaresip();
    const mine = device({ program: "baresip", uri: phone.address });
    const rings = phone.next("CALL_INCOMING");

    const end = await mine.wake(signal);
    const connected = end.connect({ codecs: CODECS, signal });
    await rings;
    await phone.command("accept");

    await hears(await connected);
  });

  test("baresip rings for a call that comes in, under the name of who calls", async () => {
    const phone = await ownBaresip();
    const control = `${HOST}:${phone.port + CONTROL}`;
    const mine = device({ program: "baresip", uri: phone.address, control });
    const rings = phone.next("CALL_INCOMING");

    const end = await mine.wake(signal);
    assert.ok(end.rings);
    const from = { name: "Bob", uri: "sip:bob@example.com" } as const;
    const ringing = end.connect({ codecs: CODECS, ringMs: 1500, from, signal });

    assert.equal((await rings).peeruri, "sip:bob@example.com");
    await assert.rejects(ringing, { code: "device-timeout" });
  });

  test("linphonec is found by its pipe, told to answer our call, and goes on running", async () => {
    const phone = await ownLinphone();
    const mine = device({ program: "linphonec" });

    const end = await mine.wake(signal);
    const leg = await end.connect({ codecs: CODECS, signal });

    await hears(leg);
    await leg.hangUp();
    await mine.close?.();
    assert.ok(phone.running);
    assert.ok(!(await readdir(folder)).includes("softphone-soft"));
  });

  test("that is not there leaves it to the service to launch one, which is not installed here", async () => {
    const nobody = await freePorts();
    const program = join(folder, "baresip");
    const gone = device({ program, uri: `sip:mine@${HOST}:${nobody}` });

    await assert.rejects(gone.wake(signal), { code: "device-offline" });
  });
});
