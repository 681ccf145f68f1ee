/** The events of the server as a stream that an operator can come back to (Server-Sent Events, WHATWG HTML §9.2). */

import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Admin } from "../admin.ts";
import type { AdminEvent } from "../admin-events.ts";
import { Refusal } from "../refusal.ts";

/** Events kept for those who come back. */
const KEPT = 1_000;
/** Bytes that may wait for a reader before it is cut. */
const MOST_WAITING = 1_048_576;
const MOST_READERS = 32;
const HEARTBEAT_MS = 10_000;
const COME_BACK_MS = 2_000;

export interface EventLogOptions {
  readonly admin: Pick<Admin, "onEvent">;
  readonly heartbeatMs?: number;
  readonly mostWaiting?: number;
}

export class EventLog {
  /** Of this run of the server: numbers of another mean other events. */
  readonly #run = randomBytes(4).toString("hex");
  readonly #options: EventLogOptions;
  readonly #readers = new Set<ServerResponse>();
  readonly #kept: string[] = [];
  readonly #stop: () => void;
  readonly #heart: NodeJS.Timeout;
  #last = 0;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#stop = options.admin.onEvent((event) => this.#add(event));
    this.#heart = setInterval(
      () => this.#write(": still here\n\n"),
      options.heartbeatMs ?? HEARTBEAT_MS,
    ).unref();
  }

  get readers(): number {
    return this.#readers.size;
  }

  /**
   * Tells a reader every event from now on, or from behind the one it has heard last; when that is not known any more it
   * hears `reset` first, and should read everything anew. Throws Refusal 503 when there are too many readers.
   */
  follow(reader: ServerResponse, lastHeard: string | undefined): void {
    if (this.#readers.size >= MOST_READERS)
      throw new Refusal(503, `At most ${MOST_READERS} can follow the events; close another one.`, {
        retryAfterS: 10,
      });
    reader.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-accel-buffering": "no",
    });
    reader.write(`retry: ${COME_BACK_MS}\nid: ${this.#idOf(this.#last)}\n\n${this.#missed(lastHeard)}`);
    this.#readers.add(reader);
    reader.once("close", () => this.#readers.delete(reader));
  }

  close(): void {
    this.#stop();
    clearInterval(this.#heart);
    for (const reader of this.#readers) reader.end();
  }

  #add({ name, data }: AdminEvent): void {
    this.#last += 1;
    const text = `id: ${this.#idOf(this.#last)}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    this.#kept.push(text);
    if (this.#kept.length > KEPT) this.#kept.shift();
    this.#write(text);
  }

  #write(text: string): void {
    const most = this.#options.mostWaiting ?? MOST_WAITING;
    for (const reader of this.#readers) {
      reader.write(text);
      if (reader.writableLength > most) reader.destroy();
    }
  }

  #missed(lastHeard: string | undefined): string {
    if (lastHeard === undefined) return "";
    const [run, number] = lastHeard.split("-");
    const behind = this.#last - Number(number);
    if (run === this.#run && behind >= 0 && behind <= this.#kept.length)
      return this.#kept.slice(this.#kept.length - behind).join("");
    return `id: ${this.#idOf(this.#last)}\nevent: reset\ndata: {}\n\n`;
  }

  #idOf(number: number): string {
    return `${this.#run}-${number}`;
  }
}
