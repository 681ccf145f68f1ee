/** Session-Expires and Min-SE: how long a session lives unless somebody refreshes it (RFC 4028 §4, §5). */
import { optionTags, parseParameters, seconds } from "./header-values.ts";
import { type SipMessage, textHeader } from "./message.ts";

/** The shortest interval anybody may ask for by default, seconds (RFC 4028 §4). */
export const SHORTEST_S = 90;

/** A week: longer ones are cut, so that no clock overflows. */
const LONGEST_S = 604_800;

/** What a user agent wants for its sessions. */
export interface SessionTimes {
  /** How often a session is refreshed at least, seconds; 0 asks for no refreshes. */
  readonly expiresS: number;
  /** Shorter intervals of a peer are answered 422, seconds. */
  readonly shortestS: number;
}

/** The usual: half an hour (RFC 4028 §4). */
export const DEFAULT_SESSION: SessionTimes = { expiresS: 1800, shortestS: SHORTEST_S };

/** Who refreshes, by its part in the request that says so. */
export type Refresher = "uac" | "uas";

export interface SessionExpires {
  readonly intervalS: number;
  readonly refresher: Refresher | undefined;
}

/** The Session-Expires of a message; undefined when there is none, or none that can be read. */
export function sessionExpires(message: SipMessage): SessionExpires | undefined {
  const text = textHeader(message, "session-expires");
  if (text === undefined) return undefined;
  const { value, params } = parseParameters(text);
  const intervalS = seconds(value);
  if (intervalS === undefined) return undefined;
  const named = params.get("refresher")?.toLowerCase();
  const refresher = named === "uac" || named === "uas" ? named : undefined;
  return { intervalS: Math.min(intervalS, LONGEST_S), refresher };
}

/** The Min-SE of a message, seconds; 0 when it has none. */
export function minSe(message: SipMessage): number {
  const text = textHeader(message, "min-se");
  if (text === undefined) return 0;
  const { value } = parseParameters(text);
  return Math.min(seconds(value) ?? 0, LONGEST_S);
}

export function knowsTimer(message: SipMessage): boolean {
  return optionTags(message, "supported").has("timer");
}

/** What a request asks for; nothing where no refreshes are wanted. */
export function asks(intervalS: number, shortestS: number, refresher?: Refresher): Record<string, string> {
  if (intervalS === 0) return {};
  const who = refresher === undefined ? "" : `;refresher=${refresher}`;
  const least = shortestS > SHORTEST_S ? { "min-se": `${shortestS}` } : {};
  return { "session-expires": `${intervalS}${who}`, ...least };
}

export interface Grant {
  readonly intervalS: number;
  readonly refresher: Refresher;
  /** What our 2xx says. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Our answer to a request that begins or refreshes a session; undefined when neither end wants refreshes. Where the
 * request leaves it open `preferred` refreshes; a peer that knows no session timers never does (RFC 4028 §9, table 2).
 */
export function grantFor(request: SipMessage, wanted: number, preferred: Refresher): Grant | undefined {
  const asked = sessionExpires(request);
  if (!asked && wanted === 0) return undefined;
  const most = Math.min(asked?.intervalS ?? wanted, wanted || LONGEST_S);
  const intervalS = Math.max(most, minSe(request));
  const known = knowsTimer(request);
  const refresher = known ? (asked?.refresher ?? preferred) : "uas";
  // A caller that knows no timers is not told of ours.
  const headers = {
    ...((known || asked) && { "session-expires": `${intervalS};refresher=${refresher}` }),
    ...(refresher === "uac" && { require: "timer" }),
  };
  return { intervalS, refresher, headers };
}
