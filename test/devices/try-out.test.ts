import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { IncomingInvite } from "#sip/leg.ts";
import { UserAgent } from "#sip/user-agent.ts";
import type { Device } from "../../native-host/src/devices/device.ts";
import { sipPhone } from "../../native-host/src/devices/sip-phone.ts";
import { tryOut } from "../../native-host/src/devices/try-out.ts";
import { ServiceError } from "../../native-host/src/errors.ts";
import { freePorts } from "../support/ports.ts";
import { RtpParty } from "../support/rtp-party.ts";

const HOST = "127.0.0.1";
const CODECS = ["PCMU", "PCMA"] as const;
const TONE_HZ = 450;

let service: UserAgent;
let desk: UserAgent;
let rtp: RtpParty;
let onInvite: (invite: IncomingInvite) => void;

beforeEach(async () => {
  const common = { host: HOST, port: 0, identity: {} };
  service = await UserAgent.open({ ...common, name: "service" });
  desk = await UserAgent.open({ ...common, name: "desk", onInvite: (invite) => onInvite(invite) });
  rtp = await RtpParty.open({ hz: TONE_HZ });
});

afterEach(async () => {
  rtp.close();
  await Promise.all([service.close(), desk.close()]);
});

const phoneAt = (port: number): Device =>
  sipPhone({
    id: "desk",
    name: "Desk phone",
    uri: `sip:desk@${HOST}:${port}`,
    anchored: true,
    caller: service,
    mediaHost: HOST,
    requester: service,
  });
const tried = (device = phoneAt(desk.port)) => tryOut(device, CODECS, AbortSignal.timeout(20_000));

/** Answers, and talks unless it is silent. */
const answers = (talks: boolean) => (invite: IncomingInvite) => {
  invite.accept(rtp.offer());
  if (talks) rtp.talkTo(invite.offer ?? "");
};

describe("Trying out a device", () => {
  test("plays it a tone through the relay for two seconds, measures what it says, and hangs up", async () => {
    onInvite = answers(true);

    const words = await tried();

    const [, packets] =
      /^Desk phone answered after 0\.\d s and was played a tone; it sent (\d+) packets \(PCMU\), the loudest at -\d+ dB\.$/.exec(
        words,
      ) ?? [];
    assert.ok(Math.abs(Number(packets) - 100) < 15, words);
    assert.deepEqual(rtp.heard.tonesHeard(), [TONE_HZ]);
    assert.ok(rtp.heard.audio().length > 85);
    assert.equal(rtp.heard.missingFrames(), 0);
    assert.equal([...service.legs()].length, 0);
  });

  test("says that a microphone is silent", async () => {
    rtp.hz = undefined;
    onInvite = answers(true);

    assert.match(await tried(), /packets of silence: is its microphone muted or covered\?$/);
  });

  test("says what to do about a phone that answers and sends nothing", async () => {
    onInvite = answers(false);

    await assert.rejects(tried(), {
      code: "device-refused",
      message: /no sound came from it\. A firewall may be in between/,
    });
    assert.equal([...service.legs()].length, 0);
  });

  for (const [status, code, words] of [
    [486, "device-busy", /Hang up there first\.$/],
    [403, "device-refused", /Allow calls from this computer in its settings\.$/],
    [488, "device-refused", /Turn G\.711 \(PCMU or PCMA\) on in its settings\.$/],
    [480, "device-timeout", /Let it answer calls from this computer by itself/],
  ] as const) {
    test(`says what to do about a phone that answers ${status}`, async () => {
      onInvite = (invite) => invite.reject(status);

      await assert.rejects(tried(), { code, message: words });
    });
  }

  test("says what to do about a phone that is not there", async () => {
    const startedAt = performance.now();

    const nobody = tried(phoneAt(await freePorts()));

    await assert.rejects(nobody, {
      code: "device-offline",
      message: /Is it switched on, and is its address/,
    });
    assert.ok(performance.now() - startedAt < 5000);
  });

  for (const [kind, code, probe, next] of [
    ["softphone", "device-refused", undefined, /may not be able to open its microphone/],
    ["pstn", "device-timeout", undefined, /is the gateway of the number plan running\?$/],
    ["http", "device-offline", "probes", /is its url in the configuration right\?$/],
  ] as const)
    test(`says what to do about a ${kind} phone that fails with ${code}`, async () => {
      const fails = async () => {
        throw new ServiceError(code, ["desk", "no sound"]);
      };
      const device = { ...phoneAt(0), kind, wake: fails, ...(probe && { probe: fails }) };

      await assert.rejects(tried(device), { code, message: next });
    });

  test("leaves a phone that is not called to its own words", async () => {
    const told = async () => "The phone answers its web requests.";
    const refused = async () => {
      throw new ServiceError("device-refused", ["desk", "wrong phone password"]);
    };

    assert.equal(await tried({ ...phoneAt(0), probe: told }), await told());
    await assert.rejects(tried({ ...phoneAt(0), probe: refused }), {
      message: '"desk" refused: wrong phone password.',
    });
  });
});
