/** Which page is in front, and what each tab's page said; asks the page again where its word may be old. */
import type { Kept, Memory, Page } from "./memory.ts";

/** The part of the tabs API used here. */
export interface TabsApi {
  query(filter: object): Promise<readonly { id?: number | undefined }[]>;
  get(tab: number): Promise<{ status?: string | undefined }>;
  sendMessage(tab: number, message: unknown, options: { frameId: number }): Promise<unknown>;
}

export class Tabs {
  readonly #api: TabsApi;
  readonly #memory: Kept<Memory>;
  readonly #changed: () => void;

  constructor(api: TabsApi, memory: Kept<Memory>, changed: () => void) {
    this.#api = api;
    this.#memory = memory;
    this.#changed = changed;
  }

  /** The page in front; `undefined` when it has not spoken yet, or is one of our own. */
  get front(): Page | undefined {
    const { front, pages } = this.#memory.value;
    const page = front === null ? undefined : pages[front];
    return page?.kind === "own" ? undefined : page;
  }

  saw(tab: number, page: Page): void {
    this.#memory.set({ pages: { ...this.#memory.value.pages, [tab]: page } });
    if (tab === this.#memory.value.front) this.#changed();
    else this.#run(this.lookFront());
  }

  /** Finds the tab in front: the active one of the last used ordinary window; our own small windows do not count. */
  async lookFront(): Promise<void> {
    const [tab] = await this.#api.query({ active: true, lastFocusedWindow: true, windowType: "normal" });
    const front = tab?.id;
    if (front === undefined || front === this.#memory.value.front) return;
    this.#memory.set({ front });
    this.#changed();
    await this.ask(front);
  }

  /** Has the page of a tab report itself; a loaded page that cannot is one without a tag. */
  async ask(tab: number): Promise<void> {
    if (this.#isOwn(tab)) return;
    try {
      await this.#api.sendMessage(tab, { name: "report-page", body: {} }, { frameId: 0 });
    } catch {
      const { status } = await this.#api.get(tab);
      if (status === "complete" && !this.#isOwn(tab)) this.saw(tab, { kind: "none" });
    }
  }

  #isOwn(tab: number): boolean {
    return this.#memory.value.pages[tab]?.kind === "own";
  }

  closed(tab: number): void {
    const pages = Object.fromEntries(
      Object.entries(this.#memory.value.pages).filter(([id]) => id !== String(tab)),
    );
    this.#memory.set({ pages });
    if (tab !== this.#memory.value.front) return;
    this.#memory.set({ front: null });
    this.#run(this.#lookAfterClosing());
  }

  // The last tab may have been closed: then nothing is in front, and nobody is in any page's conference.
  async #lookAfterClosing(): Promise<void> {
    await this.lookFront();
    if (this.#memory.value.front === null) this.#changed();
  }

  #run(looking: Promise<void>): void {
    // A tab that closes while it is looked at has nothing more to say.
    looking.catch(() => undefined);
  }
}
