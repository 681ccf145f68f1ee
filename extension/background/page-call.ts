/** The call that follows the pages: joins, moves with the device kept, leaves; remembers which call is ours. */
import { essence } from "../conference-uri.ts";
import type { Problem } from "../messages.ts";
import { HostError, HostGoneError } from "./host-error.ts";
import type { RequestOptions } from "./host-port.ts";
import type { Memory, OwnCall } from "./memory.ts";
import type { Wanted } from "./page-conference.ts";
import { problemFrom } from "./problem.ts";
import { el, type XmlElement } from "./xml.ts";

export interface PageCallOptions {
  request(command: XmlElement, options?: RequestOptions): Promise<XmlElement>;
  memory(): Memory;
  remember(patch: Partial<Pick<Memory, "own" | "problem" | "rosters">>): void;
}

/** Long enough for a user who picks a device (60 s) and a conference that rings. */
const JOIN_TIMEOUT_MS = 120_000;
const GRACE_MS = 3000;
/** Codes of what can go wrong in this browser as a phone (offscreen/phone.ts). */
const PHONE_FAILURES: readonly string[] = ["microphone-denied", "no-microphone", "connection"];

export class PageCall {
  readonly #options: PageCallOptions;
  #busy = false;
  #next: { readonly wanted: Wanted | undefined } | undefined;
  #interrupted = false;

  constructor(options: PageCallOptions) {
    this.#options = options;
  }

  /** Brings the user into `wanted`, or out of everything; while a first join is under way the newest wish waits for it. */
  apply(wanted: Wanted | undefined): void {
    if (this.#busy) {
      this.#next = { wanted };
      this.#cutShort(wanted);
      return;
    }
    const own = this.#options.memory().own;
    if (!wanted) this.#tell(own && this.#leave(own));
    else if (own?.uri === wanted.uri) return;
    else if (own) this.#tell(this.#move(own, wanted));
    else this.#tell(this.#joinFirst(wanted));
  }

  /** Whether the host went away in the middle of a command since this was last asked. */
  takeInterrupted(): boolean {
    const interrupted = this.#interrupted;
    this.#interrupted = false;
    return interrupted;
  }

  mute(muted: boolean): void {
    const own = this.#options.memory().own;
    this.#tell(own && this.#options.request(el(muted ? "Mute" : "Unmute", { call: own.call })));
  }

  /** Moves the running call to another device; without a call there is nothing to move. */
  useDevice(device: string): void {
    const own = this.#options.memory().own;
    this.#tell(own && this.#options.request(el("Use", { dev: device, call: own.call })));
  }

  // A first join that waits for the user's choice of a device would wait for nothing.
  #cutShort(wanted: Wanted | undefined): void {
    const { own, calls } = this.#options.memory();
    if (own && (!wanted || calls[own.call]?.state === "choosing")) this.#tell(this.#leave(own));
  }

  async #joinFirst(wanted: Wanted): Promise<void> {
    this.#busy = true;
    try {
      await this.#join(wanted);
    } finally {
      this.#busy = false;
      const next = this.#next;
      this.#next = undefined;
      if (next && next.wanted?.uri !== wanted.uri) this.apply(next.wanted);
    }
  }

  async #join(wanted: Wanted): Promise<void> {
    try {
      const command = el("ExternalJoin", { ...attributesOf(wanted), timeout: JOIN_TIMEOUT_MS });
      await this.#ask(command, wanted);
    } catch (failure) {
      // While the host is away the call may go on there: Status will tell.
      if (failure instanceof HostError) this.#options.remember({ own: null });
      throw failure;
    }
  }

  async #move(own: OwnCall, wanted: Wanted): Promise<void> {
    const open = this.#options.memory().calls[own.call]?.muted === false;
    // A microphone opened for one site stays open only within that site.
    if (wanted.muted && open && own.origin !== wanted.origin) {
      await this.#options.request(el("Mute", { call: own.call }));
    }
    const command = el("SameDeviceJoin", { ...attributesOf(wanted), call: own.call, fallback: "external" });
    try {
      await this.#ask(command, wanted);
    } catch (failure) {
      if (!(failure instanceof HostError) || !/^no-(active|such)-call$/.test(failure.code)) throw failure;
      this.#options.remember({ own: null });
      await this.#joinFirst(wanted);
    }
  }

  async #ask(command: XmlElement, wanted: Wanted): Promise<void> {
    const before = this.#options.memory().own?.call;
    // Who was there at an earlier visit need not be there now.
    this.#options.remember({ rosters: without(this.#options.memory().rosters, essence(wanted.uri)) });
    const own = (call: string) => ({ call, uri: wanted.uri, origin: wanted.origin });
    const { attributes } = await this.#options.request(command, {
      timeoutMs: JOIN_TIMEOUT_MS + GRACE_MS,
      onAccepted: (call) => before === undefined && this.#options.remember({ own: own(call) }),
    });
    const { call = before ?? "", conf } = attributes;
    this.#options.remember({ own: { ...own(call), ...(conf !== undefined && { conf }) }, problem: null });
    // The fallback of SameDeviceJoin makes a new call; it has to start as the user allowed.
    if (call !== before && wanted.muted && this.#options.memory().calls[call]?.muted === false) {
      await this.#options.request(el("Mute", { call }));
    }
  }

  async #leave(own: OwnCall): Promise<void> {
    this.#options.remember({ own: null });
    await this.#options.request(el("Leave", { call: own.call }));
  }

  #tell(done: Promise<unknown> | null): void {
    done?.catch((failure: unknown) => {
      if (failure instanceof HostGoneError) this.#interrupted = true;
      const problem = problemFrom(failure);
      const known = this.#options.memory().problem;
      if (problem && !tellsMore(known, problem)) this.#options.remember({ problem });
    });
  }
}

/** This browser as the device knows better why it refused than the service can say. */
function tellsMore(known: Problem | null, problem: Problem): boolean {
  return problem.code === "device-refused" && known !== null && PHONE_FAILURES.includes(known.code);
}

function attributesOf({ uri, origin, display, muted }: Wanted): Record<string, string | boolean | undefined> {
  return { id: uri, origin, display: display || undefined, muted };
}

function without<Value>(record: Readonly<Record<string, Value>>, key: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
