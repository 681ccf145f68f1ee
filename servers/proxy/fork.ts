/** The response context of one forwarded request: its branches, and what goes back to the caller (RFC 3261 §16.7). */

import { COMPLETED_ELSEWHERE } from "#sip/cancel-reason.ts";
import type { Table } from "#sip/machine.ts";
import { Machine } from "#sip/machine.ts";
import type { SipResponse } from "#sip/message.ts";
import { isMadeUp } from "#sip/response.ts";
import type { ClientTransaction, ServerTransaction, Stack } from "#sip/stack.ts";
import { bestResponse, upstream } from "./best-response.ts";
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
  readonly target: Target;
  readonly states: Machine<BranchState, BranchEvent>;
  client?: ClientTransaction;
  heard: boolean;
  final?: SipResponse;
  /** Another branch was begun in its place: what it said does not count. */
  replaced: boolean;
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
  readonly #options: ForkOptions;
  readonly #branches: Branch[] = [];
  readonly #breadth: number;
  #groups: (readonly Target[])[];
  #open = 0;
  #answered = false;
  /** Nobody wants further branches: the caller is gone, or somebody answered for all. */
  #over = false;
  /** Reason header of the CANCELs: what the caller gave, or that somebody else has the call (RFC 3326). */
  #cancelReason: string | undefined;

  /** Sends to the targets of one group at once, and to the next group when all of them refused; the first 2xx wins. */
  constructor(transaction: ServerTransaction, groups: readonly (readonly Target[])[], options: ForkOptions) {
    this.#transaction = transaction;
    this.#options = options;
    this.#breadth = breadthOf(transaction);
    this.#groups = [...groups];
    transaction.onCancel = (reason) => this.cancel(reason);
    this.#startNext();
  }

  /** The caller does not want it any more; the answers of the branches still go back (RFC 3261 §16.10). */
  cancel(reason?: string): void {
    this.#over = true;
    this.#cancelReason ??= reason;
    for (const { states } of this.#branches) states.send("cancel");
  }

  #startNext(): void {
    const [group = [], ...later] = this.#groups;
    // Those for whom there is no breadth wait until the others have refused (RFC 5393 §5.3.3).
    const now = group.slice(0, this.#breadth);
    const rest = group.slice(this.#breadth);
    this.#groups = rest.length > 0 ? [rest, ...later] : later;
    const each = Math.floor(this.#breadth / Math.max(now.length, 1));
    this.#open += now.length;
    for (const target of now) this.#start(target, each);
  }

  #start(target: Target, breadth: number): void {
    const { stack, mark, copy } = this.#options;
    const table = this.#transaction.request.method === "INVITE" ? INVITE_STATES : OTHER_STATES;
    const states = new Machine<BranchState, BranchEvent>(table, "waiting", (state, event) => {
      if (state === "cancelled" && event !== "final") branch.client?.cancel(this.#cancelReason);
    });
    const branch: Branch = { target, states, heard: false, replaced: false };
    this.#branches.push(branch);
    const { request, hop } = copy(target, breadth);
    branch.client = stack.send(request, (response) => this.#answer(branch, response, breadth), hop, mark);
  }

  #answer(branch: Branch, response: SipResponse, breadth: number): void {
    if (response.status < 200) this.#progress(branch, response);
    else if (response.status < 300) this.#accepted(branch, response);
    else if (!this.#tryAnotherWay(branch, response, breadth)) this.#refused(branch, response);
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
    this.#finish(branch, response);
    this.cancel(COMPLETED_ELSEWHERE.header);
  }

  /** A flow that is dead says nothing about the device behind it (RFC 5626 §5.3). */
  #tryAnotherWay(branch: Branch, response: SipResponse, breadth: number): boolean {
    const [next, ...others] = branch.target.others ?? [];
    const unreached = response.status === 430 || (isMadeUp(response) && !branch.heard);
    if (!next || !unreached || this.#over || branch.final) return false;
    branch.final = response;
    branch.replaced = true;
    branch.states.send("final");
    this.#start({ ...next, others }, breadth);
    return true;
  }

  #refused(branch: Branch, response: SipResponse): void {
    if (response.status >= 600) this.#over = true;
    else if (response.status < 400) this.#follow(branch, response);
    this.#finish(branch, response);
    if (this.#over) this.cancel();
  }

  #follow(branch: Branch, response: SipResponse): void {
    if (this.#over || branch.final) return;
    const known = new Set(this.#branches.map(({ target }) => target.uri));
    const found = this.#options.redirect(response).filter(({ uri }) => !known.has(uri));
    const room = MOST_BRANCHES - this.#branches.length;
    if (found.length === 0 || room <= 0) return;
    branch.replaced = true;
    this.#groups = [found.slice(0, room), ...this.#groups];
  }

  #finish(branch: Branch, response: SipResponse): void {
    if (branch.final) return;
    branch.final = response;
    branch.states.send("final");
    this.#open--;
    if (this.#open > 0 || this.#answered) return;
    if (!this.#over && this.#groups.length > 0) this.#startNext();
    else this.#conclude();
  }

  #conclude(): void {
    this.#answered = true;
    const finals = this.#branches.flatMap(({ final, replaced }) => (final && !replaced ? final : []));
    const best = bestResponse(this.#transaction.request, finals);
    if (best) this.#transaction.respond(best);
  }
}

function breadthOf({ request }: ServerTransaction): number {
  const asked = Number(request.headers["max-breadth"] ?? MAX_BREADTH);
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_BREADTH) : MAX_BREADTH;
}
