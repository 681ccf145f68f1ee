/** Decides, after each change, what the page in front means: join, move, leave, or ask the user first. */
import { readConferenceUri } from "../conference-uri.ts";
import type { PageView, Trust } from "../messages.ts";
import { judge, type Verdict } from "./consent.ts";
import type { Kept, Memory } from "./memory.ts";
import type { PageConference } from "./page-conference.ts";
import type { Settings } from "./settings.ts";
import type { Tabs } from "./tabs.ts";
import { isFresh, type Listed, trustByName } from "./trust.ts";

export interface DirectorOptions {
  readonly memory: Kept<Memory>;
  readonly settings: Kept<Settings>;
  readonly tabs: Tabs;
  readonly conference: PageConference;
  /** Reads which servers a site names (trust.ts). */
  fetchListed(origin: string): Promise<Listed>;
  /** Shows the question to the user, in the extension's own window. */
  ask(): void;
  now(): number;
}

/** The page in front with what the user's settings say about it. */
export interface Situation {
  readonly page: PageView;
  readonly verdict: Verdict;
  readonly left: boolean;
}

/** Where each page of a site asks anew, the question opens by itself at most this often. */
const ASK_EVERY_MS = 5000;

export class Director {
  readonly #options: DirectorOptions;
  readonly #fetching = new Set<string>();
  #lastUri: string | undefined;

  constructor(options: DirectorOptions) {
    this.#options = options;
  }

  /** The tagged page in front; `undefined` when there is none or it is not known yet. */
  situation(): Situation | undefined {
    const page = this.#page();
    if (!page) return undefined;
    const { granted, left, front } = this.#options.memory.value;
    const { sites, identity } = this.#options.settings.value;
    const verdict = judge({ ...page, site: sites[page.origin], granted, identity });
    return { page, verdict, left: left !== null && left.tab === front && left.uri === page.uri };
  }

  /** Compares what is with what should be; harmless to call too often. */
  reconsider(): void {
    const front = this.#options.memory.value.front;
    // A page that is still loading changes nothing: there is always a moment between two pages.
    if (front !== null && !this.#options.tabs.front) return;
    this.#forgetOldWord();
    const situation = this.situation();
    if (situation && this.#mustLookUp(situation)) return;
    this.#decide(situation);
  }

  #decide(situation: Situation | undefined): void {
    const { conference } = this.#options;
    if (situation?.verdict.name === "join" && !situation.left) {
      const { uri, origin } = situation.page;
      conference.want({ uri, origin, muted: situation.verdict.muted, display: situation.verdict.display });
      return;
    }
    conference.want(undefined);
    if (situation?.verdict.name === "ask" && !situation.left)
      this.#askOnce(situation.page, situation.verdict);
  }

  #page(): PageView | undefined {
    const page = this.#options.tabs.front;
    const address = page?.kind === "tagged" ? readConferenceUri(page.tag.uri) : undefined;
    if (page?.kind !== "tagged" || !address) return undefined;
    const { uri, host, user } = address;
    const title = page.tag.title ?? user ?? host;
    return { origin: page.origin, uri, host, title, trust: this.#trust(page.origin, host) };
  }

  #trust(origin: string, host: string): Trust {
    const trust = trustByName(origin, host);
    const listed = this.#options.memory.value.listed[origin];
    return trust === "elsewhere" && listed?.hosts.includes(host) ? "listed" : trust;
  }

  // Before the user said anything about a site, not even the site itself is asked for its list.
  #mustLookUp({ page, verdict }: Situation): boolean {
    if (page.trust !== "elsewhere" || verdict.name !== "ask" || verdict.question.reason !== "elsewhere")
      return false;
    const { memory, now } = this.#options;
    if (isFresh(memory.value.listed[page.origin], now())) return false;
    this.#lookUp(page.origin).catch(() => undefined);
    return true;
  }

  async #lookUp(origin: string): Promise<void> {
    if (this.#fetching.has(origin)) return;
    this.#fetching.add(origin);
    const listed = await this.#options.fetchListed(origin);
    this.#fetching.delete(origin);
    const { memory } = this.#options;
    memory.set({ listed: { ...memory.value.listed, [origin]: listed } });
    this.reconsider();
  }

  #askOnce(page: PageView, verdict: Extract<Verdict, { name: "ask" }>): void {
    const { memory, now } = this.#options;
    const each = verdict.question.reason !== "new-site";
    const key = each ? `${page.origin} ${page.uri}` : page.origin;
    const last = Math.max(Number.NEGATIVE_INFINITY, ...Object.values(memory.value.asked));
    if (memory.value.asked[key] !== undefined || (each && now() - last < ASK_EVERY_MS)) return;
    memory.set({ asked: { ...memory.value.asked, [key]: now() } });
    this.#options.ask();
  }

  // A permission for one page ends with that page, and so does having left it, and what went wrong there.
  #forgetOldWord(): void {
    const { memory } = this.#options;
    const { granted, left, front } = memory.value;
    const uri = this.#page()?.uri;
    const moved = this.#lastUri !== undefined && this.#lastUri !== uri;
    this.#lastUri = uri ?? "";
    if (moved && memory.value.problem?.action === "join-here") memory.set({ problem: null });
    if (granted && granted.uri !== uri) memory.set({ granted: null });
    if (left && left.tab === front && left.uri !== uri) memory.set({ left: null });
  }
}
