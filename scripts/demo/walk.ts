/** Three people meet on a page, talk, and move on: by a link, by pushState, by the command line. Everything is measured. */
import { setTimeout } from "node:timers/promises";
import { type RtpRecording, samplesOf } from "../../test/support/rtp-recording.ts";
import { tonesIn } from "../../test/support/tone.ts";
import type { Viewer } from "../../test/support/viewer.ts";
import type { Cast } from "./cast.ts";
import type { Figures, Join, Switch } from "./figures.ts";
import { PAGES } from "./pages.ts";
import { type Person, TONES } from "./people.ts";

/** Long enough to tell the tones of a room for sure. */
const LISTEN_MS = 1200;
/** Nobody looks while a move is under way: each look takes time from it. What was seen is read afterwards. */
const SETTLE_MS = 700;
const FRAME_MS = 20;

export async function walk(cast: Cast): Promise<Figures> {
  const joins = await meet(cast);
  const switches = [await aliceFollowsLink(cast), await carolSwitches(cast), await bobMovesInPage(cast)];
  return { joins, switches };
}

/** All three in one conference; each hears the others. */
async function meet(cast: Cast): Promise<Join[]> {
  const { alice, bob, carol, site, say } = cast;
  const page = PAGES.meeting;
  const entered = new Map<Person, number>();
  await Promise.all([alice.open(site.url(page)), bob.open(site.url(page))]);
  entered.set("alice", await consent(alice, "Alice", [alice], ["Alice"]));
  entered.set("bob", await consent(bob, "Bob", [alice, bob], ["Alice", "Bob"]));
  const calledAt = performance.now();
  await carol.partyline("join", await site.roomOf(page), "--dev", "desk");
  entered.set("carol", (await listedAt([alice, bob], ["Alice", "Bob", "Carol"], calledAt)) - calledAt);
  say(`alice, bob and carol are in the conference of ${page}, and both popups list all three`);
  const since = performance.now();
  await setTimeout(LISTEN_MS);
  const people: Person[] = ["alice", "bob", "carol"];
  return Promise.all(
    people.map(async (who) => {
      const hears = namesOf((await heardBy(cast, who, since)).tonesHeard({ from: since }));
      say(`${who} hears ${hears.join(" and ") || "nobody"}`);
      return { who, page, rosterMs: Math.round(entered.get(who) ?? Number.NaN), hears };
    }),
  );
}

/** Allows the site; resolves with the milliseconds until all those popups list exactly these people. */
async function consent(
  who: Viewer,
  name: string,
  popups: readonly Viewer[],
  people: string[],
): Promise<number> {
  const orderedAt = performance.now();
  await who.popup.consent(name);
  await who.popup.enter();
  return (await listedAt(popups, people, orderedAt)) - orderedAt;
}

async function listedAt(
  popups: readonly Viewer[],
  people: readonly string[],
  since: number,
): Promise<number> {
  return Math.max(...(await Promise.all(popups.map(({ popup }) => popup.listed(people, since)))));
}

/** A move as it is being measured. */
interface Move {
  readonly who: Person;
  readonly how: Switch["how"];
  readonly from: string;
  readonly to: string;
  /** When recording began; before the move. */
  readonly since: number;
  /** When the new page was known. */
  readonly knownAt: number;
  /** When the rosters of both pages were right. */
  readonly rosterAt: number;
}

async function aliceFollowsLink(cast: Cast): Promise<Switch> {
  const { alice, bob } = cast;
  await alice.page.evaluateOnNewDocument(WATCH_HEAD);
  const since = performance.now();
  await Promise.all([
    alice.page.waitForNavigation({ waitUntil: "domcontentloaded" }),
    alice.page.evaluate(`document.querySelector('a[href="${PAGES.link}"]').click()`),
  ]);
  await setTimeout(SETTLE_MS);
  const knownAt = Number(await alice.page.evaluate("globalThis.headReadAt")) - performance.timeOrigin;
  const rosterAt = Math.max(
    await bob.popup.listed(["Bob", "Carol"], knownAt),
    await alice.popup.listed(["Alice", "Dora"], knownAt),
  );
  const move = { who: "alice", how: "link", from: PAGES.meeting, to: PAGES.link } as const;
  return measured(cast, { ...move, since, knownAt, rosterAt });
}

