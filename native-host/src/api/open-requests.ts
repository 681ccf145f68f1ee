/** The commands of one client that wait for their Result: each gets exactly one, at most one Accepted before it. */
import type { XmlElement } from "../xml/strict.ts";
import { accepted } from "./answers.ts";

/** One command that is being carried out. */
export interface OpenRequest {
  readonly req: string | undefined;
  /** The handle of the call, once there is one. */
  readonly call: string | undefined;
  accept(call: string): void;
  /** Says the Result; only the first counts. */
  settle(result: XmlElement, afterwards?: () => void): void;
}

interface Pending {
  readonly req: string | undefined;
  call: string | undefined;
  saidAccepted: boolean;
  result: XmlElement | undefined;
  afterwards: (() => void) | undefined;
}

/** Commands with a `req` are answered as they finish, those without in the order they came (the paper's notation). */
export class OpenRequests {
  readonly #send: (document: XmlElement) => void;
  readonly #named = new Map<string, Pending>();
  #unnamed: Pending[] = [];

  constructor(send: (document: XmlElement) => void) {
    this.#send = send;
  }

  get count(): number {
    return this.#named.size + this.#unnamed.length;
  }

  /** Opens a request, or returns undefined when one of that name is still open. */
  open(req: string | undefined): OpenRequest | undefined {
    if (req !== undefined && this.#named.has(req)) return undefined;
    const pending: Pending = {
      req,
      call: undefined,
      saidAccepted: false,
      result: undefined,
      afterwards: undefined,
    };
    if (req === undefined) this.#unnamed.push(pending);
    else this.#named.set(req, pending);
    return this.#handle(pending);
  }

  /** Settles everything that is still open. */
  settleAll(resultFor: (req: string | undefined, call: string | undefined) => XmlElement): void {
    for (const pending of [...this.#named.values(), ...this.#unnamed]) {
      this.#settle(pending, resultFor(pending.req, pending.call), undefined);
    }
  }

  #handle(pending: Pending): OpenRequest {
    return {
      req: pending.req,
      get call() {
        return pending.call;
      },
      accept: (call) => {
        pending.call ??= call;
        this.#flush(pending);
      },
      settle: (result, afterwards) => this.#settle(pending, result, afterwards),
    };
  }

  #settle(pending: Pending, result: XmlElement, afterwards: (() => void) | undefined): void {
    if (pending.result) return;
    pending.result = result;
    pending.afterwards = afterwards;
    this.#flush(pending);
  }

  #flush(pending: Pending): void {
    if (pending.req === undefined) {
      this.#flushInOrder();
    } else if (this.#named.get(pending.req) === pending && this.#say(pending)) {
      this.#named.delete(pending.req);
      pending.afterwards?.();
    }
  }

  #flushInOrder(): void {
    let [head] = this.#unnamed;
    while (head && this.#say(head)) {
      this.#unnamed.shift();
      head.afterwards?.();
      [head] = this.#unnamed;
    }
  }

  /** Sends what there is to say; returns whether that was the Result. */
  #say(pending: Pending): boolean {
    if (pending.call !== undefined && !pending.saidAccepted) {
      pending.saidAccepted = true;
      this.#send(accepted(pending.req, pending.call));
    }
    if (pending.result) this.#send(pending.result);
    return pending.result !== undefined;
  }
}
