/** What the owner of a user agent decides about the requests that reach it; what it leaves out is refused. */
import type { IncomingRefer } from "./incoming-refer.ts";
import type { IncomingSubscribe } from "./incoming-subscribe.ts";
import type { IncomingInvite } from "./leg.ts";
import type { SipUri } from "./message.ts";
import type { IncomingMessage } from "./message-request.ts";

export interface Owner {
  /** Without it INVITE is answered 405. */
  readonly onInvite?: (invite: IncomingInvite) => void;
  /** Without it SUBSCRIBE is answered 489. */
  readonly onSubscribe?: (subscribe: IncomingSubscribe) => void;
  /** Outside a call, and inside one whose leg has no onRefer; without it REFER is answered 405. */
  readonly onRefer?: (refer: IncomingRefer) => void;
  /** Outside a call, and inside one whose leg has no onMessage; without it MESSAGE is answered 405. */
  readonly onMessage?: (message: IncomingMessage) => void;
  /** The event packages we notify of, each with the media types of its bodies; others are answered 489, subscribers who read none of the types 406. Without it all that is the owner's to judge. */
  readonly events?: Readonly<Record<string, readonly string[]>>;
  /** How many subscriptions there may be (503 beyond), and the shortest one we grant, seconds (423 below). */
  readonly subscriptions?: { readonly most?: number; readonly shortestS?: number };
  /** Option tags it understands beside those of the user agent, for Supported and Require (RFC 3261 §8.2.2.3). */
  readonly extensions?: readonly string[];
  /** What an INVITE to this URI would get now, for OPTIONS to say the same (RFC 3261 §11.2): 200, 404, 486, 503 … */
  readonly inviteStatus?: (target: SipUri) => number;
}

/** The methods a user agent of this owner takes (RFC 3261 §20.5). */
export function allowedMethods({ onInvite, onSubscribe, onRefer, onMessage }: Owner): readonly string[] {
  const allow = ["ACK", "CANCEL", "BYE", "OPTIONS", "NOTIFY", "INFO", "UPDATE", "PRACK"];
  if (onInvite) allow.unshift("INVITE");
  if (onSubscribe) allow.push("SUBSCRIBE");
  if (onRefer) allow.push("REFER");
  if (onMessage) allow.push("MESSAGE");
  return allow;
}