/** Notes when the head of the next document is complete, which is when the extension reads its tag. */
const WATCH_HEAD = `
  new MutationObserver((_, observer) => {
    if (!document.body) return;
    globalThis.headReadAt = performance.timeOrigin + performance.now();
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
`;

async function carolSwitches(cast: Cast): Promise<Switch> {
  const { alice, bob, carol, site } = cast;
  const since = performance.now();
  const room = await site.roomOf(PAGES.link);
  const switching = carol.nextSwitch();
  await carol.partyline("switch", room);
  const knownAt = await switching;
  await setTimeout(SETTLE_MS);
  const rosterAt = Math.max(
    await bob.popup.listed(["Bob"], knownAt),
    await alice.popup.listed(["Alice", "Carol", "Dora"], knownAt),
  );
  const move = { who: "carol", how: "partyline switch", from: PAGES.meeting, to: PAGES.link } as const;
  const figures = await measured(cast, { ...move, since, knownAt, rosterAt });
  return { ...figures, reInvites: carol.wire.count("b", "INVITE", { inDialog: true, since }) };
}

async function bobMovesInPage(cast: Cast): Promise<Switch> {
  const { alice, bob } = cast;
  const since = performance.now();
  await bob.page.evaluate(WATCH_PUSH_STATE);
  await bob.page.evaluate(`document.querySelector('a[href="${PAGES.pushState}"]').click()`);
  await setTimeout(SETTLE_MS);
  const knownAt = Number(await bob.page.evaluate("globalThis.pushedAt")) - performance.timeOrigin;
  const rosterAt = Math.max(
    await bob.popup.listed(["Bob", "Dora"], knownAt),
    await alice.popup.listed(["Alice", "Carol", "Dora"], knownAt),
  );
  const move = { who: "bob", how: "pushState", from: PAGES.meeting, to: PAGES.pushState } as const;
  return measured(cast, { ...move, since, knownAt, rosterAt });
}

const WATCH_PUSH_STATE = `
  const push = history.pushState;
  history.pushState = function (...state) {
    globalThis.pushedAt = performance.timeOrigin + performance.now();
    return push.apply(this, state);
  };
`;

async function measured(cast: Cast, move: Move): Promise<Switch> {
  const { who, how, from, to, since, knownAt, rosterAt } = move;
  await setTimeout(LISTEN_MS);
  const window = { from: since, to: performance.now() };
  const heard = await heardBy(cast, who, since);
  const firstAt = beginOf(heard, TONES.dora, since);
  const figures = {
    missingFrames: heard.missingFrames(window),
    gapMs: Math.round(longestPause(heard, window)),
    firstAudioMs: Math.round(firstAt - knownAt),
    rosterMs: Math.round(rosterAt - knownAt),
    ssrcChanges: heard.ssrcChanges(window),
  };
  cast.say(
    `${who} went from ${from} to ${to} by ${how}: ${figures.missingFrames} frames missing, new audio after ${figures.firstAudioMs} ms, rosters right after ${figures.rosterMs} ms`,
  );
  return { who, how, from, to, ...figures };
}

/** When a tone began: its first frame of two in a row, for a click has all tones in it. Infinity when it never did. */
function beginOf(heard: RtpRecording, hz: number, since: number): number {
  const frames = heard.audio({ from: since });
  const has = frames.map((frame) => tonesIn(samplesOf(frame)).includes(hz));
  return frames.find((_, i) => has[i] && has[i + 1])?.at ?? Number.POSITIVE_INFINITY;
}

function longestPause(heard: RtpRecording, window: { from: number; to: number }): number {
  const times = heard.audio(window).map(({ at }) => at);
  return Math.max(0, ...times.slice(1).map((at, i) => at - (times[i] ?? at) - FRAME_MS));
}

async function heardBy({ alice, bob, carol }: Cast, who: Person, since: number): Promise<RtpRecording> {
  if (who === "alice") return alice.heardSince(since);
  if (who === "bob") return bob.heardSince(since);
  return carol.wire.heardBy.b;
}

function namesOf(tones: readonly number[]): string[] {
  const names = Object.entries(TONES).flatMap(([name, hz]) => (tones.includes(hz) ? [name] : []));
  const strange = tones.filter((hz) => !Object.values(TONES).some((own) => own === hz));
  return [...names, ...strange.map((hz) => `${hz} Hz`)];
}
