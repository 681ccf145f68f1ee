/** Calls that came in and were not answered, kept across restarts: the last hundred. */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { CallView } from "../api/call-control.ts";

/** One call as the file has it. */
export interface MissedCall {
  /** Who called, a SIP URI, and under which name. */
  readonly id: string;
  readonly display?: string;
  /** When it began to ring, ISO 8601. */
  readonly at: string;
  /** An error code of the API: `no-answer`, `cancelled` by the caller, or `busy` when it was not let through. */
  readonly why: string;
}

const MOST = 100;
const FILE = "missed-calls.json";
/** A flood of callers has the file written this often at most. */
const WRITE_EVERY_MS = 1000;

export class MissedCalls {
  readonly #file: string | undefined;
  #calls: readonly MissedCall[] = [];
  /** Not in the file yet. */
  #unwritten: readonly MissedCall[] = [];
  #writtenAt = Number.NEGATIVE_INFINITY;
  #clock: NodeJS.Timeout | undefined;

  /** `directory`: where the file is kept; without one the list lasts as long as the process. */
  constructor(directory?: string) {
    this.#file = directory === undefined ? undefined : `${directory}/${FILE}`;
  }

  /** Oldest first. The file is read anew each time: `partyline missed --clear` may have emptied it. A broken one counts as empty. */
  get all(): readonly MissedCall[] {
    const written = this.#file === undefined ? this.#calls : read(this.#file);
    return [...written, ...this.#unwritten].slice(-MOST);
  }

  /** Written at once, or with others when a second is over. Throws as the file system does; the call is kept until it can be written. */
  add({ id, display, error }: CallView, at: Date): void {
    const why = error?.code ?? "no-answer";
    const missed = { id, ...(display !== undefined && { display }), at: at.toISOString(), why };
    this.#unwritten = [...this.#unwritten, missed].slice(-MOST);
    const wait = this.#writtenAt + WRITE_EVERY_MS - performance.now();
    if (wait <= 0) this.flush();
    else this.#clock ??= setTimeout(() => this.#flushLater(), wait).unref();
  }

  /** Throws as the file system does. */
  clear(): void {
    this.#unwritten = [];
    this.#keep([]);
  }

  /** Writes what is not written yet. Throws as the file system does. */
  flush(): void {
    clearTimeout(this.#clock);
    this.#clock = undefined;
    if (this.#unwritten.length === 0) return;
    this.#keep(this.all);
    this.#unwritten = [];
    this.#writtenAt = performance.now();
  }

  #flushLater(): void {
    try {
      this.flush();
    } catch {
      // The next call, or the end of the service, tries again and tells.
    }
  }

  #keep(calls: readonly MissedCall[]): void {
    this.#calls = calls;
    const file = this.#file;
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Written beside and renamed: a full disk leaves the old list whole.
    writeFileSync(`${file}.new`, `${JSON.stringify(calls, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}

function read(file: string): readonly MissedCall[] {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return Array.isArray(value) ? value.filter(isMissed) : [];
  } catch {
    return [];
  }
}

function isMissed(value: unknown): value is MissedCall {
  if (typeof value !== "object" || value === null) return false;
  const { id, at, why, display } = value as Partial<Record<string, unknown>>;
  const texts = [id, at, why, display ?? ""];
  return texts.every((text) => typeof text === "string");
}
