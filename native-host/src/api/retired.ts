/** Subscriptions that nobody hears just now, kept a while for who comes back (`since`). */
import type { Subscription } from "./subscription.ts";

const KEPT_MS = 60_000;

/** By what they are about; the last of each. */
export class Retired {
  readonly #kept = new Map<string, { readonly subscription: Subscription; readonly timer: NodeJS.Timeout }>();

  /** Keeps it for a minute, if there is anything in it to resume. */
  add(key: string, subscription: Subscription): void {
    if (!subscription.retire()) return;
    this.take(key)?.stop();
    const timer = setTimeout(() => this.take(key)?.stop(), KEPT_MS).unref();
    this.#kept.set(key, { subscription, timer });
  }

  take(key: string): Subscription | undefined {
    const found = this.#kept.get(key);
    this.#kept.delete(key);
    clearTimeout(found?.timer);
    return found?.subscription;
  }

  close(): void {
    for (const key of [...this.#kept.keys()]) this.take(key)?.stop();
  }
}
