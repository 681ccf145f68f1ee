/** The response context of one forwarded request: its branches, and what goes back to the caller (RFC 3261 §16.7). */

import type { Table } from "#sip/machine.ts";
import { Machine } from "#sip/machine.ts";
import type { SipRequest, SipResponse } from "#sip/message.ts";
import { isMadeUp, withTag } from "#sip/response.ts";
import type { ClientTransaction, ServerTransaction, Stack } from "#sip/stack.ts";
import { makeResponse } from "#sip/stack.ts";

/** How long an INVITE may ring before it is cancelled: more than three minutes (RFC 3261 §16.6 step 11). */
const TIMER_C_MS = 181_000;

type BranchState = "waiting" | "cancelled" | "answered";
type BranchEvent = "provisional" | "timer-c" | "cancel" | "final";

/**
 *     waiting ──timer C, or nobody wants it any more──▶ cancelled ──final──▶ answered
 *        └────────────────────────final───────────────────────────────────────▲
 */
const BRANCH_STATES: Table<BranchState, BranchEvent> = {
  waiting: {
    on: { provisional: "waiting", "timer-c": "cancelled", cancel: "cancelled", final: "answered" },
    after: { ms: TIMER_C_MS, event: "timer-c" },
    rewind: "provisional",
  },
  cancelled: { on: { final: "answered" } },
  answered: { on: {} },
};

/** What the stack says when a domain has no address: then there is no such user either (RFC 3261 §21.4.5). */
const UNKNOWN_HOST = "Host Not Found";

interface Branch {
  readonly client: ClientTransaction;
  readonly states: Machine<BranchState, BranchEvent>;
  final?: SipResponse;
}

export interface ForkOptions {
  readonly stack: Pick<Stack, "send">;
  /** A branch of ours is under way, so that a request which comes back on it is known. */
  onBranch(branch: string): void;
  /** All branches have their final response. */
  onDone(branches: readonly string[]): void;
}

/** Statuses that tell the caller what to do, and so are better than others of their class (RFC 3261 §16.7 step 6). */
const TELLING = new Set([401, 407, 415, 420, 484]);

export class Fork {
  readonly #transaction: ServerTransaction;
  readonly #options: ForkOptions;
  readonly #branches: Branch[];
  #answered = false;

  /** Sends one request to each target; the first 2xx wins, the others are cancelled. */
  constructor(transaction: ServerTransaction, requests: readonly SipRequest[], options: ForkOptions) {
    this.#transaction = transaction;
    this.#options = options;
    this.#branches = requests.map((request) => this.#start(request));
    transaction.onCancel = () => this.cancel();
  }

  /** The caller does not want it any more; the answers of the branches still go back (RFC 3261 §16.10). */
  cancel(): void {
    for (const { states } of this.#branches) states.send("cancel");
  }

  #start(request: SipRequest): Branch {
    const client = this.#options.stack.send(request, (response) => this.#answer(branch, response));
    const states = new Machine(BRANCH_STATES, "waiting", (state, event) => {
      if (state === "cancelled" && event !== "final") client.cancel();
    });
    const branch: Branch = { client, states };
    this.#options.onBranch(client.branch);
    return branch;
  }

  #answer(branch: Branch, response: SipResponse): void {
    if (response.status < 200) this.#progress(branch, response);
    else if (response.status < 300) this.#accepted(branch, response);
    else this.#refused(branch, response);
  }

  /** 100 is for one hop only. */
  #progress({ states }: Branch, response: SipResponse): void {
    if (response.status === 100) return;
    states.send("provisional");
    if (!this.#answered) this.#transaction.respond(upstream(response));
  }

  /** Every 2xx goes back, also a second one and a retransmitted one: the caller ends what it does not want. */
  #accepted(branch: Branch, response: SipResponse): void {
    this.#answered = true;
    this.#transaction.respond(upstream(response));
    this.cancel();
    this.#finish(branch, response);
  }

  #refused(branch: Branch, response: SipResponse): void {
    if (response.status >= 600) this.cancel();
    this.#finish(branch, response);
  }

  #finish(branch: Branch, response: SipResponse): void {
    if (branch.final) return;
    branch.final = response;
    branch.states.send("final");
    const finals = this.#branches.flatMap(({ final }) => final ?? []);
    if (finals.length < this.#branches.length) return;
    if (!this.#answered) this.#transaction.respond(this.#best(finals));
    this.#answered = true;
    this.#options.onDone(this.#branches.map(({ client }) => client.branch));
  }

  /** A 503 is about the one server that sent it; with several targets it says nothing about the user (§16.7 step 6). */
  #best(finals: readonly SipResponse[]): SipResponse {
    const [best = makeResponse(this.#transaction.request, 500)] = [...finals].sort(byRank);
    const response = upstream(best);
    return best.status === 503 && finals.length > 1
      ? { ...response, status: 500, reason: "Server Internal Error" }
      : response;
  }
}

function byRank(one: SipResponse, other: SipResponse): number {
  return rank(one.status) - rank(other.status);
}

/** 6xx first, then the lowest class, and in it what tells the caller what to do. */
function rank(status: number): number {
  if (status >= 600) return 0;
  return 1 + 2 * Math.floor(status / 100) + (TELLING.has(status) ? 0 : 1);
}

/** The response for the caller; the transaction gives it the caller's Via. One that nobody sent needs a tag of ours. */
function upstream(response: SipResponse): SipResponse {
  if (!isMadeUp(response)) return response;
  const { headers } = response;
  const status = response.reason === UNKNOWN_HOST ? 404 : response.status;
  return { ...response, status, headers: { ...headers, to: withTag(headers.to, headers["call-id"]) } };
}
