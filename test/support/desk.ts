/** Two ends of a stack-level test: Alice who asks, and a desk that answers at once or when the test says so. */
import type { Hop, SipRequest, SipResponse } from "../../native-host/src/sip/message.ts";
import {
  makeResponse,
  openStack,
  type ServerTransaction,
  type Stack,
  type StackOptions,
} from "../../native-host/src/sip/stack.ts";

/** A stack that answers every request 200, and closes at the end of its block. */
export async function desk(options: Partial<StackOptions> = {}): Promise<Stack & AsyncDisposable> {
  const stack = await openStack({
    host: "127.0.0.1",
    port: 0,
    onAck: () => {},
    onRequest: (request, transaction) => {
      const to = { ...request.headers.to, params: { ...request.headers.to.params, tag: "desk" } };
      transaction.respond(makeResponse(request, 200, undefined, { to }));
    },
    ...options,
  });
  return Object.assign(stack, { [Symbol.asyncDispose]: () => stack.close() });
}

let calls = 0;

/** A request of Alice's, in a call of its own. */
export function request(method: string, uri: string, more: Partial<SipRequest> = {}): SipRequest {
  return {
    method,
    uri,
    headers: {
      via: [],
      from: { name: "Alice", uri: "sip:alice@example.org", params: { tag: "a" } },
      to: { uri: "sip:desk@example.org", params: {} },
      "call-id": `${++calls}@example.org`,
      cseq: { seq: 1, method },
      "max-forwards": "70",
      ...more.headers,
    },
    content: more.content ?? "",
  };
}

/** Where a request to it goes. */
export const address = (stack: Stack) => `sip:desk@127.0.0.1:${stack.port}`;

/** The first final response. */
export function answer(from: Stack, asked: SipRequest, hop?: Hop): Promise<SipResponse> {
  return new Promise((resolve) => {
    const heard = (response: SipResponse) => response.status >= 200 && resolve(response);
    from.send(asked, heard, hop);
  });
}

/** A desk that leaves every request to the test. */
export async function patientDesk(options: Partial<StackOptions> = {}) {
  const waiting: ServerTransaction[] = [];
  const asked: ((transaction: ServerTransaction) => void)[] = [];
  const acks: SipRequest[] = [];
  const stack = await desk({
    ...options,
    onRequest: (_request, transaction) => {
      const next = asked.shift();
      if (next) next(transaction);
      else waiting.push(transaction);
    },
    onAck: (ack) => acks.push(ack),
  });
  const next = () => {
    const transaction = waiting.shift();
    return transaction
      ? Promise.resolve(transaction)
      : new Promise<ServerTransaction>((resolve) => asked.push(resolve));
  };
  return { stack, next, acks, waiting, [Symbol.asyncDispose]: () => stack.close() };
}

/** Answers with a status and the desk's tag. */
export const reply = (transaction: ServerTransaction, status: number) => {
  const { to } = transaction.request.headers;
  transaction.respond(
    makeResponse(transaction.request, status, undefined, { to: { ...to, params: { tag: "d" } } }),
  );
};

/** More than the system holds for a peer that does not read: bodies, each of one letter, some short, some too long for a datagram. */
export const LETTERS: readonly string[] = Array.from({ length: 100 }, (_, at) =>
  String.fromCharCode(97 + (at % 26)).repeat({ 1: 10, 2: 100_000 }[at % 20] ?? 60_000),
);
