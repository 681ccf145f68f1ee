import assert from "node:assert/strict";
import { after, afterEach, describe, test } from "node:test";
import { cleanup } from "node-datachannel";
import { answerPeer, type Peer } from "../../native-host/src/devices/peer.ts";
import { type WebClient, WebPhone } from "../../native-host/src/devices/web-phone.ts";
import { BrowserPeer } from "../support/browser-peer.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { RtpRecording } from "../support/rtp-recording.ts";
import { until } from "../support/until.ts";

const signal = new AbortController().signal;
const codecs = ["PCMU", "PCMA"] as const;

let open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open) one.close();
  open = [];
});
after(() => cleanup());

/** A browser whose extension is connected, and what it was asked. */
function laptop(answer: typeof answerPeer = answerPeer) {
  const asked: string[] = [];
  const client: WebClient = {
    ring: (session) => asked.push(`ring ${session}`),
    hangup: (session) => asked.push(`hangup ${session}`),
  };
  let gone = false;
  const phone = new WebPhone({
    id: "web-1",
    name: "Laptop",
    answerPeer: answer,
    onGone: () => {
      gone = true;
    },
  });
  phone.attach(client);
  const session = () => asked.at(-1)?.split(" ")[1] ?? "";
  return { phone, client, asked, session, isGone: () => gone };
}

describe("A browser as a phone", () => {
  test("talks and hears PCMU over its peer connection", async () => {
    const { phone, session, asked } = laptop();
    const browser = new BrowserPeer();
    open.push(browser);
    const end = await phone.wake();
    const connecting = end.connect({ codecs, signal });
    assert.match(asked[0] ?? "", /^ring /);

    const answer = await phone.offer({ session: session(), sdp: await browser.offer() });
    const leg = await connecting;
    const heard = new RtpRecording();
    leg.port.onPacket = (packet) => heard.add(packet, { address: "", port: 0 }, 0);
    await browser.connect(answer ?? "", 400);
    const desk = await RtpParty.open({ hz: 600 });
    const far = await RtpParty.open();
    open.push(desk, far);
    far.heard.add = (packet) => {
      leg.port.send(packet);
      return undefined;
    };
    desk.talkTo(far);

    await until(() => heard.tonesHeard().includes(400), "the browser's tone");
    await until(() => browser.heard.tonesHeard().includes(600), "the far end's tone");
    assert.deepEqual([leg.codec, leg.telephoneEvent], ["PCMU", 126]);
    await leg.hangUp();
    assert.match(asked.at(-1) ?? "", /^hangup /);
  });

  test("offers the loopback address, where the browser is, and every other one", async () => {
    const browser = new BrowserPeer();
    open.push(browser);

    const peer = await answerPeer(await browser.offer(), codecs);

    open.push(...(peer ? [peer] : []));
    assert.match(peer?.answer ?? "", /^a=candidate:.* 127\.0\.0\.1 \d+ typ host/m);
  });

  test("is lost when it falls silent, long before its connection times out", async (t) => {
    const browser = new BrowserPeer();
    open.push(browser);
    const peer = await answerPeer(await browser.offer(), codecs);
    assert.ok(peer);
    open.push(peer);
    const lost: string[] = [];
    peer.onLost = (reason) => lost.push(reason);
    t.mock.timers.enable({ apis: ["setInterval"] });
    await browser.connect(peer.answer, 400);
    t.mock.timers.tick(20);
    await until(() => peer.port.counts["received"] === 1, "the browser's first packet");

    t.mock.timers.tick(8000);
    assert.deepEqual(lost, []);
    t.mock.timers.tick(1000);

    assert.deepEqual(lost, ["the browser fell silent"]);
  });

  test("refuses a browser that can only speak Opus", async () => {
    const { phone, session } = laptop();
    const browser = new BrowserPeer("opus/48000/2");
    open.push(browser);
    const connecting = assert.rejects((await phone.wake()).connect({ codecs, signal }), {
      code: "device-refused",
    });

    await assert.rejects(phone.offer({ session: session(), sdp: await browser.offer() }), {
      code: "device-refused",
    });
    await connecting;
  });

  test("lives through an offer that is no session description", async () => {
    const { phone, session } = laptop();
    const connecting = assert.rejects((await phone.wake()).connect({ codecs, signal }), {
      code: "bad-request",
    });
    const nonsense = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=rtpmap:0 PCMU/8000\r\n";

    await assert.rejects(phone.offer({ session: session(), sdp: nonsense }), { code: "bad-request" });
    await connecting;
  });

  test("says that the user refused the microphone", async () => {
    const { phone, session } = laptop();
    const connecting = assert.rejects((await phone.wake()).connect({ codecs, signal }), {
      code: "device-refused",
      message: /the microphone is not allowed/,
    });

    const error = { code: "device-refused", detail: "the microphone is not allowed" } as const;
    assert.equal(await phone.offer({ session: session(), error }), undefined);
    await connecting;
  });

  test("is told to hang up when nobody waits for it any more, and its late offer is refused", async () => {
    const { phone, session, asked } = laptop();
    const leaving = new AbortController();
    const connecting = assert.rejects((await phone.wake()).connect({ codecs, signal: leaving.signal }), {
      code: "cancelled",
    });

    leaving.abort();

    await connecting;
    assert.match(asked.at(-1) ?? "", /^hangup /);
    await assert.rejects(phone.offer({ session: session(), sdp: "v=0" }), { code: "no-such-call" });
  });

  test("keeps its call while the extension is away for less than ten seconds", async (t) => {
    const { phone, client, session, isGone } = laptop(fakePeer);
    const connecting = (await phone.wake()).connect({ codecs, signal });
    await phone.offer({ session: session(), sdp: "v=0" });
    const leg = await connecting;
    let ended: string | undefined;
    leg.onEnded = (reason) => {
      ended = reason;
    };
    t.mock.timers.enable({ apis: ["setTimeout"] });

    phone.detach(client);
    t.mock.timers.tick(9_999);
    phone.attach({ ring: () => undefined, hangup: () => undefined });
    t.mock.timers.tick(60_000);

    assert.deepEqual([ended, isGone(), phone.readiness], [undefined, false, "ready"]);
  });

  test("is gone, and its call with it, when the extension stays away", async (t) => {
    const { phone, client, session, isGone } = laptop(fakePeer);
    const connecting = (await phone.wake()).connect({ codecs, signal });
    await phone.offer({ session: session(), sdp: "v=0" });
    const leg = await connecting;
    let ended: string | undefined;
    leg.onEnded = (reason) => {
      ended = reason;
    };
    t.mock.timers.enable({ apis: ["setTimeout"] });

    phone.detach(client);
    assert.equal(phone.readiness, "offline");
    await assert.rejects(phone.wake(), { code: "device-offline" });
    t.mock.timers.tick(10_000);

    assert.deepEqual([ended, isGone()], ["the browser is gone", true]);
  });
});

async function fakePeer(): Promise<Peer> {
  const port = { onPacket: () => undefined, send: () => undefined, close: () => undefined, counts: {} };
  return {
    answer: "v=0",
    port,
    codec: "PCMU",
    telephoneEvent: 126,
    onLost: () => undefined,
    close: () => undefined,
  };
}
