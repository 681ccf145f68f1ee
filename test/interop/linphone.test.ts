/** A real Linphone (linphonec) as a device: launched at first use, driven over its standard input. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, test } from "node:test";
import { SipError } from "#sip/sip-error.ts";
import { launchLinphone } from "../../native-host/src/devices/linphone.ts";
import { offerAt } from "../support/descriptions.ts";
import { RtpRecording } from "../support/rtp-recording.ts";
import { MICROPHONE_HZ, SoftphoneCast } from "../support/softphone-cast.ts";
import { until } from "../support/until.ts";

/** In packets of 20 ms. */
const THREE_SECONDS = 150;

let cast: SoftphoneCast;
beforeEach(async () => {
  cast = await SoftphoneCast.open(({ directory, microphone }) =>
    launchLinphone({ program: "linphonec", directory, audioSource: microphone }),
  );
});
afterEach(() => cast.close());

describe("Linphone", () => {
  test("is launched at first use, answers our call by itself, and its microphone is heard; the next call too", async () => {
    for (const call of [1, 2]) {
      const leg = await cast.answered();
      const heard = new RtpRecording();
      leg.port.onPacket = (packet) => heard.add(packet, { address: "", port: 0 }, 0);

      await until(() => heard.tonesHeard().includes(MICROPHONE_HZ), `its microphone in call ${call}`);

      assert.equal(leg.codec, "PCMU");
      assert.notEqual(leg.telephoneEvent, undefined);
      await leg.hangUp();
    }
    assert.equal(cast.programs.length, 1);
  });

  test("stays in the call while no audio comes, as when the other side is ringing", async () => {
    const leg = await cast.answered();
    let ended = "";
    leg.onEnded = (why) => {
      ended = why;
    };
    let packets = 0;
    leg.port.onPacket = () => {
      packets += 1;
    };

    await until(() => packets > THREE_SECONDS || ended !== "", "three seconds of its microphone");

    assert.equal(ended, "");
    await leg.hangUp();
  });

  test("rings for a stranger who knows its address, and does not answer", async () => {
    await cast.device.wake(cast.signal);
    const address = cast.programs[0]?.address ?? "sip:nobody";
    const statuses: number[] = [];

    const strange = cast.agent.invite(address, {
      offer: offerAt(40_000),
      timeoutMs: 1500,
      headers: { "call-info": `<${address}>;answer-after=0` },
      onProgress: (status) => statuses.push(status),
    });

    await assert.rejects(strange, (error) => error instanceof SipError && error.status === 408);
    assert.deepEqual(statuses, [180]);
  });

  test("listens on this computer alone, and leaves nothing in the user's own folders", async () => {
    await cast.device.wake(cast.signal);

    const { address, pid } = cast.programs[0] ?? {};
    const port = Number(address?.split(":").at(-1)).toString(16).toUpperCase();
    const sockets = await readFile(`/proc/${pid}/net/udp`, "utf8");
    assert.match(sockets, new RegExp(`0100007F:${port} `));
    const environment = await readFile(`/proc/${pid}/environ`, "utf8");
    assert.ok(environment.split("\0").includes(`HOME=${cast.directory}`));
  });

  test("that crashes in mid-call ends the call, and is started again by the next", async () => {
    assert.equal(await cast.crashesInMidCall(), "the softphone ended");

    await (await cast.answered()).hangUp();
    assert.equal(cast.programs.length, 2);
  });

  test("left behind by a service that was killed is ended by the next one", async () => {
    await cast.device.wake(cast.signal);

    const next = await launchLinphone({ program: "linphonec", directory: cast.directory });

    await cast.programs[0]?.exited;
    await next.stop();
  });
});
