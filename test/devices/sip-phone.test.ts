import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { writeRtp } from "#rtp/packet.ts";
import type { Caller, InviteOptions } from "#sip/leg.ts";
import type { SipResponse, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { pstnPhone } from "../../native-host/src/devices/pstn-phone.ts";
import { Readiness } from "../../native-host/src/devices/readiness.ts";
import { openRtpPort } from "../../native-host/src/devices/rtp-port.ts";
import { sipPhone } from "../../native-host/src/devices/sip-phone.ts";
import { RtpParty } from "../support/rtp-party.ts";

const HOST = "127.0.0.1";
const DESK: SipUri = `sip:desk@${HOST}`;
const signal = new AbortController().signal;

/** A network in which every call is refused; what was asked for is kept. */
class Nobody implements Caller {
  readonly asked: { readonly target: SipUri; readonly options: InviteOptions }[] = [];

  async invite(target: SipUri, options: InviteOptions): Promise<never> {
    this.asked.push({ target, options });
    throw new SipError(486, "Busy Here");
  }
}

/** Answers OPTIONS with these statuses, one after the other. */
class Answers {
  readonly statuses: number[];
  asked = 0;

  constructor(...statuses: number[]) {
    this.statuses = statuses;
  }

  async request(): Promise<SipResponse> {
    this.asked += 1;
    // Only its status is looked at.
    return { status: this.statuses.shift() ?? 408 } as SipResponse;
  }
}

const common = (caller: Caller) => ({ id: "desk", name: "Desk", anchored: true, caller, mediaHost: HOST });

describe("A SIP phone", () => {
  test("is asked in every known way to answer by itself, but never required to know one", async () => {
    const nobody = new Nobody();
    const end = await sipPhone({ ...common(nobody), uri: DESK }).wake(signal);

    await assert.rejects(end.connect({ codecs: ["PCMU"], signal }), { code: "device-busy" });

    assert.deepEqual(nobody.asked[0]?.options.headers, {
      "call-info": `<${DESK}>;answer-after=0`,
      "alert-info": "<http://127.0.0.1>;info=alert-autoanswer;delay=0",
      "answer-mode": "Auto",
    });
  });

  test("rings for a call that comes in, for as long as it is told, and shows who calls", async () => {
    const nobody = new Nobody();
    const end = await sipPhone({ ...common(nobody), uri: DESK }).wake(signal);
    const from = { name: "Bob", uri: "sip:bob@example.com" } as const;

    await assert.rejects(end.connect({ codecs: ["PCMU"], ringMs: 15_000, from, signal }));

    const { headers, timeoutMs, from: shown } = nobody.asked[0]?.options ?? {};
    assert.ok(end.rings);
    assert.deepEqual([headers, timeoutMs, shown], [{}, 15_000, from]);
  });

  test("that does not answer OPTIONS is offline before it is called", async () => {
    const nobody = new Nobody();
    const phone = sipPhone({ ...common(nobody), uri: DESK, requester: new Answers(408) });
    assert.equal(phone.readiness, "ready");

    await assert.rejects(phone.wake(signal), { code: "device-offline" });

    assert.equal(phone.readiness, "offline");
    assert.deepEqual(nobody.asked, []);
  });

  for (const [transfer, caps] of [
    ["inside", "loop answer hangup hold mute dtmf transfer dial"],
    ["none", "loop answer hangup hold mute dtmf"],
  ] as const) {
    test(`with transfer "${transfer}" can ${caps}`, () => {
      const phone = sipPhone({ ...common(new Nobody()), uri: DESK, transfer });

      assert.equal(phone.caps.join(" "), caps);
      assert.equal(phone.dial !== undefined, caps.includes("dial"));
    });
  }
});

describe("Whether a phone is there", () => {
  test("is asked when somebody wants to know, and not again within five seconds", async () => {
    const answers = new Answers(200, 408);
    const readiness = new Readiness(DESK, answers);

    await Promise.all([readiness.check(), readiness.check()]);
    await readiness.check();

    assert.deepEqual([readiness.state, answers.asked], ["ready", 1]);
  });

  for (const [status, state] of [
    [200, "ready"],
    [486, "ready"],
    [501, "ready"],
    [408, "offline"],
    [503, "offline"],
  ] as const) {
    test(`is ${state} by an answer of ${status}`, async () => {
      const readiness = new Readiness(DESK, new Answers(status));

      await readiness.check();

      assert.equal(readiness.state, state);
    });
  }

  test("is asked again of one that was away, and it may be back", async () => {
    const readiness = new Readiness(DESK, new Answers(408, 200));
    await readiness.check();

    assert.ok(await readiness.isThere());
  });
});

describe("A telephone", () => {
  test("is rung at the gateway until somebody picks it up; nothing asks it to answer by itself", async () => {
    const nobody = new Nobody();
    const uri: SipUri = "sip:+4930123456@gateway.example.com;user=phone";
    const phone = pstnPhone({ ...common(nobody), uri, ringMs: 45_000 });

    const end = await phone.wake(signal);
    await assert.rejects(end.connect({ codecs: ["PCMU"], signal }), { code: "device-busy" });

    const [{ target, options } = { target: "", options: undefined }] = nobody.asked;
    assert.deepEqual([target, options?.headers, options?.timeoutMs], [uri, {}, 45_000]);
    assert.deepEqual(phone.caps, ["loop", "hangup", "hold", "mute", "dtmf"]);
  });
});

describe("The media of a phone", () => {
  test("stay where they are when it names an IPv6 address in an IPv4 call, as Linphone does", async () => {
    const port = await openRtpPort(HOST);
    const desk = await RtpParty.open({ hz: 600 });
    const audio = { direction: "sendrecv", codecs: [], ptimeMs: 20, rtcpMux: false } as const;
    port.agree({ ...audio, address: HOST, port: desk.port });

    port.agree({ ...audio, address: "2001:db8::1", port: 4000 });

    const fields = { payloadType: 0, marker: false, sequence: 1, timestamp: 160, ssrc: 7 };
    const heard = desk.next();
    port.send(writeRtp(fields, Buffer.alloc(160)));
    assert.equal((await heard).header.ssrc, 7);
    desk.close();
    port.close();
  });
});
