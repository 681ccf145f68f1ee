/** The policies of conferences by name, from before anybody is in them until somebody says that they are done with. */

import { changed, DEFAULT_POLICY, isDefault, type Policy, type PolicyChange } from "./policy.ts";

/** So that nobody fills the memory by setting up conferences that are never held. */
const MOST = 10_000;

export class Policies {
  readonly #policies = new Map<string, Policy>();
  readonly #watchers = new Set<(id: string) => void>();
  /** Set by the owner: hears each change; the default policy takes no place. */
  onChanged?: (id: string, policy: Policy) => void;

  /** Those that are not the default. */
  get all(): ReadonlyMap<string, Policy> {
    return this.#policies;
  }

  of(id: string): Policy {
    return this.#policies.get(id) ?? DEFAULT_POLICY;
  }

  /** Throws an Error of one sentence when there are too many. */
  change(id: string, change: PolicyChange): Policy {
    const policy = changed(this.of(id), change);
    if (!isDefault(policy) && !this.#policies.has(id) && this.#policies.size >= MOST)
      throw new Error(`At most ${MOST} conferences can be set up; forget some that are over.`);
    this.#set(id, policy);
    return policy;
  }

  /** It has the default policy again. */
  forget(id: string): void {
    this.#set(id, DEFAULT_POLICY);
  }

  /** Calls `watcher` with the name of each conference whose policy has changed. */
  watch(watcher: (id: string) => void): void {
    this.#watchers.add(watcher);
  }

  #set(id: string, policy: Policy): void {
    if (isDefault(policy)) this.#policies.delete(id);
    else this.#policies.set(id, policy);
    this.onChanged?.(id, policy);
    for (const watcher of this.#watchers) watcher(id);
  }
}
