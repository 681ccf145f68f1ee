/** Whether calls that come in are let through; a file says so, and thereby `partyline dnd` does, to this service and the next. */

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";

const FILE = "do-not-disturb";

export class DoNotDisturb {
  readonly #always: boolean;
  readonly #directory: string | undefined;

  /** `always`: the configuration says so; `directory`: where the file is, if anywhere. */
  constructor(always: boolean, directory?: string) {
    this.#always = always;
    this.#directory = directory;
  }

  get on(): boolean {
    return this.#always || (this.#directory !== undefined && existsSync(`${this.#directory}/${FILE}`));
  }

  /** Throws as the file system does. */
  set(on: boolean): void {
    const directory = this.#directory;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (on) writeFileSync(`${directory}/${FILE}`, "", { mode: 0o600 });
    else rmSync(`${directory}/${FILE}`, { force: true });
  }
}
