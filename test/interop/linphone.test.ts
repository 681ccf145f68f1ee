/** A real Linphone (linphonec) as a device: launched at first use, driven over its standard input. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { SipError } from "#sip/sip-error.ts";
import { UserAgent } from "#sip/user-agent.ts";
import type { Device, DeviceLeg } from "../../native-host/src/devices/device.ts";
import { launchLinphone } from "../../native-host/src/devices/linphone.ts";
import { untilReachable } from "../../native-host/src/devices/reachable.ts";
import { type SoftphoneProgram, softphone } from "../../native-host/src/devices/softphone.ts";
import { offerAt } from "../support/descriptions.ts";
import { RtpRecording } from "../support/rtp-recording.ts";
import { until } from "../support/until.ts";
import { writeToneWav } from "../support/wav.ts";

const HOST = "127.0.0.1";
const MICROPHONE_HZ = 450;
const signal = new AbortController().signal;

let folder: string;
let agent: UserAgent;
let linphone: Device;
let programs: SoftphoneProgram[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-linphone-"));
  const audioSource = join(folder, "microphone.wav");
  await writeToneWav(audioSource, MICROPHONE_HZ, 60);
  agent = await UserAgent.open({ host: HOST, port: 0, name: "test", identity: {} });
  programs = [];
  linphone = softphone({
    id: "linphone",
    name: "Linphone",
    anchored: true,
    caller: agent,
    mediaHost: HOST,
    installed: true,
    launch: async () => {
      const directory = join(folder, "linphone");
      const program = await launchLinphone({ program: "linphonec", directory, audioSource });
      programs.push(program);
      return program;
    },
    untilReachable: (address, stop) => untilReachable(agent, address, stop),
  });
});

afterEach(async () => {
  await linphone.close?.();
  await agent.close();
  await rm(folder, { recursive: true, force: true });
});

async function answered(): Promise<DeviceLeg> {
  const end = await linphone.wake(signal);
  return end.connect({ codecs: ["PCMU", "PCMA"], signal });
}

describe("Linphone", () => {
  test("is launched at first use, answers our call by itself, and its microphone is heard; the next call too", async () => {
    for (const call of [1, 2]) {
      const leg = await answered();
      const heard = new RtpRecording();
      leg.port.onPacket = (packet) => heard.add(packet, { address: "", port: 0 }, 0);

      await until(() => heard.tonesHeard().includes(MICROPHONE_HZ), `its microphone in call ${call}`);

      assert.equal(leg.codec, "PCMU");
      assert.notEqual(leg.telephoneEvent, undefined);
      await leg.hangUp();
    }
    assert.equal(programs.length, 1);
  });

  test("rings for a stranger who knows its address, and does not answer", async () => {
    await linphone.wake(signal);
    const address = programs[0]?.address ?? "sip:nobody";
    const statuses: number[] = [];

    const strange = agent.invite(address, {
      offer: offerAt(40_000),
      timeoutMs: 1500,
      headers: { "call-info": `<${address}>;answer-after=0` },
      onProgress: (status) => statuses.push(status),
    });

    await assert.rejects(strange, (error) => error instanceof SipError && error.status === 408);
    assert.deepEqual(statuses, [180]);
  });

  test("listens on this computer alone, and leaves nothing in the user's own folders", async () => {
    await linphone.wake(signal);

    const { address, pid } = programs[0] ?? {};
    const port = Number(address?.split(":").at(-1)).toString(16).toUpperCase();
    const sockets = await readFile(`/proc/${pid}/net/udp`, "utf8");
    assert.match(sockets, new RegExp(`0100007F:${port} `));
    const environment = await readFile(`/proc/${pid}/environ`, "utf8");
    assert.ok(environment.split("\0").includes(`HOME=${join(folder, "linphone")}`));
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
    await linphone.wake(signal);

    const next = await launchLinphone({ program: "linphonec", directory: join(folder, "linphone") });

    await programs[0]?.exited;
    await next.stop();
  });
});
