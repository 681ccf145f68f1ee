/** Which conference the user should be in, and when to say so: the last page wins, at most one move per 500 ms. */

/** The conference of the page in front, once the user's permission is there. */
export interface Wanted {
  readonly uri: string;
  readonly origin: string;
  readonly muted: boolean;
  /** The name to show; "" means to be a guest. */
  readonly display: string;
}

/** Promise W2: a page that moves faster than this only ends in its last place. */
export const SWITCH_EVERY_MS = 500;

export interface PageConferenceOptions {
  /** Join, move or (with `undefined`) leave. */
  apply(wanted: Wanted | undefined): void;
  now(): number;
}

export class PageConference {
  readonly #options: PageConferenceOptions;
  #applied: string | undefined;
  #waiting: { readonly wanted: Wanted | undefined } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #movedAt = Number.NEGATIVE_INFINITY;

  constructor(options: PageConferenceOptions) {
    this.#options = options;
  }

  /** What is so already, after the worker woke up or a call ended by itself. */
  settle(uri: string | undefined): void {
    this.#applied = uri;
  }

  /** The first change goes out at once, those that follow within 500 ms as one, with the last of them. */
  want(wanted: Wanted | undefined): void {
    this.#waiting = { wanted };
    if (this.#timer !== undefined) return;
    const waitMs = this.#movedAt + SWITCH_EVERY_MS - this.#options.now();
    if (waitMs <= 0) this.#move();
    else this.#timer = setTimeout(() => this.#move(), waitMs);
  }

  #move(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const next = this.#waiting;
    this.#waiting = undefined;
    if (!next || next.wanted?.uri === this.#applied) return;
    this.#applied = next.wanted?.uri;
    this.#movedAt = this.#options.now();
    this.#options.apply(next.wanted);
  }
}
