/** What subscribers are told of one roster: each document is made once for all who need the same. */

import {
  countDocument,
  deletedDocument,
  fullDocument,
  fullDocuments,
  partialDocuments,
  type Sheet,
  unchangedDocument,
} from "./conference-package.ts";
import type { Told } from "./notifier.ts";
import type { Past, Roster } from "./roster.ts";

/** For members: everybody, by name. */
export class Documents implements Told {
  readonly #roster: Roster;
  /** Of the revision in `#made`. */
  readonly #since = new Map<number, readonly Sheet[]>();
  #whole: readonly Sheet[] | undefined;
  #made = -1;

  constructor(roster: Roster) {
    this.#roster = roster;
  }

  get revision(): number {
    return this.#roster.revision;
  }

  whole(): readonly Sheet[] {
    this.#keepUp();
    this.#whole ??= fullDocuments(this.#roster);
    return this.#whole;
  }

  atOnce(): Sheet {
    return fullDocument(this.#roster);
  }

  since(revision: number): readonly Sheet[] {
    this.#keepUp();
    const known = this.#since.get(revision) ?? this.#changes(revision);
    this.#since.set(revision, known);
    return known;
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
  #changes(revision: number): readonly Sheet[] {
    const past = this.#roster.at(revision);
    if (!past) return this.whole();
    const changes = partialDocuments(this.#roster, past);
    return isLong(past, this.#roster) && lengthOf(changes) >= lengthOf(this.whole()) ? this.whole() : changes;
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

  whole(): readonly Sheet[] {
    return [this.atOnce()];
  }

  atOnce(): Sheet {
    return countDocument(this.#roster);
  }

  since(count: number): readonly Sheet[] {
    return count === this.revision ? [] : this.whole();
  }

  unchanged(): Sheet {
    return this.atOnce();
  }

  over(): Sheet {
    return deletedDocument(this.#roster);
  }
}

function isLong({ users }: Past, roster: Roster): boolean {
  return 2 * users.size > roster.users.size;
}

function lengthOf(sheets: readonly Sheet[]): number {
  return sheets.reduce((sum, sheet) => sum + sheet(0).length, 0);
}
