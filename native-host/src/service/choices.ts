/** Which device the user chose for which site, and which phones they confirmed, remembered across restarts. */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** The key of a choice for every site; no origin looks like it. */
const ALWAYS = "*";
/** Stands for a device where a phone was confirmed by its address; no device can have this name. */
const CONFIRMED = "(confirmed)";

export class Choices {
  readonly #file: string | undefined;
  #devices: ReadonlyMap<string, string>;

  /** Without a file the choices last as long as the process. A file that cannot be read counts as empty. */
  constructor(file?: string) {
    this.#file = file;
    this.#devices = read(file);
  }

  /** The device chosen for this site, or else for all. */
  deviceFor(origin: string | undefined): string | undefined {
    return this.#devices.get(origin ?? ALWAYS) ?? this.#devices.get(ALWAYS);
  }

  /** Throws as the file system does; the choice counts for this process all the same. */
  remember(device: string, origin: string | undefined): void {
    this.#keep(new Map([...this.#devices, [origin ?? ALWAYS, device]]));
  }

  /** Whether the user has said that the phone at this address may be used. */
  isConfirmed(uri: string): boolean {
    return this.#devices.get(uri) === CONFIRMED;
  }

  /** Throws as `remember` does. */
  confirm(uri: string): void {
    this.#keep(new Map([...this.#devices, [uri, CONFIRMED]]));
  }

  /** Asks again next time, for this site and for all where that device was the answer. Throws as `remember` does. */
  forget(device: string, origin: string | undefined): void {
    const stale = (site: string, chosen: string) =>
      chosen === device && (site === ALWAYS || site === (origin ?? ALWAYS));
    const kept = [...this.#devices].filter(([site, chosen]) => !stale(site, chosen));
    if (kept.length < this.#devices.size) this.#keep(new Map(kept));
  }

  #keep(devices: ReadonlyMap<string, string>): void {
    this.#devices = devices;
    if (!this.#file) return;
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    // Written beside and renamed: a full disk leaves the old choices whole.
    const fresh = `${this.#file}.new`;
    writeFileSync(fresh, `${JSON.stringify(Object.fromEntries(this.#devices), undefined, 2)}\n`, {
      mode: 0o600,
    });
    renameSync(fresh, this.#file);
  }
}

function read(file: string | undefined): Map<string, string> {
  try {
    const value: unknown = JSON.parse(readFileSync(file ?? "", "utf8"));
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch {
    return new Map();
  }
}
