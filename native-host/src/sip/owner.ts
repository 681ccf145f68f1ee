/** What the owner of a user agent decides about the requests that reach it; what it leaves out is refused. */
import type { IncomingInvite } from "./leg.ts";
import type { IncomingSubscribe } from "./notify.ts";

export interface Owner {
  /** Without it INVITE is answered 405. */
  readonly onInvite?: (invite: IncomingInvite) => void;
  /** Without it SUBSCRIBE is answered 489. */
  readonly onSubscribe?: (subscribe: IncomingSubscribe) => void;
}

/** The methods a user agent of this owner takes (RFC 3261 §20.5). */
export function allowedMethods({ onInvite, onSubscribe }: Owner): readonly string[] {
  const allow = ["ACK", "CANCEL", "BYE", "OPTIONS", "NOTIFY", "INFO", "REFER"];
  if (onInvite) allow.unshift("INVITE");
  if (onSubscribe) allow.push("SUBSCRIBE");
  return allow;
}
