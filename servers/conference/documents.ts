/** What subscribers are told of one roster: each document is made once for all who need the same. */

import {
  countDocument,
  deletedDocument,
  fullDocument,
  partialDocument,
  type Sheet,
  unchangedDocument,
} from "./conference-package.ts";
import type { Told } from "./notifier.ts";
import type { Past, Roster } from "./roster.ts";

/** For members: everybody, by name. */
export class Documents implements Told {
  readonly #roster: Roster;
  /** Of the revision in `#made`. */
  readonly #since = new Map<number, Sheet | undefined>();
  #whole: Sheet | undefined;
  #made = -1;

  constructor(roster: Roster) {
    this.#roster = roster;
  }

  get revision(): number {
    return this.#roster.revision;
  }

  whole(): Sheet {
    this.#keepUp();
    this.#whole ??= fullDocument(this.#roster);
    return this.#whole;
  }

  since(revision: number): Sheet | undefined {
    this.#keepUp();
    if (!this.#since.has(revision)) this.#since.set(revision, this.#changes(revision));
    return this.#since.get(revision);
  }

  unchanged(): Sheet {
    return unchangedDocument(this.#roster);
  }

  over(): Sheet {
    return deletedDocument(this.#roster);
  }

  #keepUp(): void {
    if (this.#made === this.#roster.revision) return;
    this.#made = this.#roster.revision;
    this.#since.clear();
    this.#whole = undefined;
  }

  /** Changes that take more words than everything are not told as such (RFC 6446 §5.5.1). */
  #changes(revision: number): Sheet | undefined {
    const past = this.#roster.at(revision);
    const partial = past && partialDocument(this.#roster, past);
    if (past && (!partial || !isLong(past, this.#roster))) return partial;
    const whole = this.whole();
    return partial && partial(0).length < whole(0).length ? partial : whole;
  }
}

/** For everybody else: how many people are there. */
export class Counts implements Told {
  readonly #roster: Roster;

  constructor(roster: Roster) {
    this.#roster = roster;
  }

  get revision(): number {
    return this.#roster.head.count;
  }

  whole(): Sheet {
    return countDocument(this.#roster);
  }

  since(count: number): Sheet | undefined {
    return count === this.revision ? undefined : this.whole();
  }

  unchanged(): Sheet {
    return this.whole();
  }

  over(): Sheet {
    return deletedDocument(this.#roster);
  }
}

function isLong({ users }: Past, roster: Roster): boolean {
  return 2 * users.size > roster.users.size;
}
