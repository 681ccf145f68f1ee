/** How fast one client may give commands that make others work: a bucket of tokens, filled again over time. */
import { ServiceError } from "../errors.ts";
import type { CommandName } from "./command.ts";

/** So many at once. */
const BURST = 100;
/** So many a second in the long run. */
const PER_SECOND = 10;

/** Each makes phones ring or servers answer; the others are held back by taking turns (turns.ts). */
const COSTLY: ReadonlySet<CommandName> = new Set<CommandName>([
  "ExternalJoin",
  "Join",
  "SameDeviceJoin",
  "Use",
  "Answer",
  "Invite",
  "Remove",
  "Dtmf",
  "Tunnel",
  "Test",
]);

export class Pace {
  readonly #now: () => number;
  #tokens = BURST;
  #filledAt: number;

  /** `now` is in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#filledAt = now();
  }

  /** Throws ServiceError `rate-limited` with the seconds to wait. */
  take(name: CommandName): void {
    if (!COSTLY.has(name)) return;
    const now = this.#now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) / 1000) * PER_SECOND);
    this.#filledAt = now;
    if (this.#tokens < 1) {
      const retryS = Math.max(1, Math.ceil((1 - this.#tokens) / PER_SECOND));
      throw new ServiceError("rate-limited", [], { retryS });
    }
    this.#tokens -= 1;
  }
}
