/** What the user does with calls by hand: opens, answers, declines, holds, types digits, changes the phone, hangs up. */
import type { TestOutcome } from "../messages.ts";
import { HostError } from "./host-error.ts";
import type { RequestOptions } from "./host-port.ts";
import type { Kept, Memory } from "./memory.ts";
import { callProblemFrom } from "./problem.ts";
import { el, type XmlElement } from "./xml.ts";

export interface UserCallsOptions {
  request(command: XmlElement, options?: RequestOptions): Promise<XmlElement>;
  readonly memory: Kept<Memory>;
}

/** Long enough for a user who picks a device (60 s) and a far end that rings. */
const OPEN_TIMEOUT_MS = 120_000;
/** A test calls the device, says a tone and listens for one. */
const TEST_TIMEOUT_MS = 60_000;
const GRACE_MS = 3000;

export class UserCalls {
  readonly #options: UserCallsOptions;

  constructor(options: UserCallsOptions) {
    this.#options = options;
  }

  /** Calls an address; which device, the service asks or remembers. `display` is the name to show, "" that of the account. */
  open(id: string, origin: string | undefined, display: string): void {
    const attributes = { id, origin, display: display || undefined, timeout: OPEN_TIMEOUT_MS };
    this.#tell(el("ExternalJoin", attributes), OPEN_TIMEOUT_MS + GRACE_MS);
  }

  answer(call: string, dev: string | undefined): void {
    this.#tell(el("Answer", { call, dev, timeout: OPEN_TIMEOUT_MS }), OPEN_TIMEOUT_MS + GRACE_MS);
  }

  decline(call: string): void {
    this.#tell(el("Decline", { call }));
  }

  hold(call: string, held: boolean): void {
    this.#tell(el(held ? "Hold" : "Resume", { call }));
  }

  digits(call: string, digits: string): void {
    this.#tell(el("Dtmf", { call, digits }));
  }

  mute(call: string, muted: boolean): void {
    this.#tell(el(muted ? "Mute" : "Unmute", { call }));
  }

  /** Asks for the floor, or no longer; with a user, somebody else's hand is lowered. */
  hand(call: string, raised: boolean, user: string | undefined): void {
    this.#tell(el("Hand", { call, raised, user }));
  }

  use(call: string, dev: string): void {
    this.#tell(el("Use", { call, dev, timeout: OPEN_TIMEOUT_MS }), OPEN_TIMEOUT_MS + GRACE_MS);
  }

  leave(call: string): void {
    this.#tell(el("Leave", { call }));
  }

  /** Tries a device out; the sentence says what was heard, or what is wrong with it. */
  async test(dev: string): Promise<TestOutcome> {
    const command = el("Test", { dev, timeout: TEST_TIMEOUT_MS });
    try {
      const { attributes } = await this.#options.request(command, { timeoutMs: TEST_TIMEOUT_MS + GRACE_MS });
      return { ok: true, detail: attributes["detail"] ?? "It works." };
    } catch (failure) {
      const detail = failure instanceof HostError ? failure.detail : "";
      return { ok: false, detail: detail || "The service could not be reached; check it below." };
    }
  }

  #tell(command: XmlElement, timeoutMs?: number): void {
    const { request, memory } = this.#options;
    const done = timeoutMs === undefined ? request(command) : request(command, { timeoutMs });
    done.catch((failure: unknown) => {
      const problem = callProblemFrom(failure);
      if (problem) memory.set({ problem });
    });
  }
}
