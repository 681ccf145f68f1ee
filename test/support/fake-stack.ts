/** A SIP network in memory: stacks without sockets, one per name, whose every message is a step of the ladder. */
import assert from "node:assert/strict";
import type { SipMessage, SipRequest, SipResponse } from "#sip/message.ts";
import { buildResponse, makeUp } from "#sip/response.ts";
import type { ClientTransaction, ServerTransaction, Stack, StackOptions } from "#sip/stack.ts";
import { newBranch } from "#sip/transaction.ts";
import { parseUri } from "#sip/uri.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { Ladder } from "./ladder.ts";

const PORT = 5060;

/** Timer B and F: when a request that was lost is answered 408 locally. */
const GIVE_UP_MS = 32_000;

interface Party {
  readonly options: StackOptions;
  readonly clients: Map<string, (response: SipResponse) => void>;
  readonly servers: Map<string, ServerTransaction>;
}

/** A peer that says only what the test has it say: what came to it, in order, and its answers. */
export interface Scripted {
  readonly stack: Stack;
  readonly requests: readonly SipRequest[];
  readonly acks: readonly SipRequest[];
  /** Responses to requests of its own. */
  readonly responses: readonly SipResponse[];
  /** Answers the request that came as number `at`. */
  respond(at: number, status: number, parts?: AnswerParts): void;
  send(request: SipRequest): void;
  /** Cancels the request it sent as number `at`. */
  cancel(at: number): void;
}

export interface AnswerParts {
  readonly tag?: string;
  readonly contact?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly sdp?: string;
}

export class FakeNet {
  readonly ladder = new Ladder();
  readonly #parties = new Map<string, Party>();
  /** Says which messages never arrive. */
  lose: (message: SipMessage, from: string, to: string) => boolean = () => false;

  /** A user agent called `name`, at `sip:name:5060`. */
  agent(name: string, options: Partial<UserAgentOptions> = {}): Promise<UserAgent> {
    const identity = { uri: `sip:${name}@home` as const };
    const all: UserAgentOptions = { host: name, port: PORT, name, identity, ...options };
    return UserAgent.open(all, (stackOptions) => Promise.resolve(this.#open(name, stackOptions)));
  }

  /** A peer that answers by hand what a user agent would answer by itself. */
  scripted(name: string): Scripted {
    const transactions: ServerTransaction[] = [];
    const requests: SipRequest[] = [];
    const acks: SipRequest[] = [];
    const responses: SipResponse[] = [];
    const stack = this.#open(name, {
      host: name,
      port: PORT,
      onRequest: (request, transaction) => {
        requests.push(request);
        transactions.push(transaction);
      },
      onAck: (ack) => acks.push(ack),
    });
    const respond = (at: number, status: number, parts: AnswerParts = {}) => {
      const transaction = transactions[at];
      assert.ok(transaction, `fewer than ${at + 1} requests arrived at ${name}`);
      transaction.respond(answer(transaction.request, status, parts));
    };
    const sent: ClientTransaction[] = [];
    const send = (request: SipRequest) =>
      void sent.push(stack.send(request, (response) => responses.push(response)));
    const cancel = (at: number) => sent[at]?.cancel();
    return { stack, requests, acks, responses, respond, send, cancel };
  }

