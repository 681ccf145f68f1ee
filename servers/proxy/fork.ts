/** The response context of one forwarded request: its branches, and what goes back to the caller (RFC 3261 §16.7). */

import { COMPLETED_ELSEWHERE } from "#sip/cancel-reason.ts";
import type { Table } from "#sip/machine.ts";
import { Machine } from "#sip/machine.ts";
import type { SipResponse } from "#sip/message.ts";
import { isMadeUp } from "#sip/response.ts";
import type { ClientTransaction, ServerTransaction, Stack } from "#sip/stack.ts";
import { Refusals, upstream } from "./best-response.ts";
import type { Copy } from "./forwarding.ts";
import type { Target } from "./routing.ts";

/** How long an INVITE may ring before it is cancelled: more than three minutes (RFC 3261 §16.6 step 11). */
const TIMER_C_MS = 181_000;

type BranchState = "waiting" | "cancelled" | "answered";
type BranchEvent = "provisional" | "timer-c" | "cancel" | "final";

/**
 *     waiting ──timer C, or nobody wants it any more──▶ cancelled ──final──▶ answered
 *        └────────────────────────final───────────────────────────────────────▲
 */
const INVITE_STATES: Table<BranchState, BranchEvent> = {
  waiting: {
    on: { provisional: "waiting", "timer-c": "cancelled", cancel: "cancelled", final: "answered" },
    after: { ms: TIMER_C_MS, event: "timer-c" },
    rewind: "provisional",
  },
  cancelled: { on: { final: "answered" } },
  answered: { on: {} },
};

/** Other requests are over in 64*T1, and cannot be cancelled (RFC 3261 §9.1). */
const OTHER_STATES: Table<BranchState, BranchEvent> = {
  ...INVITE_STATES,
  waiting: { on: { provisional: "waiting", final: "answered" } },
};

/** What a request may become further on, when it does not say (RFC 5393 §5.3.3). */
const MAX_BREADTH = 60;
/** A call that is sent on and on is given up after so many branches. */
const MOST_BRANCHES = 32;

interface Branch {
  readonly states: Machine<BranchState, BranchEvent>;
  /** Further ways to the same device; none once one of them was taken. */
  readonly others: readonly Target[];
  readonly breadth: number;
  client: ClientTransaction | undefined;
  heard: boolean;
}

export interface ForkOptions {
  readonly stack: Pick<Stack, "send">;
  /** The end of all our branches. */
  readonly mark: string;
  /** The request for one target, which may become `breadth` requests further on. */
  copy(target: Target, breadth: number): Copy;
  /** Where a 3xx leads; nowhere unless the proxy follows them (§16.5). */
  redirect(response: SipResponse): readonly Target[];
}

export class Fork {
  readonly #transaction: ServerTransaction;
  readonly #breadth: number;
  /** Those that have no final response yet; of the others only what they were refused with is kept. */
  readonly #open = new Set<Branch>();
  readonly #refusals = new Refusals();
  /** Where branches were sent. */
  readonly #tried: string[] = [];
  /** Let go of when there will be no further branch. */
  #options: ForkOptions | undefined;
  #groups: readonly (readonly Target[])[];
  #answered = false;
  /** Reason header of the CANCELs: what the caller gave, or that somebody else has the call (RFC 3326). */
  #cancelReason: string | undefined;

  /** Sends to the targets of one group at once, and to the next group when all of them refused; the first 2xx wins. */
  constructor(transaction: ServerTransaction, groups: readonly (readonly Target[])[], options: ForkOptions) {
    this.#transaction = transaction;
    this.#options = options;
    this.#breadth = breadthOf(transaction);
    this.#groups = groups;
    transaction.onCancel = (reason) => this.cancel(reason);
    this.#startNext();
  }

  /** The caller does not want it any more; the answers of the branches still go back (RFC 3261 §16.10). */
  cancel(reason?: string): void {
    this.#noFurther();
    this.#cancelReason ??= reason;
    for (const { states } of this.#open) states.send("cancel");
  }

  /** Nobody wants further branches: the caller is gone, or has an answer, or somebody answered for all. */
  #noFurther(): void {
    this.#options = undefined;
    this.#groups = [];
  }

