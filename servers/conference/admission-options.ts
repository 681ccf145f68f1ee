/** Who comes into conferences, how fast, and what is remembered of it: from the command line of the conference server. */

import { isIP } from "node:net";
import type { Rate } from "#sip/limits.ts";
import { LIMITS, type Limits } from "./capacity.ts";
import { isConferenceId } from "./conference-id.ts";
import { FACTORY } from "./factory.ts";

/** As parseArgs takes them. */
export const ADMISSION_OPTIONS = {
  "trusted-proxy": { type: "string", multiple: true, default: [] as string[] },
  factory: { type: "string", default: FACTORY },
  state: { type: "string" },
  session: { type: "string", default: "90" },
  "join-rate": { type: "string", default: String(LIMITS.joinsEach.messagesPerSecond) },
  "join-rate-all": { type: "string", default: String(LIMITS.joinsInAll.messagesPerSecond) },
} as const;

export const ADMISSION_USAGE = `  --factory NAME     whoever calls sip:NAME@ gets a conference of their own, as its moderator (${FACTORY})
  --state FILE       keeps locks, PINs and who was in across a crash; made when it is not there
  --session SECONDS  each call is asked at least so often whether it still stands, 90 to 3600 (90)
  --trusted-proxy ADDRESS  an IP address from which all calls come by a proxy: its Via says where from, its P-Asserted-Identity
                     from whom; may be repeated
  --join-rate N      calls a second from one address, ten times as many at once; more get 503; 0 for any number (${LIMITS.joinsEach.messagesPerSecond})
  --join-rate-all N  the same from all addresses together (${LIMITS.joinsInAll.messagesPerSecond})
`;

export interface AdmissionSettings {
  readonly factory: string;
  readonly state?: string;
  readonly trustedProxies: readonly string[];
  readonly session: { readonly expiresS: number };
  readonly limits: Pick<Limits, "joinsEach" | "joinsInAll">;
}

interface Words {
  readonly factory: string;
  readonly state?: string | undefined;
  readonly "trusted-proxy": readonly string[];
  readonly session: string;
  readonly "join-rate": string;
  readonly "join-rate-all": string;
}

/** Throws a sentence. */
export function readAdmissionOptions(words: Words): AdmissionSettings {
  const { factory, state, "trusted-proxy": trustedProxies } = words;
  if (!isConferenceId(factory)) throw new Error(`--factory ${factory} is not the name of a conference.`);
  const none = trustedProxies.find((address) => isIP(address) === 0);
  if (none !== undefined) throw new Error(`--trusted-proxy ${none} is not an IP address.`);
  const limits = { joinsEach: readRate(words, "join-rate"), joinsInAll: readRate(words, "join-rate-all") };
  return {
    factory,
    limits,
    trustedProxies,
    session: readSession(words.session),
    ...(state !== undefined && { state }),
  };
}

/** Shorter ones the RFC does not allow (RFC 4028 §5); after longer ones a dispatcher may have forgotten the conference (servers/proxy/kamailio). */
const [SHORTEST_S, LONGEST_S] = [90, 3_600];

function readSession(seconds: string): { readonly expiresS: number } {
  const expiresS = /^\d{1,5}$/.test(seconds) ? Number(seconds) : 0;
  if (expiresS < SHORTEST_S || expiresS > LONGEST_S)
    throw new Error(`--session ${seconds} is not a number of seconds from ${SHORTEST_S} to ${LONGEST_S}.`);
  return { expiresS };
}

const ANY_NUMBER = 1e9;

function readRate(words: Words, name: "join-rate" | "join-rate-all"): Rate {
  const rate = words[name];
  if (!/^\d{1,6}$/.test(rate)) throw new Error(`--${name} ${rate} is not a number of calls a second.`);
  const messagesPerSecond = Number(rate) || ANY_NUMBER;
  return { messagesPerSecond, burst: 10 * messagesPerSecond };
}
