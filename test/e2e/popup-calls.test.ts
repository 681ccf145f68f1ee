/** Calls in the popup and phones in the settings, in a real Chromium, with the test playing the SIP service. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Page } from "puppeteer";
import { el, type XmlElement } from "../../extension/background/xml.ts";
import { CHROMIUM_EXTENSION_ID } from "../../native-host/src/extension-id.ts";
import { buildSite } from "../../servers/web/site.ts";
import { buildExtension, ExtensionBrowser, temporaryFolder } from "../support/extension-browser.ts";
import { FakeService } from "../support/fake-service.ts";
import { shows } from "../support/windows.ts";

const folder = temporaryFolder();

const call = (name: string, who: string, more: object = {}): XmlElement =>
  el("Call", {
    call: name,
    id: `sip:${who.toLowerCase()}@films.example`,
    display: who,
    dir: "in",
    state: "active",
    dev: "soft",
    muted: false,
    ...more,
  });

describe("Alice, in calls that no page made", () => {
  const stack = new AsyncDisposableStack();
  let service: FakeService;
  let chromium: ExtensionBrowser;
  let page: Page;
  let settings: Page;

  before(async () => {
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const socket = path.join(folder, "host.sock");
    service = new FakeService(socket);
    await service.listen();
    stack.defer(() => service.close());
    chromium = await ExtensionBrowser.open({ socket, extension: await buildExtension(folder) });
    stack.defer(() => chromium.close());
    const site = buildSite({ conference: "127.0.0.1:5080" });
    stack.defer(() => site.close());
    const origin = await site.listen({ host: "127.0.0.1", port: 0 });
    settings = await chromium.browser.newPage();
    await settings.goto(`chrome-extension://${CHROMIUM_EXTENSION_ID}/extension/options/index.html`);
    await settings.click("#service-try");
    await service.next("Devices", 0);
    page = await chromium.browser.newPage();
    await page.goto(`${origin}/about`);
  });

  after(() => stack.disposeAsync());

  /** The attributes of the command that follows. */
  async function says(name: string, act: () => Promise<unknown>): Promise<Readonly<Record<string, string>>> {
    const from = service.commands.length;
    await act();
    const { req: _req, timeout: _timeout, ...attributes } = (await service.next(name, from)).attributes;
    return attributes;
  }

  test("chooses one of two and holds it, moves it to another phone and hangs up", async () => {
    service.tell(call("c1", "Bob"));
    service.tell(call("c2", "Carol", { state: "held", dev: "desk" }));
    const popup = await chromium.popup(page);
    await shows(popup, /Bob\s+Connected\s+Carol\s+On hold[\s\S]*Hold\s+Hang up/);
    assert.deepEqual(await says("Hold", () => popup.click("#hold")), { call: "c1" });

    await popup.click('#calls button[value="c2"]');
    await shows(popup, /Resume\s+Hang up/);
    assert.equal(
      await popup.$eval('#calls button[value="c2"]', (row) => row.getAttribute("aria-pressed")),
      "true",
    );
    assert.deepEqual(await says("Resume", () => popup.keyboard.press("h")), { call: "c2" });
    service.tell(call("c2", "Carol", { dev: "desk" }));
    await shows(popup, /Carol\s+Connected[\s\S]*Hold\s+Hang up/);
    assert.deepEqual(await says("Use", () => popup.select("#device", "soft")), { call: "c2", dev: "soft" });
    assert.deepEqual(await says("Mute", () => popup.click("#mute")), { call: "c2" });
    assert.deepEqual(await says("Leave", () => popup.click("#leave")), { call: "c2" });
    service.tell(call("c2", "Carol", { state: "ended" }));
    service.tell(call("c1", "Bob", { state: "ended" }));
    await shows(popup, /This page has no conference/);
  });

  test("types digits by mouse and keyboard, and only while the keypad is shown", async () => {
    service.tell(call("c3", "Bob"));
    const popup = await chromium.popup(page);
    await shows(popup, /Bob\s+Connected/);
    await popup.keyboard.press("5");
    await popup.click("#keypad-toggle");
    assert.equal(await popup.evaluate("document.querySelector('#keypad-toggle').ariaExpanded"), "true");
    assert.equal((await says("Dtmf", () => popup.keyboard.press("#")))["digits"], "#");
    assert.equal((await says("Dtmf", () => popup.click("#keypad button:first-child")))["digits"], "1");
    assert.equal(service.named("Dtmf").length, 2);
    service.tell(call("c3", "Bob", { state: "ended" }));
  });

  test("can do with a call that was handed to its phone only what that phone can be told", async () => {
    service.tell(call("c4", "Dora", { state: "transferred", dir: "out", dev: "desk" }));
    const popup = await chromium.popup(page);
    await shows(popup, /Dora\s+Handed to your phone/);
    const disabled = await popup.evaluate(
      `[...document.querySelectorAll("#mute, #hold, #keypad-toggle, #device")].map(({ disabled }) => disabled)`,
    );
    assert.deepEqual(disabled, [true, true, true, true]);
    service.tell(call("c4", "Dora", { state: "ended" }));
  });

  test("calls back whom she missed, and clears the list", async () => {
    const missed = el("Call", { call: "c5", id: "sip:erin@films.example", dir: "in", state: "ended" }, [
      el("Error", { code: "no-answer" }),
    ]);
    service.tell(missed);
    const popup = await chromium.popup(page);
    await shows(popup, /Missed calls[\s\S]*erin@films\.example/);
    const back = await says("ExternalJoin", () => popup.click("#missed-list button"));
    assert.equal(back["id"], "sip:erin@films.example");
    await popup.click("#missed-clear");
    await popup.waitForSelector("#missed[hidden]");
  });

  test("tests a phone in the settings and reads what came of it", async () => {
    await settings.bringToFront();
    await shows(settings, /Phones[\s\S]*Baresip on this computer[\s\S]*Test this device/);
    const tested = await says("Test", () => settings.click('[aria-label="Test Desk telephone"]'));
    assert.deepEqual(tested, { dev: "desk" });
    await shows(settings, /It works\./);
  });

  test("switches her links off, and a click is the browser's own again", async () => {
    await settings.bringToFront();
    await settings.click("#switch-sip-links");
    await page.bringToFront();
    await page.evaluate(`document.body.prepend(Object.assign(document.createElement("a"), {
      id: "call-link", href: "sip:bob@films.example", textContent: "call" }));
      globalThis.kept = new Promise((kept) => addEventListener("click", (event) => {
        kept(event.defaultPrevented);
        event.preventDefault();
      }));
      undefined;`);
    await page.click("#call-link");
    assert.equal(await page.evaluate("globalThis.kept"), false);
  });
});
