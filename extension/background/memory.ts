/** What the worker must not forget when it dies: kept in storage.session, gone when the browser closes. */
import type { DeviceView, Problem, Tag } from "../messages.ts";
import type { Call, Prompt } from "./calls.ts";
import type { Roster } from "./roster.ts";

/** What a tab's page said; `own` is a page of the extension, which neither joins nor leaves anything. */
export type Page =
  | { readonly kind: "tagged"; readonly origin: string; readonly tag: Tag }
  | { readonly kind: "none" }
  | { readonly kind: "own" };

/** The call this extension made, and for which site. */
export interface OwnCall {
  readonly call: string;
  readonly uri: string;
  readonly origin: string;
  /** What the service called the conference in its Result. */
  readonly conf?: string;
}

/** A question for a device, or a call that comes in. */
export type WindowKind = "picker" | "incoming";

export interface Memory {
  /** By tab id; a tab that is missing has not spoken yet. */
  readonly pages: Readonly<Record<string, Page>>;
  readonly front: number | null;
  readonly own: OwnCall | null;
  readonly calls: Readonly<Record<string, Call>>;
  readonly rosters: Readonly<Record<string, Roster>>;
  readonly devices: readonly DeviceView[];
  /** Open questions, oldest first. */
  readonly prompts: readonly Prompt[];
  /** A link that was clicked on a site that may not call by itself. */
  readonly link: { readonly uri: string; readonly host: string; readonly origin: string } | null;
  /** Calls that come in and whose window the user closed. */
  readonly silenced: readonly string[];
  /** The extension's small windows that are open, by their browser id. */
  readonly windows: Readonly<Partial<Record<WindowKind, number>>>;
  readonly problem: Problem | null;
  /** The page whose conference the user left by hand. */
  readonly left: { readonly tab: number; readonly uri: string } | null;
  /** A permission for one page only, for those who are asked each time. */
  readonly granted: { readonly origin: string; readonly uri: string; readonly muted: boolean } | null;
  /** Sites and rooms the user was asked about in this browser session. */
  readonly asked: Readonly<Record<string, number>>;
  /** Servers that sites name in /.well-known/sip-conference, and when they were read. */
  readonly listed: Readonly<Record<string, { readonly hosts: readonly string[]; readonly at: number }>>;
}

export const EMPTY: Memory = {
  pages: {},
  front: null,
  own: null,
  calls: {},
  rosters: {},
  devices: [],
  prompts: [],
  link: null,
  silenced: [],
  windows: {},
  problem: null,
  left: null,
  granted: null,
  asked: {},
  listed: {},
};

/** The part of `storage.session` or `storage.local` used here. */
export interface Area {
  get(keys: null): Promise<Record<string, unknown>>;
  set(items: Record<string, unknown>): Promise<void>;
}

/** An object that outlives the worker: read once, written at each change, told to whoever shows it. */
export class Kept<Value extends object> {
  readonly #area: Area;
  readonly #changed: () => void;
  #value: Value;
  /** Settled when what was kept has been read; nothing may be decided before. */
  readonly ready: Promise<void>;

  constructor(area: Area, empty: Value, changed: () => void) {
    this.#area = area;
    this.#changed = changed;
    this.#value = empty;
    this.ready = area.get(null).then((kept) => {
      // Only this class writes this area, so what is kept under a key of Value has its type.
      this.#value = { ...empty, ...kept };
    });
  }

  #unsaved: Partial<Value> = {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  get value(): Value {
    return this.#value;
  }

  set(patch: Partial<Value>): void {
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#save(), 0);
    this.#unsaved = { ...this.#unsaved, ...patch };
    this.#value = { ...this.#value, ...patch };
    this.#changed();
  }

  // One write for all changes of a moment, after the command they led to has gone out.
  #save(): void {
    const patch = this.#unsaved;
    this.#unsaved = {};
    this.#timer = undefined;
    // A full or broken storage costs only what a restart would have brought back.
    this.#area.set(patch).catch(() => undefined);
  }
}
