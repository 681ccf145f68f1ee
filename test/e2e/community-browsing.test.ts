/** The flagship: two browsers and a baresip on the pages of a film community; the same walk as `npm start -- --once`. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startCast } from "../../scripts/demo/cast.ts";
import type { Figures, Switch } from "../../scripts/demo/figures.ts";
import { startSite } from "../../scripts/demo/site.ts";
import { walk } from "../../scripts/demo/walk.ts";
import { buildExtension } from "../support/extension-build.ts";
import { takePrecedence } from "../support/precedence.ts";

/** `npm start -- --once` holds the walk to its limits; here, beside whatever else runs, only to its order of magnitude. */
const SOON_MS = 2000;

describe("alice and bob in their browsers and carol on her desk phone", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  const told: string[] = [];
  let figures: Figures;

  before(async () => {
    takePrecedence();
    await buildExtension();
    const say = (text: string) => void told.push(text);
    const site = await startSite(stack, { say });
    figures = await walk(await startCast(stack, site, say));
  });

  after(() => stack.disposeAsync());

  function moved(who: string): Switch {
    const found = figures.switches.find((move) => move.who === who);
    assert.ok(found, `${who} moved`);
    return found;
  }

  test("meet on one page: each hears the other two and not themselves", () => {
    const heard = figures.joins.map(({ who, hears }) => [who, [...hears].sort()]);

    assert.deepEqual(heard, [
      ["alice", ["bob", "carol"]],
      ["bob", ["alice", "carol"]],
      ["carol", ["alice", "bob"]],
    ]);
  });

  test("alice follows a link, misses no frame, and hears the next page", () => {
    const alice = moved("alice");

    assert.equal(alice.missingFrames, 0);
    assert.equal(alice.ssrcChanges, 0);
    assert.ok(alice.firstAudioMs <= SOON_MS, `${alice.firstAudioMs} ms`);
  });

  test("bob moves by pushState, misses no frame, and hears the next page", () => {
    const bob = moved("bob");

    assert.equal(bob.missingFrames, 0);
    assert.equal(bob.ssrcChanges, 0);
    assert.ok(bob.firstAudioMs <= SOON_MS, `${bob.firstAudioMs} ms`);
  });

  test("carol is switched by one command: her phone hears one stream and gets no re-INVITE", () => {
    const carol = moved("carol");

    assert.equal(carol.missingFrames, 0);
    assert.equal(carol.ssrcChanges, 0);
    assert.equal(carol.reInvites, 0);
  });

  test("the popups list who is on their page soon after each move", () => {
    for (const { who, rosterMs } of figures.switches)
      assert.ok(rosterMs <= SOON_MS, `${who}: ${rosterMs} ms`);
  });
});
