/** Clicks on sip: and tel: links of web pages: called at once where the user trusts the site, else after a question. */
import { readCallUri } from "../call-uri.ts";
import type { Kept, Memory } from "./memory.ts";
import { problemOf } from "./problem.ts";
import type { Settings } from "./settings.ts";
import { trustByName } from "./trust.ts";
import type { UserCalls } from "./user-calls.ts";

export interface LinkCallsOptions {
  readonly memory: Kept<Memory>;
  readonly settings: Kept<Settings>;
  readonly calls: Pick<UserCalls, "open">;
  /** Shows the question to the user. */
  ask(): void;
  /** Shows what is wrong to the user. */
  tell(): void;
  /** Puts the question away; `soon`: the one for a device may follow in the same window. */
  settled(soon: boolean): void;
}

export class LinkCalls {
  readonly #options: LinkCallsOptions;

  constructor(options: LinkCallsOptions) {
    this.#options = options;
  }

  /** A trusted click; the address is whatever the page wrote. */
  clicked(text: unknown, origin: string): void {
    const { memory, ask, tell } = this.#options;
    const address = readCallUri(text);
    if (!address) {
      memory.set({ problem: problemOf("bad-link") });
      tell();
      return;
    }
    const { uri, host } = address;
    // Of telephone numbers the service itself asks, each time.
    if (host === undefined || this.#mayCall(origin, host)) this.#call(uri, origin);
    else {
      memory.set({ link: { uri, host, origin } });
      ask();
    }
  }

  answer(yes: boolean): void {
    const { memory } = this.#options;
    const { link } = memory.value;
    memory.set({ link: null });
    if (yes && link) this.#call(link.uri, link.origin);
    this.#options.settled(yes);
  }

  // A page can make anything look like anything: only a site that may join the user may call, and only within itself.
  #mayCall(origin: string, host: string): boolean {
    const { memory, settings } = this.#options;
    const { choice } = settings.value.sites[origin] ?? {};
    if (choice !== "muted" && choice !== "talking") return false;
    const listed = memory.value.listed[origin]?.hosts.includes(host) ?? false;
    return listed || trustByName(origin, host) === "own";
  }

  #call(uri: string, origin: string): void {
    const { settings, memory, calls } = this.#options;
    memory.set({ problem: null });
    calls.open(uri, origin, settings.value.sites[origin]?.name || settings.value.identity);
  }
}
