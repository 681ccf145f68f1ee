/** The extension in a real Chromium, with the test playing the SIP service behind its native host. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { FastifyInstance } from "fastify";
import type { Page } from "puppeteer";
import { el } from "../../extension/background/xml.ts";
import { buildSite } from "../../servers/web/site.ts";
import { buildExtension, ExtensionBrowser, temporaryFolder } from "../support/extension-browser.ts";
import { FakeService } from "../support/fake-service.ts";
import { until } from "../support/until.ts";

const CONFERENCE = "127.0.0.1:5080";
const HARBOUR = `sip:film-harbour-lights@${CONFERENCE}`;
const folder = temporaryFolder();
let extension: string;
let site: FastifyInstance;
let origin: string;

before(async () => {
  extension = await buildExtension(folder);
  site = buildSite({ conference: CONFERENCE });
  origin = await site.listen({ host: "127.0.0.1", port: 0 });
});

after(async () => {
  await site.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Stage {
  readonly chromium: ExtensionBrowser;
  readonly service: FakeService;
  readonly page: Page;
}

let stages = 0;

/** A browser, a service and an empty page for one test; all gone when it ends. */
async function withStage(run: (stage: Stage) => Promise<void>, installed = true): Promise<void> {
  const socket = path.join(folder, `host-${stages++}.sock`);
  const service = new FakeService(socket);
  await service.listen();
  const chromium = await ExtensionBrowser.open({ socket, extension, installed });
  try {
    await run({ chromium, service, page: await chromium.browser.newPage() });
  } finally {
    await chromium.close();
    service.close();
  }
}

const words = async (page: Page): Promise<string> => String(await page.evaluate("document.body.innerText"));
const shows = (page: Page, wanted: string | RegExp) =>
  until(async () => new RegExp(wanted).test(await words(page)), `“${wanted}” on the screen`, 5000).catch(
    async (cause: unknown) => {
      throw new Error(`the screen says “${await words(page)}”`, { cause });
    },
  );

/** Opens a film's page and joins its conference as a new user would. */
async function join({ chromium, service, page }: Stage): Promise<Page> {
  await page.goto(`${origin}/films/harbour-lights`);
  const popup = await chromium.askingPopup();
  await popup.waitForSelector("#consent:not([hidden])");
  await popup.click("#consent button[type=submit]");
  await service.next("ExternalJoin", 0);
  await shows(popup, "Connected");
  return popup;
}

const targets = (service: FakeService, name: string) =>
  service.named(name).map(({ attributes }) => attributes["id"]);

