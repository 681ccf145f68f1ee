/** The extension's real popup, as its user sees and uses it. What runs inside it is text: the DOM is not ours. */
import type { Browser, Extension, Page } from "puppeteer";
import { until } from "./until.ts";

const PATH = "/extension/popup/index.html";
const OPEN_MS = 10_000;
const OPENS_ITSELF_MS = 3000;

/** Who the popup listed, from when on (performance.now()). */
export interface Sighting {
  readonly at: number;
  readonly names: readonly string[];
}

/** Names without the mark beside one's own. */
const NAMES = `[...document.querySelectorAll("#people .person-name")].map((name) => name.firstChild?.nodeValue ?? "")`;

/** Keeps each change of the list with its time, in ms since 1970. */
const WATCH = `
  if (!globalThis.sightings) {
    globalThis.sightings = [];
    const look = () => {
      const shown = document.querySelector("#room").hidden ? [] : ${NAMES};
      const names = shown.sort();
      const last = globalThis.sightings.at(-1);
      if (JSON.stringify(last?.names) === JSON.stringify(names)) return;
      globalThis.sightings.push({ at: performance.timeOrigin + performance.now(), names });
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    look();
  }
`;

export class Popup {
  readonly #browser: Browser;
  readonly #tab: Page;
  readonly #extension: Extension;
  #earlier: Sighting[] = [];
  #page: Page | undefined;

  constructor(browser: Browser, tab: Page, extension: Extension) {
    this.#browser = browser;
    this.#tab = tab;
    this.#extension = extension;
  }

  /** The popup, opened by the extension's button if it is not open. */
  async open(): Promise<Page> {
    const open = this.#find();
    if (!open) await this.#tab.triggerExtensionAction(this.#extension);
    const target =
      open ??
      (await this.#browser.waitForTarget((candidate) => this.#isPopup(candidate.url()), {
        timeout: OPEN_MS,
      }));
    const page = await target.asPage();
    await page.waitForSelector("#people");
    await page.evaluate(WATCH);
    this.#page = page;
    return page;
  }

  /** Answers the question whether this site may join us. */
  async consent(name: string, choice: "muted" | "talking" | "ask" = "talking"): Promise<void> {
    // The question opens the popup by itself; pressing the button at that moment would close it again.
    await this.#browser
      .waitForTarget((candidate) => this.#isPopup(candidate.url()), { timeout: OPENS_ITSELF_MS })
      .catch(() => undefined);
    const page = await this.open();
    await page.waitForSelector("#consent:not([hidden])", { timeout: OPEN_MS });
    await page.$eval("#consent-name", (input, value) => Object.assign(input, { value }), name);
    await page.$eval(`#consent input[value="${choice}"]`, (input) => Object.assign(input, { checked: true }));
    await page.$eval("#consent button[type=submit]", (button) =>
      (button as unknown as { click(): void }).click(),
    );
  }

  /** Picks the first device if we are asked for one; resolves when we are in. */
  async enter(timeoutMs = 15_000): Promise<void> {
    const page = await this.open();
    await until(
      async () => {
        await page.evaluate(
          `document.querySelector("#picker:not([hidden]) #picker-devices button:not([disabled])")?.click()`,
        );
        return (await this.names()).length > 0;
      },
      "the roster in the popup",
      timeoutMs,
    ).catch(async (cause: unknown) => {
      throw new Error(`the popup shows: ${await this.text()}`, { cause });
    });
  }

  /** Everything the popup says, for people who look for what went wrong. */
  async text(): Promise<string> {
    return String(await (await this.open()).evaluate("document.body.innerText"));
  }

  /** Who is listed now, in alphabetical order. */
  async names(): Promise<readonly string[]> {
    return (await this.sightings()).at(-1)?.names ?? [];
  }

  /** Presses mute, leave or another button of the popup. */
  async press(id: string): Promise<void> {
    await (await this.open()).evaluate(`document.querySelector("#${id}").click()`);
  }

  /** All that was listed since the popup was first opened; it is opened again when it closed meanwhile. */
  async sightings(): Promise<readonly Sighting[]> {
    if (!this.#page || this.#page.isClosed() || !this.#find()) await this.open();
    const seen = (await this.#page?.evaluate("globalThis.sightings")) as Sighting[];
    const recent = seen.map(({ at, names }) => ({ at: at - performance.timeOrigin, names }));
    const before = this.#earlier.filter(({ at }) => at < (recent[0]?.at ?? Infinity));
    this.#earlier = [...before, ...recent];
    return this.#earlier;
  }

  /** When these people, and nobody else, were first listed at or after `since`; waits for it. */
  async listed(names: readonly string[], since: number, timeoutMs = 5000): Promise<number> {
    const wanted = JSON.stringify([...names].sort());
    let at: number | undefined;
    const look = async () => {
      at = listedAt(await this.sightings(), wanted, since);
      return at !== undefined;
    };
    await until(look, `${wanted} in the popup`, timeoutMs).catch(async (cause: unknown) => {
      throw new Error(`the popup lists ${JSON.stringify(await this.names())}, not ${wanted}`, { cause });
    });
    return at ?? Number.NaN;
  }

  #find() {
    return this.#browser.targets().find((candidate) => this.#isPopup(candidate.url()));
  }

  #isPopup(url: string): boolean {
    return url.startsWith(`chrome-extension://${this.#extension.id}${PATH}`);
  }
}

/** A list that was right already and stayed so counts from `since` on. */
function listedAt(sightings: readonly Sighting[], wanted: string, since: number): number | undefined {
  const before = sightings.findLast(({ at }) => at < since);
  if (before && JSON.stringify(before.names) === wanted && !sightings.some(({ at }) => at >= since))
    return since;
  return sightings.find(({ at, names }) => at >= since && JSON.stringify(names) === wanted)?.at;
}