  #startNext(): void {
    const [group = [], ...later] = this.#groups;
    // Those for whom there is no breadth wait until the others have refused (RFC 5393 §5.3.3).
    const now = group.slice(0, this.#breadth);
    const rest = group.slice(this.#breadth);
    this.#groups = rest.length > 0 ? [rest, ...later] : later;
    const each = Math.floor(this.#breadth / Math.max(now.length, 1));
    for (const target of now) this.#start(target, each);
  }

  #start(target: Target, breadth: number): void {
    const options = this.#options;
    if (!options) return;
    const table = this.#transaction.request.method === "INVITE" ? INVITE_STATES : OTHER_STATES;
    const states = new Machine<BranchState, BranchEvent>(table, "waiting", (state, event) => {
      if (state === "cancelled" && event !== "final") branch.client?.cancel(this.#cancelReason);
    });
    const branch: Branch = { states, others: target.others ?? [], breadth, client: undefined, heard: false };
    this.#open.add(branch);
    this.#tried.push(target.uri);
    const { request, hop } = options.copy(target, breadth);
    branch.client = options.stack.send(
      request,
      (response) => this.#answer(branch, response),
      hop,
      options.mark,
    );
  }

  #answer(branch: Branch, response: SipResponse): void {
    if (response.status < 200) this.#progress(branch, response);
    else if (response.status < 300) this.#accepted(branch, response);
    else if (this.#finish(branch)) this.#refused(branch, response);
  }

  /** 100 is for one hop only. */
  #progress(branch: Branch, response: SipResponse): void {
    branch.heard = true;
    if (response.status === 100) return;
    branch.states.send("provisional");
    if (!this.#answered) this.#transaction.respond(upstream(response));
  }

  /** Every 2xx goes back, also a second one and a retransmitted one: the caller ends what it does not want. */
  #accepted(branch: Branch, response: SipResponse): void {
    this.#answered = true;
    this.#transaction.respond(upstream(response));
    this.#finish(branch);
    this.cancel(COMPLETED_ELSEWHERE.header);
  }

  #refused(branch: Branch, response: SipResponse): void {
    if (this.#tryAnotherWay(branch, response)) return;
    if (response.status >= 600) this.cancel();
    if (!this.#follow(response)) this.#refusals.add(response);
    if (this.#open.size > 0 || this.#answered) return;
    if (this.#groups.length > 0) this.#startNext();
    else this.#conclude();
  }

  /** A flow that is dead says nothing about the device behind it (RFC 5626 §5.3). */
  #tryAnotherWay({ others, heard, breadth }: Branch, response: SipResponse): boolean {
    const [next, ...left] = others;
    const unreached = response.status === 430 || (isMadeUp(response) && !heard);
    if (!next || !unreached || !this.#options) return false;
    this.#start({ ...next, others: left }, breadth);
    return true;
  }

  /** Whether others are called in the place of the one that sent this. */
  #follow(response: SipResponse): boolean {
    if (response.status >= 400 || !this.#options) return false;
    const found = this.#options.redirect(response).filter(({ uri }) => !this.#tried.includes(uri));
    const room = MOST_BRANCHES - this.#tried.length;
    if (found.length === 0 || room <= 0) return false;
    this.#groups = [found.slice(0, room), ...this.#groups];
    return true;
  }

  /** Returns whether this is its first final response. */
  #finish(branch: Branch): boolean {
    if (!this.#open.delete(branch)) return false;
    branch.states.send("final");
    branch.client = undefined;
    return true;
  }

  #conclude(): void {
    this.#answered = true;
    this.#noFurther();
    const best = this.#refusals.bestFor(this.#transaction.request);
    if (best) this.#transaction.respond(best);
  }
}

function breadthOf({ request }: ServerTransaction): number {
  const asked = Number(request.headers["max-breadth"] ?? MAX_BREADTH);
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_BREADTH) : MAX_BREADTH;
}
