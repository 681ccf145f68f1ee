import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { SipError } from "#sip/sip-error.ts";
import { launchBaresip } from "../../native-host/src/devices/baresip.ts";
import { softphone } from "../../native-host/src/devices/softphone.ts";
import { RtpRecording } from "../support/rtp-recording.ts";
import { MICROPHONE_HZ, SoftphoneCast } from "../support/softphone-cast.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";

let cast: SoftphoneCast;
beforeEach(async () => {
  cast = await SoftphoneCast.open(({ directory, microphone }) => {
    const audio = { audioSource: `aufile,${microphone}`, audioPlayer: "aubridge,nobody" };
    return launchBaresip({ program: "baresip", directory, ...audio });
  });
});
afterEach(() => cast.close());

describe("A softphone", () => {
  test("is launched at first use, answers our call by itself, and its microphone is heard", async () => {
    const leg = await cast.answered();
    const heard = new RtpRecording();
    leg.port.onPacket = (packet) => heard.add(packet, { address: "", port: 0 }, 0);

    await until(() => heard.tonesHeard().includes(MICROPHONE_HZ), "its microphone");

    assert.equal(leg.codec, "PCMU");
    await leg.hangUp();
  });

  test("answers nobody who does not know its secret address", async () => {
    await cast.device.wake(cast.signal);
    const [program] = cast.programs;
    const port = program?.address.split(":").at(-1);

    const strange = cast.agent.invite(`sip:baresip@${HOST}:${Number(port)}`, { timeoutMs: 2000 });

    await assert.rejects(strange, (error) => error instanceof SipError && error.status >= 400);
    assert.equal((await stat(join(cast.directory, "accounts"))).mode & 0o777, 0o600);
    assert.match(await readFile(join(cast.directory, "config"), "utf8"), /^sip_listen 127\.0\.0\.1:/m);
  });

  test("stays for the next call", async () => {
    await (await cast.answered()).hangUp();
    await (await cast.answered()).hangUp();

    assert.equal(cast.programs.length, 1);
  });

  test("that crashes in mid-call ends the call, and is started again by the next", async () => {
    assert.equal(await cast.crashesInMidCall(), "the softphone ended");

    await (await cast.answered()).hangUp();
    assert.equal(cast.programs.length, 2);
  });

  test("left behind by a service that was killed is ended by the next one", async () => {
    await cast.device.wake(cast.signal);
    const { directory } = cast;

    const next = await launchBaresip({ program: "baresip", directory, audioPlayer: "aubridge,nobody" });

    await cast.programs[0]?.exited;
    await next.stop();
  });

  test("that is not there is offline, and says so when called", async () => {
    const missing = softphone({
      id: "soft",
      name: "Baresip",
      anchored: true,
      caller: cast.agent,
      mediaHost: HOST,
      installed: false,
      launch: () => launchBaresip({ program: "no-such-softphone", directory: join(cast.directory, "none") }),
      untilReachable: (_address, stop) =>
        new Promise((_resolve, reject) => stop.addEventListener("abort", reject)),
    });

    assert.equal(missing.readiness, "offline");
    await assert.rejects(missing.wake(cast.signal), { code: "device-offline" });
  });
});
