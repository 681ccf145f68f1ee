/** A capture on disk: whole after each message, and for its user's eyes only. */
import { closeSync, fchmodSync, openSync, writeSync } from "node:fs";
import { capturedPacket, captureStart } from "./pcap.ts";
import type { Traced } from "./trace.ts";

export interface CaptureFileOptions {
  /** What writes it, as Wireshark shows it. */
  readonly application: string;
  /** Whether it goes on where a file ends that is already there: another section of the same capture. */
  readonly append?: boolean;
}

export class CaptureFile implements Disposable {
  readonly #file: number;

  /** Throws as the system does when the file cannot be written. */
  constructor(path: string, { application, append = false }: CaptureFileOptions) {
    this.#file = openSync(path, append ? "a" : "w", 0o600);
    // Also one that was there before.
    fchmodSync(this.#file, 0o600);
    writeSync(this.#file, captureStart(application));
  }

  add(message: Traced): void {
    writeSync(this.#file, capturedPacket(message));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
