/** Calls that come in to a browser: a real caller, a real service and a real Chromium, which is the phone. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Page } from "puppeteer";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { type ApiClient, Daemon } from "../support/daemon.ts";
import { buildExtension } from "../support/extension-build.ts";
import { toneLevel } from "../support/tone.ts";
import { TonePhone } from "../support/tone-phone.ts";
import { until } from "../support/until.ts";
import { Viewer } from "../support/viewer.ts";
import { closed, connectService, pressWhenMeant, shows, smallWindow } from "../support/windows.ts";

const ALICE_HZ = 450;
const BOB_HZ = 600;

describe("A call to alice, who has a browser", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let daemon: Daemon;
  let api: ApiClient;
  let viewer: Viewer;
  let bob: TonePhone;
  let address: SipUri;
  const calling: (() => void)[] = [];

  before(async () => {
    await buildExtension();
    daemon = await Daemon.start({ name: "alice", config: { devices: [] } });
    stack.defer(() => daemon.stop());
    const [, port] = await daemon.program.says(/SIP on sip:127\.0\.0\.1:(\d+)/);
    address = `sip:alice@127.0.0.1:${port}` as SipUri;
    api = await daemon.connect();
    stack.defer(() => api.close());
    await api.tell("Subscribe", { to: "calls" });
    bob = await TonePhone.open("bob", BOB_HZ);
    stack.defer(() => bob.close());
    viewer = await Viewer.start({ name: "alice", hz: ALICE_HZ, environment: daemon.environment });
    stack.defer(() => viewer.close());
    await connectService(viewer, api);
  });

  after(() => stack.disposeAsync());

  afterEach(async () => {
    for (const hangUp of calling.splice(0)) hangUp();
    await api.ask("Leave", { all: "true" });
  });

  /** Bob calls; what becomes of it, and how he gives up. */
  function bobCalls(display = "Bob") {
    const hungUp = new AbortController();
    const call = bob.agent.invite(address, {
      offer: bob.rtp.offer(),
      from: { name: display, uri: bob.address },
      // He lets himself be held.
      handlers: { onOffer: (sdp) => bob.rtp.offer(sdp.includes("a=sendonly") ? "recvonly" : "sendrecv") },
      signal: hungUp.signal,
    });
    call.catch(() => undefined);
    calling.push(() => hungUp.abort());
    return { call, hangUp: () => hungUp.abort() };
  }

  async function offscreen(): Promise<Page | undefined> {
    const target = viewer.browser.targets().find((one) => one.url().endsWith("/offscreen/index.html"));
    return target?.asPage();
  }

  /** How loud 440 and 480 Hz are in what goes to the loudspeaker, 0 to 1. */
  async function heardOfBell(): Promise<number[]> {
    const page = await offscreen();
    assert.ok(page);
    const { rate, samples } = (await page.evaluate(`(async () => {
      const output = partylineDiagnosis.bell.output;
      const ear = new AnalyserNode(output.context, { fftSize: 8192 });
      output.connect(ear);
      await new Promise((heard) => setTimeout(heard, 300));
      const samples = new Float32Array(8192);
      ear.getFloatTimeDomainData(samples);
      return { rate: output.context.sampleRate, samples: [...samples] };
    })()`)) as { rate: number; samples: number[] };
    const pcm = samples.map((sample) => sample * 32_767);
    return [440, 480].map((hz) => toneLevel(pcm, hz, rate));
  }

  const isRinging = async () => {
    const page = await offscreen();
    // A document that is coming or going makes no sound.
    const on = await page?.evaluate("globalThis.partylineDiagnosis?.bell.on").catch(() => false);
    return on === true;
  };

  const notices = async () =>
    Object.keys((await (await viewer.worker()).evaluate("chrome.notifications.getAll()")) as object);

  async function answered(call: Promise<{ leg: Leg; answer: string }>): Promise<Leg> {
    const { leg, answer } = await call;
    bob.rtp.talkTo(answer);
    return leg;
  }

  test("rings aloud, says who calls, and is answered with a key: both hear each other", async () => {
    const { call } = bobCalls();
    const card = await smallWindow(viewer, "incoming");
    await shows(card, /Incoming call\s+Bob\s+bob@127\.0\.0\.1/);
    await until(isRinging, "the bell");
    const [low = 0, high = 0] = await heardOfBell();
    assert.ok(low > 0.05 && high > 0.05, `440 Hz ${low}, 480 Hz ${high}`);
    assert.equal((await notices()).length, 1);
    assert.equal(await card.evaluate("document.activeElement.textContent"), "Answer");

    const at = performance.now();
    await pressWhenMeant(card, "Enter");
    const leg = await answered(call);
    await bob.rtp.hears(ALICE_HZ);
    const hears = async () => (await viewer.heardSince(at)).tonesHeard().includes(BOB_HZ);
    await until(hears, "bob in the browser");
    await closed(viewer, "incoming");
    assert.equal(await isRinging(), false);
    assert.deepEqual(await notices(), []);

    await shows(await viewer.popup.open(), /Bob\s+Connected/);
    await leg.bye();
    await until(async () => !/Bob/.test(await viewer.popup.text()), "the end of the call");
  });

  test("is held, resumed and gets digits from the popup, and is hung up there", async () => {
    const { call } = bobCalls();
    const card = await smallWindow(viewer, "incoming");
    await card.waitForSelector("button.answer");
    await card.click("button.answer");
    const leg = await answered(call);
    await bob.rtp.hears(ALICE_HZ);
    await closed(viewer, "incoming");
    const popup = await viewer.popup.open();
    await shows(popup, /Bob\s+Connected/);

    await popup.click("#hold");
    await shows(popup, /Bob\s+On hold[\s\S]*Resume/);
    const silentFrom = bob.rtp.forget();
    await until(() => performance.now() - silentFrom > 300, "some time on hold");
    assert.deepEqual(bob.rtp.heard.tonesHeard(), []);
    await popup.keyboard.press("h");
    await bob.rtp.hears(ALICE_HZ);

    const digit = bob.rtp.next(({ header, payload }) => header.payloadType === 101 && payload[0] === 11);
    await popup.click("#keypad-toggle");
    await popup.keyboard.press("#");
    await digit;

    const over = new Promise<void>((ended) => {
      leg.handlers = { onEnded: () => ended() };
    });
    await popup.click("#leave");
    await over;
  });

  test("is declined: bob hears 603, and nothing is missed", async () => {
    const { call } = bobCalls();
    const card = await smallWindow(viewer, "incoming");
    await card.waitForSelector("button.decline");
    await card.click("button.decline");

    await assert.rejects(call, { status: 603 });
    await closed(viewer, "incoming");
    await until(async () => !(await isRinging()), "silence");
    assert.doesNotMatch(await viewer.popup.text(), /Missed/);
  });

  test("is answered and declined from the notification", async () => {
    const press = async (button: number) => {
      await until(async () => (await notices()).length === 1, "the notification");
      const [notice] = await notices();
      const event = "chrome.notifications.onButtonClicked";
      await (await viewer.worker()).evaluate(`${event}.dispatch("${notice}", ${button})`);
    };
    const first = bobCalls();
    await press(1);
    await assert.rejects(first.call, { status: 603 });
    await until(async () => (await notices()).length === 0, "the first notification to go");
    const second = bobCalls();
    await press(0);
    await answered(second.call);
    await bob.rtp.hears(ALICE_HZ);
  });

  test("is missed when bob gives up: the card goes, the bell stops, and the popup says so", async () => {
    // A popup that is open would have shown it at once.
    await (await viewer.popup.open()).close();
    const { call, hangUp } = bobCalls("Robert\u202eevil");
    await smallWindow(viewer, "incoming");
    await until(isRinging, "the bell");
    hangUp();
    await assert.rejects(call);

    await closed(viewer, "incoming");
    await until(async () => !(await isRinging()), "silence");
    const badge = async () => await (await viewer.worker()).evaluate("chrome.action.getBadgeText({})");
    await until(async () => (await badge()) === "1", "one missed call on the button");
    await shows(await viewer.popup.open(), /Missed calls[\s\S]*Robertevil/);
    await until(async () => (await badge()) === "", "the badge to go once it was seen");
  });

  test("rings on elsewhere when its window is closed, and the first who answers ends it here", async () => {
    const { call } = bobCalls();
    const card = await smallWindow(viewer, "incoming");
    await until(isRinging, "the bell");
    await card.close();
    await until(async () => !(await isRinging()), "silence here");

    const incoming = (await api.tell("Status")).children[0]?.children.find(
      ({ attributes }) => attributes["state"] === "incoming",
    );
    assert.ok(incoming, "the call still comes in");
    await api.tell("Decline", { call: incoming.attributes["call"] ?? "", code: "486" });
    await assert.rejects(call, { status: 486 });
    await until(async () => (await notices()).length === 0, "the notification to go");
  });
});
