import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { SipError } from "#sip/sip-error.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { launchBaresip } from "../../native-host/src/devices/baresip.ts";
import type { Device, DeviceLeg } from "../../native-host/src/devices/device.ts";
import { untilReachable } from "../../native-host/src/devices/reachable.ts";
import { type SoftphoneProgram, softphone } from "../../native-host/src/devices/softphone.ts";
import { RtpRecording } from "../support/rtp-recording.ts";
import { until } from "../support/until.ts";
import { writeToneWav } from "../support/wav.ts";

const HOST = "127.0.0.1";
const MICROPHONE_HZ = 450;
const signal = new AbortController().signal;

let folder: string;
let agent: UserAgent;
let baresip: Device;
let programs: SoftphoneProgram[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-softphone-"));
  const microphone = join(folder, "microphone.wav");
  await writeToneWav(microphone, MICROPHONE_HZ, 60);
  agent = await UserAgent.open({ host: HOST, port: 0, name: "test", identity: {} });
  programs = [];
  baresip = softphone({
    id: "soft",
    name: "Baresip",
    anchored: true,
    caller: agent,
    mediaHost: HOST,
    installed: true,
    launch: async () => {
      const audio = { audioSource: `aufile,${microphone}`, audioPlayer: "aubridge,nobody" };
      const program = await launchBaresip({ program: "baresip", directory: join(folder, "soft"), ...audio });
      programs.push(program);
      return program;
    },
    untilReachable: (address, stop) => untilReachable(agent, address, stop),
  });
});

afterEach(async () => {
  await baresip.close?.();
  await agent.close();
  await rm(folder, { recursive: true, force: true });
});

async function answered(): Promise<DeviceLeg> {
  const end = await baresip.wake(signal);
  return end.connect({ codecs: ["PCMU", "PCMA"], signal });
}

describe("A softphone", () => {
  test("is launched at first use, answers our call by itself, and its microphone is heard", async () => {
    const leg = await answered();
    const heard = new RtpRecording();
    leg.port.onPacket = (packet) => heard.add(packet, { address: "", port: 0 }, 0);

    await until(() => heard.tonesHeard().includes(MICROPHONE_HZ), "its microphone");

    assert.equal(leg.codec, "PCMU");
    await leg.hangUp();
  });

  test("answers nobody who does not know its secret address", async () => {
    await baresip.wake(signal);
    const [program] = programs;
    const port = program?.address.split(":").at(-1);

    const strange = agent.invite(`sip:baresip@${HOST}:${Number(port)}`, { timeoutMs: 2000 });

    await assert.rejects(strange, (error) => error instanceof SipError && error.status >= 400);
    assert.equal((await stat(join(folder, "soft", "accounts"))).mode & 0o777, 0o600);
    assert.match(await readFile(join(folder, "soft", "config"), "utf8"), /^sip_listen 127\.0\.0\.1:/m);
  });

  test("stays for the next call", async () => {
    await (await answered()).hangUp();
    await (await answered()).hangUp();

    assert.equal(programs.length, 1);
  });

  test("that crashes in mid-call ends the call, and is started again by the next", async () => {
    const leg = await answered();
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    leg.onEnded = resolve;

    process.kill(programs[0]?.pid ?? 0, "SIGKILL");

    assert.equal(await ended, "the softphone ended");
    await (await answered()).hangUp();
    assert.equal(programs.length, 2);
  });

  test("left behind by a service that was killed is ended by the next one", async () => {
    await baresip.wake(signal);
    const { program, directory } = { program: "baresip", directory: join(folder, "soft") };

    const next = await launchBaresip({ program, directory, audioPlayer: "aubridge,nobody" });

    await programs[0]?.exited;
    await next.stop();
  });

  test("that is not there is offline, and says so when called", async () => {
    const missing = softphone({
      id: "soft",
      name: "Baresip",
      anchored: true,
      caller: agent,
      mediaHost: HOST,
      installed: false,
      launch: () => launchBaresip({ program: "no-such-softphone", directory: join(folder, "none") }),
      untilReachable: (_address, stop) =>
        new Promise((_resolve, reject) => stop.addEventListener("abort", reject)),
    });

    assert.equal(missing.readiness, "offline");
    await assert.rejects(missing.wake(signal), { code: "device-offline" });
  });
});
