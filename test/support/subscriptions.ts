/** A subscriber who writes down what it hears, and conferences to subscribe to. */
import assert from "node:assert/strict";
import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { SipRequest } from "#sip/message.ts";
import type { Notifier, NotifierHandlers } from "#sip/notify.ts";
import type { SubscribeOptions } from "#sip/subscribe.ts";
import { settled } from "./descriptions.ts";
import { FakeNet } from "./fake-stack.ts";

/** What alice hears of a subscription: bodies, and how it ended. */
export function listener(expiresS?: number) {
  const heard: string[] = [];
  const ended: unknown[][] = [];
  const options: SubscribeOptions = {
    event: "conference",
    accept: "application/conference-info+xml",
    ...(expiresS !== undefined && { expiresS }),
    onNotify: ({ content, state }) => heard.push(`${state} ${content}`),
    onEnded: (...how) => ended.push(how),
  };
  return { heard, ended, options };
}

/** A conference that sends its roster to whoever asks. */
export async function conference(net: FakeNet, handlers: Partial<NotifierHandlers> = {}) {
  const notifiers: Notifier[] = [];
  const subscribes: IncomingSubscribe[] = [];
  await net.agent("comedies", {
    onSubscribe: (subscribe) => {
      subscribes.push(subscribe);
      const notifier = subscribe.accept({
        onRefresh: () => void notifier.notify("text/plain", "roster again"),
        onEnded: () => undefined,
        ...handlers,
      });
      notifiers.push(notifier);
      void notifier.notify("text/plain", "roster");
    },
  });
  return { notifiers, subscribes };
}

/** A NOTIFY of a scripted conference in the dialog of this SUBSCRIBE. */
export function notify(
  subscribe: SipRequest | undefined,
  seq: number,
  state: string,
  tag = "scripted",
): SipRequest {
  assert.ok(subscribe);
  const { from, to, "call-id": callId, contact } = subscribe.headers;
  const uri = contact === "*" ? "" : (contact?.[0]?.uri ?? "");
  return {
    method: "NOTIFY",
    uri,
    headers: {
      via: [],
      from: { ...to, params: { tag } },
      to: from,
      "call-id": callId,
      cseq: { seq, method: "NOTIFY" },
      contact: [{ uri: "sip:comedies@comedies", params: {} }],
      event: "conference",
      "subscription-state": state,
      "content-type": "text/plain",
    },
    content: `roster ${seq}`,
  };
}

/** alice has asked a conference that answers by hand, and has not yet. */
export async function askedConference(expiresS?: number) {
  const net = new FakeNet();
  const alice = await net.agent("alice");
  const comedies = net.scripted("comedies");
  const { heard, ended, options } = listener(expiresS);
  const subscription = alice.subscribe("sip:comedies@comedies", options);
  await settled();
  return { net, alice, comedies, subscription, heard, ended };
}

/** alice has a subscription with a conference that answers by hand. */
export async function scriptedConference(expiresS?: number) {
  const all = await askedConference(expiresS);
  const { comedies } = all;
  comedies.respond(0, 200, {
    contact: "sip:comedies@comedies",
    headers: { expires: `${expiresS ?? 3600}` },
  });
  comedies.send(notify(comedies.requests[0], 1, "active"));
  await settled();
  return all;
}
