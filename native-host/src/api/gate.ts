/** The door of a carriage that others than this user can reach: nothing is carried out before the right token was shown. */
import { timingSafeEqual } from "node:crypto";
import { ServiceError } from "../errors.ts";
import { formatXml } from "../xml/strict.ts";
import { failureOf, refused } from "./answers.ts";
import { API_NAMESPACE } from "./command.ts";
import type { Wire } from "./connection.ts";
import { type Incoming, readRequest } from "./xml.ts";

/** What documents of one client come to. */
export interface Party {
  receive(text: string): void;
  /** A document that could not even be read from the wire. */
  refuse(why: string): void;
  /** The client says no more. */
  finish(): void;
  /** The wire is gone. */
  close(): void;
  /** The service ends. */
  shutDown(): void;
  /** The client has taken everything that was queued. */
  drained(): void;
}

export interface GateOptions {
  readonly token: string;
  /** How long the client may take to show it. */
  readonly patienceMs: number;
  /** Opens the connection proper, or returns undefined when there are too many. */
  admit(wire: Wire): Party | undefined;
  /** A client did not show it, three times. */
  onRefused?(): void;
}

const MOST_FAILURES = 3;
/** So many may stand before the door at a time. */
const MOST_WAITING = 16;

/** Puts a gate before each client. */
export function gated(options: GateOptions): (wire: Wire) => Party | undefined {
  const gates = new Set<Gate>();
  return (wire) => {
    for (const gate of gates) if (!gate.waiting) gates.delete(gate);
    if (gates.size >= MOST_WAITING) return undefined;
    const gate = new Gate(options, wire);
    gates.add(gate);
    return gate;
  };
}

class Gate implements Party {
  readonly #options: GateOptions;
  readonly #wire: Wire;
  readonly #patience: NodeJS.Timeout;
  #inside: Party | undefined;
  #failures = 0;
  #gone = false;

  constructor(options: GateOptions, wire: Wire) {
    this.#options = options;
    this.#wire = wire;
    this.#patience = setTimeout(() => wire.cut(), options.patienceMs);
  }

  /** A client is there and has not shown the token yet. */
  get waiting(): boolean {
    return this.#inside === undefined && !this.#gone;
  }

  receive(text: string): void {
    if (this.#inside) {
      this.#inside.receive(text);
      return;
    }
    if (this.#failures >= MOST_FAILURES) return;
    const incoming = readRequest(text);
    if (this.#fits(incoming)) this.#open(text);
    else this.#fail(incoming);
  }

  refuse(why: string): void {
    if (this.#inside) this.#inside.refuse(why);
    else this.#wire.cut();
  }

  finish(): void {
    if (this.#inside) this.#inside.finish();
    else this.#wire.end();
  }

  close(): void {
    this.#gone = true;
    clearTimeout(this.#patience);
    this.#inside?.close();
  }

  shutDown(): void {
    if (this.#inside) this.#inside.shutDown();
    else this.#wire.cut();
  }

  drained(): void {
    this.#inside?.drained();
  }

  #fits(incoming: Incoming): boolean {
    if ("refusal" in incoming || incoming.request.command.name !== "Hello") return false;
    const shown = Buffer.from(incoming.request.command.token ?? "");
    const right = Buffer.from(this.#options.token);
    return shown.length === right.length && timingSafeEqual(shown, right);
  }

  #open(text: string): void {
    clearTimeout(this.#patience);
    this.#inside = this.#options.admit(this.#wire);
    if (this.#inside) this.#inside.receive(text);
    else this.#wire.cut();
  }

  #fail({ req, namespaced }: Incoming): void {
    this.#failures += 1;
    const answer = refused(req, failureOf(new ServiceError("unauthorized", [])));
    this.#wire.send(formatXml(namespaced ? { ...answer, namespace: API_NAMESPACE } : answer));
    if (this.#failures < MOST_FAILURES) return;
    this.#wire.end();
    this.#options.onRefused?.();
  }
}
