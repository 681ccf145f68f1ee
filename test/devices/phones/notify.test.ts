import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { httpPhone } from "../../../native-host/src/devices/http-phone.ts";
import { Driver } from "../../../native-host/src/devices/phones/driver.ts";
import { notifiedPhone } from "../../support/phones/notified-phone.ts";
import { refused } from "../../support/phones/refused.ts";
import { freePorts } from "../../support/ports.ts";

const signal = new AbortController().signal;
const BOB: SipUri = "sip:bob@example.org";

let service: UserAgent;
before(async () => {
  service = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "test", identity: {} });
});
after(() => service.close());

function notified(uri: SipUri, { model, account }: { model?: string; account?: string } = {}) {
  const sip = { id: "desk", uri, requester: service, answerMs: 300 };
  const driver = new Driver({ id: "desk", by: "notify", model, account, requests: {}, sip });
  const common = { anchored: true, caller: service, mediaHost: "127.0.0.1" };
  return httpPhone({ id: "desk", name: "Desk phone", driver, ...common });
}

describe("A phone that is told by NOTIFY", () => {
  test("of Yealink dials, is dialled digits and hung up", async () => {
    await using phone = await notifiedPhone("Yealink SIP-T54W 96.86.0.100");

    const call = await notified(phone.uri, { account: "alice@example.com" }).dial(BOB, { signal });
    await call.dtmf?.("#");
    await call.hangUp?.();

    const common = { event: "ACTION-URI", type: "message/sipfrag" };
    assert.deepEqual(phone.heard, [
      { ...common, body: "number=bob@example.org&outgoing_uri=alice@example.com" },
      { ...common, body: "key=POUND" },
      { ...common, body: "key=CALLEND" },
    ]);
  });

  test("of Snom's D8xx dials, and cannot be hung up", async () => {
    await using phone = await notifiedPhone("snomD865/10.1.175.16");

    const device = notified(phone.uri);
    const call = await device.dial(BOB, { signal });

    assert.deepEqual(phone.heard, [
      {
        event: "xml",
        type: "application/snomxml",
        body: '<IPPhoneSilent document_id="partyline"><fetch mil="10">phone://mb_exit#numberdial=bob@example.org</fetch></IPPhoneSilent>',
      },
    ]);
    assert.equal(call.hangUp, undefined);
    assert.deepEqual(device.caps, ["transfer", "dial"]);
  });

  test("of Poly dials by the words of its REST interface", async () => {
    await using phone = await notifiedPhone("PolyEdge-Edge_E350-UA/8.1.1");

    await notified(phone.uri, { account: "2" }).dial(BOB, { signal });

    const [{ body = "", ...head } = {}] = phone.heard;
    assert.deepEqual(head, { event: "ACTION-URI", type: "application/JSON" });
    assert.deepEqual(JSON.parse(body), {
      "command-URI": "/api/v1/callctrl/dial",
      data: { Dest: "bob@example.org", Line: "2", Type: "SIP" },
    });
  });

  test("and obeys only its own server says so", async () => {
    await using phone = await notifiedPhone("Yealink", 403);

    const dialling = notified(phone.uri).dial(BOB, { signal });

    await assert.rejects(dialling, refused("device-refused", /Accept SIP Trust Server Only/));
  });

  test("and does not know it says what to do", async () => {
    await using phone = await notifiedPhone("Yealink", 489);

    await assert.rejects(notified(phone.uri).dial(BOB, { signal }), refused("device-refused", /update it/));
  });

  test("and is not there is offline", async () => {
    const device = notified(`sip:desk@127.0.0.1:${await freePorts()}`, { model: "yealink" });

    await assert.rejects(device.dial(BOB, { signal }), refused("device-offline", /"desk"/));
    await assert.rejects(device.probe(signal), refused("device-offline", /"desk"/));
  });

  test("is told no address that would be another command", async () => {
    await using phone = await notifiedPhone("Yealink");

    const dialling = notified(phone.uri).dial("sip:bob&key=REBOOT@example.org", { signal });

    await assert.rejects(dialling, refused("device-unsupported", /such characters/));
    assert.deepEqual(phone.heard, []);
  });

  test("names itself when it is tested", async () => {
    await using phone = await notifiedPhone("Yealink SIP-T54W");

    assert.match(await notified(phone.uri).probe(signal), /Yealink SIP-T54W/);
  });
});
