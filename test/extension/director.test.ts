import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Director } from "../../extension/background/director.ts";
import { EMPTY, Kept, type Page } from "../../extension/background/memory.ts";
import { PageConference } from "../../extension/background/page-conference.ts";
import { NO_SETTINGS, type Settings } from "../../extension/background/settings.ts";
import { Tabs } from "../../extension/background/tabs.ts";
import { FakeArea, FakeTabs, settled } from "../support/fake-browser.ts";

const FILMS = "https://films.example";
const page = (name: string, origin = FILMS, host = "conf.films.example"): Page => ({
  kind: "tagged",
  origin,
  tag: { uri: `sip:${name}@${host}`, features: [] },
});
const NONE: Page = { kind: "none" };

/** A browser with one window; every wish about the conference is written down. */
async function stage(set: Partial<Settings> = {}, hosts: string[] = []) {
  const browser = new FakeTabs();
  const memory = new Kept(new FakeArea(), EMPTY, () => undefined);
  const settings = new Kept(new FakeArea(), { ...NO_SETTINGS, ...set }, () => undefined);
  await Promise.all([memory.ready, settings.ready]);
  const moves: string[] = [];
  const fetched: string[] = [];
  let questions = 0;
  let now = 0;
  const conference = new PageConference({
    apply: (wanted) => moves.push(wanted?.uri ?? "out"),
    now: () => (now += 1000),
  });
  const tabs: Tabs = new Tabs(browser, memory, () => director.reconsider());
  const director: Director = new Director({
    memory,
    settings,
    tabs,
    conference,
    async fetchListed(origin) {
      fetched.push(origin);
      return { hosts, at: now };
    },
    ask: () => questions++,
    now: () => now,
  });
  /** Brings a tab to the front and lets its page speak, if it has something to say. */
  const show = async (tab: number, says?: Page) => {
    browser.active = tab;
    browser.scripted.add(tab);
    await tabs.lookFront();
    if (says) tabs.saw(tab, says);
    await settled();
  };
  return { browser, memory, settings, tabs, director, moves, fetched, show, questions: () => questions };
}

const ALLOWED = { sites: { [FILMS]: { choice: "muted", name: "" } } } as const;

describe("The page in front", () => {
  test("of a site the user allowed is joined; one without a tag is left", async () => {
    const { show, moves, questions } = await stage(ALLOWED);
    await show(1, page("comedies"));
    await show(1, NONE);
    assert.deepEqual(moves, ["sip:comedies@conf.films.example", "out"]);
    assert.equal(questions(), 0);
  });

  test("of a new site asks once, and nothing is joined or fetched", async () => {
    const { show, moves, fetched, questions } = await stage();
    await show(1, page("comedies", FILMS, "conf.example.net"));
    await show(1, page("dramas", FILMS, "conf.example.net"));
    assert.deepEqual([moves, fetched, questions()], [[], [], 1]);
  });

  test("counts, and no other: a page in the back is not joined before it is shown", async () => {
    const { show, tabs, moves } = await stage(ALLOWED);
    await show(1, page("comedies"));
    tabs.saw(2, page("dramas"));
    await settled();
    assert.deepEqual(moves, ["sip:comedies@conf.films.example"]);
    await show(2);
    assert.deepEqual(moves.at(-1), "sip:dramas@conf.films.example");
  });

  test("changes nothing while the next one is loading", async () => {
    const { show, browser, tabs, moves } = await stage(ALLOWED);
    await show(1, page("comedies"));
    browser.loading.add(2);
    browser.active = 2;
    await tabs.lookFront();
    await settled();
    assert.deepEqual(moves, ["sip:comedies@conf.films.example"]);
  });

  test("that no script of ours can read is one without a tag", async () => {
    const { show, browser, tabs, moves } = await stage(ALLOWED);
    await show(1, page("comedies"));
    browser.active = 2;
    await tabs.lookFront();
    await settled();
    assert.deepEqual(moves.at(-1), "out");
  });

  test("is nobody's when the last tab is closed", async () => {
    const { show, browser, tabs, moves } = await stage(ALLOWED);
    await show(1, page("comedies"));
    browser.active = undefined;
    tabs.closed(1);
    await settled();
    assert.deepEqual(moves.at(-1), "out");
  });

  test("stays what it was under the extension's own pages", async () => {
    const { show, moves } = await stage(ALLOWED);
    await show(1, page("comedies"));
    await show(2, { kind: "own" });
    assert.deepEqual(moves, ["sip:comedies@conf.films.example"]);
  });

  test("on somebody else's server is joined if the site names that server, and asks if not", async () => {
    const naming = await stage(ALLOWED, ["conf.example.net"]);
    await naming.show(1, page("comedies", FILMS, "conf.example.net"));
    assert.deepEqual(naming.fetched, [FILMS]);
    assert.deepEqual(naming.moves, ["sip:comedies@conf.example.net"]);

    const silent = await stage(ALLOWED);
    await silent.show(1, page("comedies", FILMS, "conf.example.net"));
    assert.deepEqual(silent.moves, []);
    assert.equal(silent.questions(), 1);
  });

  test("that was left by hand is not joined again, but the next one is", async () => {
    const { show, memory, director, moves } = await stage(ALLOWED);
    await show(1, page("comedies"));
    memory.set({ left: { tab: 1, uri: "sip:comedies@conf.films.example" } });
    director.reconsider();
    await show(1, page("comedies"));
    await show(1, page("dramas"));
    assert.deepEqual(moves, ["sip:comedies@conf.films.example", "out", "sip:dramas@conf.films.example"]);
  });
});

describe("What the worker keeps", () => {
  test("is there again after it died", async () => {
    const area = new FakeArea();
    const before = new Kept(area, EMPTY, () => undefined);
    await before.ready;
    before.set({ front: 7 });
    before.set({ pages: { 7: page("comedies") } });
    await new Promise((resolve) => setTimeout(resolve, 0));
    const after = new Kept(area, EMPTY, () => undefined);
    await after.ready;
    assert.equal(after.value.front, 7);
    assert.deepEqual(after.value.pages, { 7: page("comedies") });
  });
});
