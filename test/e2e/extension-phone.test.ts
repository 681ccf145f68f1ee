/** This browser as a phone, in a real Chromium: offer, PCMU both ways, mute, and the frame log that other tests read. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Page } from "puppeteer";
import { el, type XmlElement } from "../../extension/background/xml.ts";
import { buildSite } from "../../servers/web/site.ts";
import { buildExtension, ExtensionBrowser, temporaryFolder } from "../support/extension-browser.ts";
import { FakeService } from "../support/fake-service.ts";
import { until } from "../support/until.ts";
import { endWebrtc, WebrtcPeer } from "../support/webrtc-peer.ts";

interface Frame {
  readonly atMs: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly payload: readonly number[];
}

async function offscreen(chromium: ExtensionBrowser): Promise<Page> {
  const target = await chromium.browser.waitForTarget((one) => one.url().endsWith("/offscreen/index.html"));
  return target.asPage();
}

const framesOf = async (document: Page) =>
  (await document.evaluate("partylineDiagnosis.frames(0)")) as Frame[];

interface Stage {
  readonly chromium: ExtensionBrowser;
  readonly service: FakeService;
  readonly dev: string;
}

async function withPhone(run: (stage: Stage) => Promise<void>, microphone = true): Promise<void> {
  const folder = temporaryFolder();
  const socket = path.join(folder, "host.sock");
  const service = new FakeService(socket);
  await service.listen();
  const site = buildSite({ conference: "127.0.0.1:5080" });
  const origin = await site.listen({ host: "127.0.0.1", port: 0 });
  const extension = await buildExtension(folder);
  const chromium = await ExtensionBrowser.open({ socket, extension, microphone });
  try {
    if (microphone) await chromium.allowMicrophone();
    await chromium.diagnose();
    const page = await chromium.browser.newPage();
    await page.goto(`${origin}/films/harbour-lights`);
    const popup = await chromium.askingPopup();
    await popup.waitForSelector("#consent:not([hidden])");
    await popup.click("#consent button[type=submit]");
    const { attributes } = await service.next("WebPhone", 0);
    await run({ chromium, service, dev: attributes["dev"] ?? "" });
  } finally {
    await chromium.close();
    await site.close();
    service.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const call = (dev: string, muted: boolean): XmlElement =>
  el("Call", {
    call: "c1",
    id: "sip:film-harbour-lights@127.0.0.1:5080",
    dir: "out",
    state: "active",
    dev,
    muted,
  });

after(endWebrtc);

describe("This browser as a phone", () => {
  test("offers PCMU with all its candidates, hears each frame once, and is silent while muted", () =>
    withPhone(async ({ chromium, service, dev }) => {
      assert.match(dev, /^web-[0-9a-f]{8}$/);
      service.tell(el("WebRing", { dev, session: "s1" }));
      const offer = await service.next("WebOffer", 0);
      const sdp = FakeService.sdpOf(offer);
      assert.match(sdp, /m=audio \d+ UDP\/TLS\/RTP\/SAVPF 0 126\r?\n/);
      assert.match(sdp, /a=candidate:/);

      const peer = new WebrtcPeer(sdp);
      service.answerOffer(offer.attributes["req"] ?? "", await peer.answer());
      const document = await offscreen(chromium);
      await until(async () => (await framesOf(document)).length > 60, "60 frames");
      const frames = await framesOf(document);
      frames.slice(1).forEach((frame, index) => {
        assert.equal(frame.sequence, ((frames[index]?.sequence ?? 0) + 1) & 0xffff);
        assert.equal(frame.timestamp, ((frames[index]?.timestamp ?? 0) + 160) >>> 0);
      });
      assert.deepEqual(
        [frames[0]?.ssrc, frames[0]?.payloadType, frames[0]?.payload.length],
        [peer.ssrc, 0, 160],
      );
      assert.ok(Math.abs((frames.at(-1)?.atMs ?? 0) - performance.timeOrigin - performance.now()) < 2000);
      assert.ok(peer.heard.packets > 0);
      assert.equal(peer.heard.loud, 0);

      service.tell(call(dev, false));
      await until(() => peer.heard.loud > 0, "the microphone");
      service.tell(call(dev, true));
      await setTimeout(300);
      const { loud, packets } = peer.heard;
      await until(() => peer.heard.packets > packets + 60, "more silence");
      assert.equal(peer.heard.loud, loud);

      service.tell(el("WebHangup", { dev, session: "s1" }));
      await until(
        () => !chromium.browser.targets().some((target) => target.url().includes("/offscreen/")),
        "the phone to be put away",
      );
      peer.close();
    }));

  test("goes on talking when the worker and the bridge die, and offers itself again", () =>
    withPhone(async ({ chromium, service, dev }) => {
      service.tell(el("WebRing", { dev, session: "s1" }));
      const offer = await service.next("WebOffer", 0);
      const peer = new WebrtcPeer(FakeService.sdpOf(offer));
      service.answerOffer(offer.attributes["req"] ?? "", await peer.answer());
      const document = await offscreen(chromium);
      await until(async () => (await framesOf(document)).length > 20, "frames");

      await chromium.killWorker();
      await until(() => service.named("WebPhone").length === 2, "the worker's return", 5000);
      service.killBridges();
      await until(() => service.named("WebPhone").length === 3, "the bridge's return", 5000);

      assert.deepEqual(
        service.named("WebPhone").map(({ attributes }) => attributes["dev"]),
        [dev, dev, dev],
      );
      const before = (await framesOf(document)).length;
      await until(async () => (await framesOf(document)).length > before + 20, "more frames");
      const frames = await framesOf(document);
      const gaps = frames
        .slice(1)
        .filter((frame, index) => frame.sequence !== (((frames[index]?.sequence ?? 0) + 1) & 0xffff));
      assert.equal(gaps.length, 0);
      peer.close();
    }));

  test("asks for the microphone in a page of its own, and tells the service that there is none yet", () =>
    withPhone(async ({ chromium, service, dev }) => {
      service.tell(el("WebRing", { dev, session: "s1" }));
      const { children } = await service.next("WebOffer", 0);
      assert.equal(children[0]?.attributes["code"], "device-refused");
      const target = await chromium.browser.waitForTarget((one) =>
        one.url().endsWith("/options/index.html#microphone"),
      );
      const settings = await target.asPage();
      await settings.waitForSelector("#microphone-allow:not([hidden])");
      assert.match(String(await settings.evaluate("document.body.innerText")), /Not allowed yet/);
      // Looking at our own page ends no call.
      assert.equal(service.named("Leave").length, 0);
    }, false));
});
