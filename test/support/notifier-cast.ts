/** A notifier, and anna, who subscribed to it and answers by hand. */
import assert from "node:assert/strict";
import { firstRequest } from "#sip/dialog.ts";
import type { SipHeaders, SipRequest } from "#sip/message.ts";
import type { Notifier } from "#sip/notify.ts";
import { settled } from "./descriptions.ts";
import { FakeNet } from "./fake-stack.ts";

const anna = { uri: "sip:anna@anna:5060", params: {} };

/** A SUBSCRIBE of anna's to comedies, for ten minutes unless the headers say otherwise. */
export function subscribe(headers: Partial<SipHeaders> = {}): SipRequest {
  return firstRequest("SUBSCRIBE", "sip:comedies@comedies", anna, {
    headers: { contact: [anna], event: "conference", expires: "600", ...headers },
  });
}

interface Owner {
  /** What anna is told when she is due and nothing has changed; nothing when missing. */
  readonly due?: string;
  readonly mostRate?: number;
}

/** anna has subscribed to comedies. */
export async function subscribed(headers: Partial<SipHeaders> = {}, { due, mostRate }: Owner = {}) {
  const net = new FakeNet();
  const annas = net.scripted("anna");
  const notifiers: Notifier[] = [];
  const ended: string[] = [];
  let missed = 0;
  let refreshed = 0;
  const agent = await net.agent("comedies", {
    onSubscribe: (asked) => {
      const notifier = asked.accept({
        onRefresh: () => {
          refreshed += 1;
        },
        onEnded: (reason) => ended.push(reason),
        onMissed: () => {
          missed += 1;
        },
        ...(due && { onDue: () => void notifier.notify("text/plain", due) }),
        ...(mostRate && { mostRate }),
      });
      notifiers.push(notifier);
    },
  });
  const request = subscribe(headers);
  annas.send(request);
  await settled();
  const [notifier] = notifiers;
  assert.ok(notifier);
  const tag = annas.responses[0]?.headers.to.params["tag"] ?? "";
  /** anna's next SUBSCRIBE in the dialog. */
  const again = (seq: number, expires: string): SipRequest => ({
    ...request,
    headers: {
      ...request.headers,
      to: { ...request.headers.to, params: { tag } },
      cseq: { seq, method: "SUBSCRIBE" },
      expires,
    },
  });
  return { net, agent, annas, notifier, ended, again, missed: () => missed, refreshed: () => refreshed };
}