describe("The extension", () => {
  test("asks in its own window before anything is joined, and joins muted as a guest by default", () =>
    withStage(async ({ chromium, service, page }) => {
      await page.goto(`${origin}/films/harbour-lights`);
      const popup = await chromium.askingPopup();
      await popup.waitForSelector("#consent:not([hidden])");

      const question = await words(popup);
      assert.match(question, /Join “Harbour Lights”\?/);
      assert.match(question, new RegExp(new URL(origin).host));
      assert.match(question, /Server\s+127\.0\.0\.1/);
      assert.equal(service.connections, 0);

      await popup.click("#consent button[type=submit]");
      const { attributes } = await service.next("ExternalJoin", 0);
      assert.equal(attributes["id"], HARBOUR);
      assert.equal(attributes["muted"], "true");
      assert.equal(attributes["display"], undefined);
      assert.equal(attributes["origin"], origin);
    }));

  test("stays out of a site for good when told never", () =>
    withStage(async ({ chromium, service, page }) => {
      await page.goto(`${origin}/films/harbour-lights`);
      const popup = await chromium.askingPopup();
      await popup.waitForSelector("#consent:not([hidden])");
      await popup.click("#consent-never");
      await shows(popup, "stays out of this site");

      await page.goto(`${origin}/films/the-salt-line`);
      await shows(await chromium.popup(page), "stays out of this site");
      assert.equal(service.connections, 0);
    }));

  test("asks in a small window of its own where no popup can open", () =>
    withStage(async ({ chromium, service, page }) => {
      await page.goto(`${origin}/films/harbour-lights`);
      await (await chromium.askingPopup()).close();
      const worker = await chromium.worker();
      const url = "extension/popup/index.html?window";
      await worker.evaluate(
        `chrome.windows.create({ type: "popup", url: "${url}", width: 400, height: 600 })`,
      );
      const target = await chromium.browser.waitForTarget((one) => one.url().endsWith(url));
      const small = await target.asPage();
      await small.waitForSelector("#consent:not([hidden])");
      const closed = new Promise((resolve) => small.once("close", resolve));
      await Promise.all([closed, small.click("#consent button[type=submit]")]);
      await service.next("ExternalJoin", 0);
    }));

  test("does nothing at all on a page without a tag", () =>
    withStage(async ({ chromium, service, page }) => {
      await page.goto(`${origin}/about`);
      await shows(await chromium.popup(page), "This page has no conference");
      assert.equal(service.connections, 0);
    }));

  test("lists those who are here, and takes a hostile name for nothing but text", () =>
    withStage(async (stage) => {
      const { chromium, service } = stage;
      const hostile = `<img src=x onerror="document.title='owned'"><b>Mallory</b>`;
      service.people.set(HARBOUR, [
        { entity: "sip:alice@127.0.0.1", display: "Alice", me: true, muted: true },
        { entity: "sip:bob@127.0.0.1", display: "Bob", talking: true },
        { entity: "sip:mallory@127.0.0.1", display: `${hostile}\u202e` },
      ]);
      const popup = await join(stage);
      await shows(popup, "3 people are here");

      const names = await popup.$$eval(".person-name", (all) => all.map((one) => one.textContent));
      assert.deepEqual(names, ["Aliceyou", "Bob", hostile.slice(0, 64)]);
      assert.equal(await popup.$("#people img"), null);
      assert.equal(await popup.title(), "Partyline");
      assert.match(await words(popup), /muted/);
      assert.ok(await popup.$("#people li.talking"));
      const worker = await chromium.worker();
      assert.equal(await worker.evaluate("chrome.action.getBadgeText({})"), "3");

      service.tell(el("Talking", { conf: HARBOUR, entity: "sip:bob@127.0.0.1", on: false }));
      await until(async () => (await popup.$("#people li.talking")) === null, "Bob to be quiet");
      service.tell(
        el("Roster", { conf: HARBOUR, version: 99, state: "full" }, [
          el("User", { entity: "sip:alice@127.0.0.1", display: "Alice", me: true }),
        ]),
      );
      await shows(popup, "Only you are here");
    }));

  test("moves once for each page, by link and by pushState, and leaves on a page without a tag", () =>
    withStage(async (stage) => {
      const { service, page } = stage;
      await join(stage);

      await Promise.all([page.waitForNavigation(), page.click('.film a[href="/films/the-salt-line"]')]);
      await service.next("SameDeviceJoin", 0);
      await page.goto(`${origin}/programme/foyer`);
      await until(() => service.named("SameDeviceJoin").length === 2, "the second move");
      await page.click('a[data-room="screen-two"]');
      await until(() => service.named("SameDeviceJoin").length === 3, "the third move");
      await page.goto(`${origin}/about`);
      await service.next("Leave", 0);

      assert.deepEqual(targets(service, "SameDeviceJoin"), [
        `sip:film-the-salt-line@${CONFERENCE}`,
        `sip:film-foyer@${CONFERENCE}`,
        `sip:film-screen-two@${CONFERENCE}`,
      ]);
      assert.equal(service.named("ExternalJoin").length, 1);
      assert.equal(service.named("Leave").length, 1);
    }));

  test("goes with the tab in front, and leaves with the last one", () =>
    withStage(async (stage) => {
      const { chromium, service, page } = stage;
      await join(stage);

      const about = await chromium.browser.newPage();
      await about.goto(`${origin}/about`);
      await service.next("Leave", 0);
      await page.bringToFront();
      await until(() => service.named("ExternalJoin").length === 2, "the way back");
      await page.close();
      await until(() => service.named("Leave").length === 2, "leaving with the closed tab");
    }));

  test("mutes, changes the device, leaves and comes back by keyboard alone", () =>
    withStage(async (stage) => {
      const { service } = stage;
      const popup = await join(stage);

      await popup.keyboard.press("m");
      await service.next("Unmute", 0);
      await shows(popup, "^[\\s\\S]*\\bMute\\b");
      await popup.focus("#device");
      await popup.keyboard.type("Desk");
      assert.equal((await service.next("Use", 0)).attributes["dev"], "desk");
      for (const next of ["mute", "hold", "hand", "keypad-toggle", "leave"]) {
        await popup.keyboard.press("Tab");
        assert.equal(await popup.evaluate("document.activeElement.id"), next);
      }
      await popup.keyboard.press("Enter");
      await service.next("Leave", 0);
      await shows(popup, "You left");
      await popup.focus("#quiet-join");
      await popup.keyboard.press("Enter");
      await until(() => service.named("ExternalJoin").length === 2, "coming back");
    }));

  test("shows the devices to choose from, and sends the choice with the wish to remember it", () =>
    withStage(async ({ chromium, service, page }) => {
      service.asks = true;
      await page.goto(`${origin}/films/harbour-lights`);
      const popup = await chromium.askingPopup();
      await popup.waitForSelector("#consent:not([hidden])");
      await popup.click("#consent button[type=submit]");

      await popup.waitForSelector("#picker:not([hidden])");
      assert.match(await words(popup), /Baresip on this computer[\s\S]*Desk telephone/);
      await until(
        async () => (await popup.evaluate("document.activeElement.value")) === "soft",
        "the first device in focus",
      );
      await popup.keyboard.press("Tab");
      await popup.keyboard.press("Enter");
      const { attributes } = await service.next("Choose", 0);
      assert.deepEqual(
        [attributes["prompt"], attributes["dev"], attributes["remember"]],
        ["p1", "desk", "origin"],
      );
      await shows(popup, "Connected");
    }));

  test("shows the truth again within 2 s after its worker or its bridge was killed", () =>
    withStage(async (stage) => {
      const { chromium, service } = stage;
      const popup = await join(stage);

      const people = [{ entity: "sip:alice@127.0.0.1", display: "Alice", me: true }];
      const kills = [() => chromium.killWorker(), () => service.killBridges()];
      for (const kill of kills) {
        const connections = service.connections;
        // Who comes now is not told to anybody: only a new subscription shows it.
        people.push({ entity: `sip:guest${people.length}@127.0.0.1`, display: "Guest", me: false });
        service.people.set(HARBOUR, [...people]);
        const killedAt = performance.now();
        await kill();
        await shows(popup, `${people.length} people are here[\\s\\S]*Connected`);
        const tookMs = performance.now() - killedAt;
        assert.ok(tookMs < 2000, `took ${tookMs} ms`);
        assert.equal(service.connections, connections + 1);
      }
      assert.equal(service.named("ExternalJoin").length, 1);
      assert.equal(service.named("SameDeviceJoin").length, 0);
    }));

  test("says in a sentence what went wrong and offers the next step", () =>
    withStage(async ({ chromium, service, page }) => {
      service.refusal = { code: "busy" };
      await page.goto(`${origin}/films/harbour-lights`);
      const popup = await chromium.askingPopup();
      await popup.waitForSelector("#consent:not([hidden])");
      await popup.click("#consent button[type=submit]");
      await shows(popup, "The conference is busy");

      await popup.click("#problem-action");
      await shows(popup, "Connected");
      assert.equal(service.named("ExternalJoin").length, 2);
    }));

  test("says how to install the service when it is not there", () =>
    withStage(async ({ chromium, page }) => {
      await page.goto(`${origin}/films/harbour-lights`);
      const popup = await chromium.askingPopup();
      await popup.waitForSelector("#consent:not([hidden])");
      await popup.click("#consent button[type=submit]");
      await shows(popup, "not installed[\\s\\S]*npx partyline install");
    }, false));
});
