import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "puppeteer";
import { launchChromium } from "../../support/chromium.ts";
import type { Person } from "../../support/conference-cast.ts";
import { ControlCast, TOKEN } from "../../support/control-cast.ts";
import { until } from "../../support/until.ts";

let folder: string;
let browser: Browser;
let control: ControlCast;
let page: Page;
let alice: Person;
let bob: Person;
/** What the browser complained about. */
const complaints: string[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-page-"));
  browser = await launchChromium({ profile: folder, headless: true });
  control = await ControlCast.open();
  alice = await control.cast.person("alice");
  bob = await control.cast.person("bob");
  await alice.joins("films");
  await bob.joins("films");
  page = await browser.newPage();
  page.on("console", (message) => void complaints.push(message.text()));
  page.on("pageerror", (error) => void complaints.push(String(error)));
  await page.goto(control.api.address);
});

after(async () => {
  await browser.close();
  await control.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** What a person reads in it, each element in one line; empty when there is none. */
async function text(selector: string): Promise<string> {
  const script = `[...document.querySelectorAll('${selector}')].map((one) => one.innerText).join(" | ")`;
  return String(await page.evaluate(script))
    .replace(/\s+/g, " ")
    .trim();
}

async function shows(selector: string, pattern: RegExp): Promise<void> {
  let seen = "";
  const holds = async () => {
    seen = await text(selector);
    return pattern.test(seen);
  };
  await until(holds, `${pattern} in ${selector}`, 10_000).catch((cause: unknown) => {
    throw new Error(`${selector} reads: ${seen}`, { cause });
  });
}

async function types(words: string): Promise<void> {
  await page.keyboard.type(words);
  await page.keyboard.press("Enter");
}

describe("The operators' page", () => {
  test("says that a wrong token is none, shows nothing, and keeps it nowhere", async () => {
    await page.focus("#token");
    await types("not-the-token-of-this-server");

    await shows("#alert", /Show the token/);
    assert.equal(await text("#conferences"), "");
    assert.equal(await page.evaluate("sessionStorage.length + localStorage.length"), 0);
    assert.ok(complaints.splice(0).every((text) => /401/.test(text)));
  });

  test("lists the conferences once it has the token, which only its tab keeps", async () => {
    await page.focus("#token");
    await types(TOKEN);

    await shows("#conferences", /films 2 open/);
    await shows("#state", /Live/);
    await shows("#health", /1 held, 2 people/);
    assert.equal(await page.evaluate("document.activeElement.id"), "overview-title");
    assert.equal(await page.$eval("#token", (input) => ("value" in input ? input.value : undefined)), "");
    assert.equal(await page.evaluate("localStorage.length"), 0);
    assert.equal(await page.evaluate("document.cookie"), "");
    assert.ok(!page.url().includes(TOKEN));
  });

  test("shows who is in a conference, reached by the keyboard alone, and what changes as it happens", async () => {
    await page.focus("#conferences button");
    await page.keyboard.press("Enter");
    await shows("#people tr:nth-child(1)", /alice sip:alice@example\.com in .* MuteRemove/);
    await shows("#people tr:nth-child(2)", /bob sip:bob@example\.com in/);
    assert.equal(await page.evaluate("document.activeElement.id"), "detail-title");
    const carol = await control.cast.person("carol");
    const leg = await carol.joins("films");
    const [mixerLeg] = control.cast.mixer.legs("films");
    if (mixerLeg) await control.cast.mixer.talks(mixerLeg, true);

    await shows("#people", /carol/);
    await shows("#health", /1 held, 3 people/);
    await shows("#people tr:nth-child(1)", /talking/);
    await shows("#news", /carol came/);
    await leg.bye();
    await until(async () => !/carol/.test(await text("#people")), "carol gone");
    await shows("#news", /carol left/);
  });

  test("mutes, and the focus stays on the button, which says what it is and how it stands", async () => {
    await page.focus('[aria-label="Mute bob"]');
    await page.keyboard.press("Space");

    await page.waitForSelector('[aria-label="Mute bob"][aria-pressed="true"]');
    assert.equal(await page.evaluate("document.activeElement.getAttribute('aria-label')"), "Mute bob");
    await shows("#people tr:nth-child(2)", /muted by the conference/);
    await page.keyboard.press("Space");
    await page.waitForSelector('[aria-label="Mute bob"][aria-pressed="false"]');
  });

  test("moves those chosen", async () => {
    await page.focus('[aria-label="Choose bob"]');
    await page.keyboard.press("Space");
    await page.focus("#to");
    await types("dramas");

    await shows("#conferences", /dramas 1 open \| |dramas 1 open films 1 open/);
    assert.equal(control.cast.count("dramas"), 1);
  });

  test("locks, and shows it", async () => {
    await page.focus("#lock");
    await page.keyboard.press("Enter");
    await shows("#conferences", /films 1 locked/);
    await page.waitForSelector('#lock[aria-pressed="true"]');
    await page.keyboard.press("Enter");
    await shows("#conferences", /films 1 open/);
  });

  test("shows a name as text, whatever it is", async () => {
    const odd = await control.cast.person("mallory");
    await odd.joins("films", {
      from: { name: '<img src=x onerror="document.title=1">', uri: "sip:mallory@example.com" },
    });

    await shows("#people", /<img src=x onerror="document\.title=1">/);
    assert.equal(await page.title(), "Conferences – Partyline");
  });

  test("asks before it ends a conference for all, and does so only on yes", async () => {
    await page.focus("#end");
    await page.keyboard.press("Enter");
    await shows("#question", /End films for all 2 in it\?/);
    await page.keyboard.press("Escape");
    // Until it is closed, nothing else takes the focus.
    await page.waitForSelector("dialog:not([open])");
    assert.equal(control.cast.count("films"), 2);

    await page.focus("#end");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]");
    await page.focus("#yes");
    await page.keyboard.press("Enter");
    await until(() => control.cast.count("films") === 0, "the end of films");
    await shows("#news", /films is over/);
    await page.waitForFunction("document.activeElement.id === 'overview-title'");
    await shows("#conferences", /^dramas 1 open$/);
  });

  test("is there again after a reload, and forgets the token when told", async () => {
    await page.reload();
    await shows("#conferences", /dramas/);
    await page.focus("#forget");
    await page.keyboard.press("Enter");
    await shows("#state", /Not connected/);
    assert.equal(await text("#conferences"), "");
    assert.equal(await page.evaluate("sessionStorage.length"), 0);
  });

  test("has made the browser complain of nothing", () => {
    assert.deepEqual(complaints, []);
  });
});