  #open(name: string, options: StackOptions): Stack {
    const party: Party = { options, clients: new Map(), servers: new Map() };
    this.#parties.set(name, party);
    return {
      host: name,
      port: PORT,
      ports: {},
      sentBy: () => `${name}:${PORT}`,
      send: (request, onResponse) => this.#send(name, party, request, onResponse),
      sendStateless: (message) => this.#sendStateless(name, message),
      close: () => {
        this.#parties.delete(name);
        party.clients.clear();
        party.servers.clear();
        return Promise.resolve();
      },
    };
  }

  #send(
    name: string,
    party: Party,
    request: SipRequest,
    onResponse: (response: SipResponse) => void,
  ): ClientTransaction {
    const branch = newBranch();
    const sent = withVia(request, name, branch);
    const to = nextHop(sent);
    let provisional = false;
    let wanted = true;
    const sendCancel = () => {
      this.ladder.record(name, to, "CANCEL");
      if (!this.lose({ ...sent, method: "CANCEL" }, name, to)) this.#cancel(to, branch);
    };
    const clock = setTimeout(() => onResponse(makeUp(request, 408)), GIVE_UP_MS);
    clock.unref();
    party.clients.set(branch, (response) => {
      clearTimeout(clock);
      provisional ||= response.status < 200;
      if (response.status < 200 && !wanted) sendCancel();
      onResponse(response);
    });
    this.#deliver(name, to, sent, (there) => this.#arrive(name, there, sent, to));
    const cancel = () => {
      if (!wanted) return;
      wanted = false;
      if (provisional) sendCancel();
    };
    return { branch, cancel };
  }

  #arrive(from: string, there: Party, request: SipRequest, to: string): void {
    const branch = branchOf(request);
    const transaction: ServerTransaction = {
      request,
      source: { protocol: "UDP", address: from, port: PORT },
      respond: (response) => {
        if (response.status >= 200) there.servers.delete(branch);
        this.#sendStateless(to, response);
      },
      close: () => there.servers.delete(branch),
    };
    if (request.method === "INVITE") there.servers.set(branch, transaction);
    try {
      there.options.onRequest(request, transaction);
    } catch (error) {
      there.options.onError?.(new Error("owner failed", { cause: error }));
      transaction.respond(buildResponse(request, 500));
    }
  }

  #cancel(to: string, branch: string): void {
    queueMicrotask(() => this.#parties.get(to)?.servers.get(branch)?.onCancel?.());
  }

  #sendStateless(name: string, message: SipMessage): void {
    if ("status" in message) {
      const to = message.headers.via[0]?.host ?? "nobody";
      this.#deliver(name, to, message, (there) => there.clients.get(branchOf(message))?.(message));
    } else {
      const ack = withVia(message, name, newBranch());
      const to = nextHop(ack);
      this.#deliver(name, to, ack, (there) =>
        there.options.onAck(ack, { protocol: "UDP", address: name, port: PORT }),
      );
    }
  }

  #deliver(from: string, to: string, message: SipMessage, arrive: (there: Party) => void): void {
    this.ladder.record(from, to, describe(message));
    if (this.lose(message, from, to)) return;
    queueMicrotask(() => {
      const there = this.#parties.get(to);
      if (there) arrive(there);
    });
  }
}

/** A response with a To tag, where it was missing, and a Contact when it takes a call. */
function answer(request: SipRequest, status: number, parts: AnswerParts): SipResponse {
  const { tag = request.headers.to.params["tag"] ?? "scripted", contact, headers, sdp } = parts;
  return buildResponse(request, status, {
    headers: {
      to: { ...request.headers.to, params: { tag } },
      ...(contact !== undefined && { contact: [{ uri: contact, params: {} }] }),
      ...(sdp && { "content-type": "application/sdp" }),
      ...headers,
    },
    content: sdp,
  });
}

function withVia(request: SipRequest, host: string, branch: string): SipRequest {
  const via = { version: "2.0", protocol: "UDP", host, port: PORT, params: { branch } };
  return { ...request, headers: { ...request.headers, via: [via, ...request.headers.via] } };
}

const branchOf = (message: SipMessage): string => message.headers.via[0]?.params["branch"] ?? "";

function nextHop({ headers, uri }: SipRequest): string {
  return parseUri(headers.route?.[0]?.uri ?? uri)?.host ?? "nobody";
}

/** `INVITE sdp`, `200`, `NOTIFY terminated;reason=timeout`: what a reader of the flow wants to know. */
function describe(message: SipMessage): string {
  const what = "method" in message ? message.method : String(message.status);
  const { expires, "subscription-state": state } = message.headers;
  const words = [what];
  if (what === "SUBSCRIBE" && expires === "0") words.push("expires=0");
  if (typeof state === "string" && state.startsWith("terminated")) words.push(state);
  if (message.content !== "") words.push(message.content.startsWith("v=0") ? "sdp" : message.content.trim());
  return words.join(" ");
}
