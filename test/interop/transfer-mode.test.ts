/** Transfer mode to real phones: they are told by REFER whom to call, and the call is then theirs. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { IncomingInvite, Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { UserAgent } from "#sip/user-agent.ts";
import type { Device } from "../../native-host/src/devices/device.ts";
import { untilReachable } from "../../native-host/src/devices/reachable.ts";
import { sipPhone } from "../../native-host/src/devices/sip-phone.ts";
import { softphone } from "../../native-host/src/devices/softphone.ts";
import { SOFTPHONE_PROGRAMS } from "../../native-host/src/devices/softphone-programs.ts";
import { freePorts } from "../support/ports.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { plays } from "../support/sipp.ts";
import { until } from "../support/until.ts";
import { writeToneWav } from "../support/wav.ts";

const HOST = "127.0.0.1";
const PHONE_HZ = 450;
const DRAMAS_HZ = 800;
const SCENARIO = (name: string) => join(import.meta.dirname, "sipp", `${name}.xml`);

let folder: string;
let service: UserAgent;
let dramas: UserAgent;
let onInvite: (invite: IncomingInvite) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-transfer-"));
  const common = { host: HOST, port: 0, identity: {} };
  service = await UserAgent.open({ ...common, name: "service" });
  dramas = await UserAgent.open({ ...common, name: "dramas", onInvite: (invite) => onInvite(invite) });
});

afterEach(async () => {
  await Promise.all([service.close(), dramas.close()]);
  await rm(folder, { recursive: true, force: true });
});

const target = (): SipUri => `sip:dramas@${HOST}:${dramas.port}`;
const common = () => ({ caller: service, mediaHost: HOST, anchored: true });

async function phoneOf(program: string): Promise<Device> {
  const kind = SOFTPHONE_PROGRAMS[program];
  const microphone = join(folder, "microphone.wav");
  await writeToneWav(microphone, PHONE_HZ, 60);
  const audio =
    program === "baresip"
      ? { audioSource: `aufile,${microphone}`, audioPlayer: "aubridge,nobody" }
      : { audioSource: microphone };
  const launch = () => {
    if (!kind) throw new Error(`no ${program}`);
    return kind.launch({ program, directory: join(folder, program), ...audio });
  };
  return softphone({
    ...common(),
    id: program,
    name: program,
    installed: true,
    launch,
    untilReachable: (address, signal) => untilReachable(service, address, signal),
  });
}

function desk(port: number, more: Partial<Parameters<typeof sipPhone>[0]> = {}): Device {
  return sipPhone({ ...common(), id: "desk", name: "Desk", uri: `sip:desk@${HOST}:${port}`, ...more });
}

/** Has the phone call dramas, as alice; says whether dramas rang. */
async function dial(phone: Device): Promise<{ rang: boolean }> {
  const seen = { rang: false };
  await phone.dial?.(target(), {
    from: `sip:alice@${HOST}`,
    onRinging: () => {
      seen.rang = true;
    },
    signal: AbortSignal.timeout(20_000),
  });
  return seen;
}

describe("Transfer mode", () => {
  for (const program of Object.keys(SOFTPHONE_PROGRAMS)) {
    test(`hands ${program} the call: it calls dramas, both hear each other, and nothing of ours is left`, async () => {
      const phone = await phoneOf(program);
      const rtp = await RtpParty.open({ hz: DRAMAS_HZ });
      let leg: Leg | undefined;
      onInvite = (invite) => {
        invite.ring();
        leg = invite.accept(rtp.offer());
        rtp.talkTo(invite.offer ?? "");
      };
      try {
        await dial(phone);

        await rtp.hears(PHONE_HZ);
        await until(() => [...service.legs()].length === 0, "our call with the phone to be over");
        assert.equal(leg?.state, "confirmed");
      } finally {
        await leg?.bye();
        rtp.close();
        await phone.close?.();
      }
    });

    test(`to somebody busy fails with ${program} hung up`, async () => {
      const phone = await phoneOf(program);
      onInvite = (invite) => invite.reject(486);
      try {
        await assert.rejects(dial(phone), (error) => error instanceof SipError && error.status === 486);
        await until(() => [...service.legs()].length === 0, "our call with the phone to be over");
      } finally {
        await phone.close?.();
      }
    });
  }

  test("calls a desk phone first, asks it inside that call, hears that dramas rings and answers, and hangs up", async () => {
    const keys = { outcome: "200 OK" };
    const phone = await plays(SCENARIO("is-a-phone-that-is-referred"), { background: true, keys });

    const { rang } = await dial(desk(phone.port));

    assert.ok(rang);
    await phone.finished;
  });

  for (const [outcome, status] of [
    ["486 Busy Here", 486],
    ["603 Decline", 603],
    ["404 Not Found", 404],
  ] as const) {
    test(`says what dramas answered: ${outcome}; the desk phone is hung up`, async () => {
      const keys = { outcome };
      const phone = await plays(SCENARIO("is-a-phone-that-is-referred"), { background: true, keys });

      await assert.rejects(
        dial(desk(phone.port)),
        (error) => error instanceof SipError && error.status === status,
      );

      await phone.finished;
    });
  }

  test("is not for a desk phone that takes no REFER; it is hung up", async () => {
    const phone = await plays(SCENARIO("is-a-phone-that-takes-no-refer"), { background: true });

    await assert.rejects(dial(desk(phone.port)), { code: "device-unsupported", sip: 501 });

    await phone.finished;
  });

  test("asks a phone outside any call where the configuration says so", async () => {
    const phone = await plays(SCENARIO("is-referred"), { background: true });

    await dial(desk(phone.port, { transfer: "outside", referrer: service }));

    await phone.finished;
  });

  test("outside any call is declined in words by a phone that takes no strangers", async () => {
    const phone = await plays(SCENARIO("is-referred-and-declines"), { background: true });

    const declined = dial(desk(phone.port, { transfer: "outside", referrer: service }));

    await assert.rejects(declined, { code: "device-unsupported", sip: 603 });
    await phone.finished;
  });

  test("to a desk phone that is not there fails within five seconds", async () => {
    const startedAt = performance.now();

    await assert.rejects(dial(desk(await freePorts(), { requester: service })), { code: "device-offline" });

    assert.ok(performance.now() - startedAt < 5000);
  });

  test("a phone configured without it has no such thing", () => {
    const phone = desk(5060, { transfer: "none" });

    assert.equal(phone.dial, undefined);
    assert.ok(!phone.caps.includes("transfer"));
  });
});
