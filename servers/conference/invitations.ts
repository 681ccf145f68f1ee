/** Whom the focus is calling on behalf of members, each once, and no more of them than a member may cause. */

import type { Leg } from "#sip/leg.ts";
import type { NameAddr, SipUri } from "#sip/message.ts";
import type { ReferTo } from "#sip/refer-to.ts";
import { asSipError, SipError } from "#sip/sip-error.ts";
import { bareHost, formatNameAddr, parseUri } from "#sip/uri.ts";
import type { Conference } from "./conference.ts";
import type { Legs } from "./connect.ts";
import { dialOut, type Outside } from "./dial-out.ts";
import { withoutKeys } from "./door.ts";
import { aorOf, type Identity, identityOf } from "./identity.ts";
import type { Actor } from "./rights.ts";
import type { Newcomer } from "./standing.ts";

/** What one may cause by REFERs and lists, so that nobody makes a crowd ring (no amplification). */
export interface InviteLimits {
  /** Phones one member has ringing at a time. */
  readonly atOnce: number;
  /** Calls one member causes in a minute. */
  readonly perMinute: number;
  /** Phones this server has ringing at a time. */
  readonly inAll: number;
  /** How long a phone rings. */
  readonly ringMs: number;
}

export const INVITE_LIMITS: InviteLimits = { atOnce: 64, perMinute: 100, inAll: 400, ringMs: 60_000 };

const MINUTE_MS = 60_000;
/** How long the roster shows why somebody did not come. */
const MISSED_MS = 5_000;

export type Report = (status: number, reason: string) => void;

/** Somebody who is to be called, and in whose name. */
export interface Wish {
  readonly conference: Conference;
  readonly actor: Actor;
  readonly place: ReferTo;
  /** As the member's REFER says; handed on when it is the member's own name. */
  readonly referredBy?: NameAddr | undefined;
}

export interface InvitationsOptions {
  readonly outside: Outside;
  readonly limits?: InviteLimits | undefined;
  /** Throws SipError 503 when there is no place for so many more. */
  makeRoom(id: string, count: number): void;
  /** Whether the conference is not to hear him. */
  comesMuted(conference: Conference, who: Newcomer): boolean;
  /** He answered: from now on he is a participant. */
  joined(conference: Conference, who: Newcomer, legs: Legs): void;
}

interface Ringing {
  readonly conference: Conference;
  readonly actor: Actor;
  readonly abort: AbortController;
  readonly reports: Set<Report>;
  readonly settled: PromiseWithResolvers<void>;
}

export class Invitations {
  readonly #options: InvitationsOptions;
  readonly #limits: InviteLimits;
  readonly #ringing = new Map<string, Ringing>();
  /** When each member's calls of the last minute began. */
  readonly #caused = new Map<symbol, number[]>();
  #closed = false;

  constructor(options: InvitationsOptions) {
    this.#options = options;
    this.#limits = options.limits ?? INVITE_LIMITS;
  }

  /** How many phones ring. */
  get size(): number {
    return this.#ringing.size;
  }

  /** How many ring for this conference. */
  ringing(id: string): number {
    return [...this.#ringing.values()].filter(({ conference }) => conference.id === id).length;
  }

  /** Throws SipError when `actor` may not have `count` more people called now, or one of them is no place to call. */
  check(conference: Conference, actor: Actor, places: readonly ReferTo[]): void {
    if (this.#closed) throw new SipError(503, "Closing");
    if (conference.locked && !actor.moderator) throw new SipError(403, "The Conference Is Locked");
    if (places.some(({ uri }) => this.#isOurs(uri))) throw new SipError(403, "That Is This Server");
    const own = [...this.#ringing.values()].filter(({ actor: { key } }) => key === actor.key).length;
    const { atOnce, perMinute, inAll } = this.#limits;
    const many = own + places.length > atOnce || this.#lately(actor.key).length + places.length > perMinute;
    if (many || this.#ringing.size + places.length > inAll) throw new SipError(503, "Too Many Invitations");
    this.#options.makeRoom(conference.id, places.length);
  }

  /**
   * Calls somebody who is not in the conference and not being called yet; who is in already counts as having come.
   * `report` hears each status, the final one last. Call `check` first.
   */
  invite(wish: Wish, report: Report): void {
    const identity = identityOf({ uri: wish.place.uri, params: {}, ...nameOf(wish.place) }, { address: "" });
    const name = `${wish.conference.id} ${identity.aor}`;
    const ringing = this.#ringing.get(name);
    if (wish.conference.find(identity.aor).length > 0) report(200, "OK");
    else if (ringing) ringing.reports.add(report);
    else void this.#call(name, wish, { identity, report });
  }

  /** Resolves when one of those who are being called has come, or will not; undefined when nobody is. */
  next(conference: Conference): Promise<void> | undefined {
    const calls = [...this.#ringing.values()].filter((ringing) => ringing.conference === conference);
    return calls.length === 0 ? undefined : Promise.race(calls.map(({ settled }) => settled.promise));
  }

  /** Whoever rings under this URI is called no longer; false when nobody does. */
  withdraw(conference: Conference, aor: string, mayRule: (inviter: Actor) => boolean): boolean {
    const ringing = this.#ringing.get(`${conference.id} ${aor}`);
    if (!ringing || !mayRule(ringing.actor)) return false;
    ringing.abort.abort();
    return true;
  }

  /** The conference is over: nobody is called into it any more. */
  end(conference: Conference): void {
    for (const ringing of this.#ringing.values())
      if (ringing.conference === conference) ringing.abort.abort();
  }

  /** Nobody is called any more. */
  close(): void {
    this.#closed = true;
    for (const { abort } of this.#ringing.values()) abort.abort();
  }

  async #call(
    name: string,
    wish: Wish,
    { identity, report }: { readonly identity: Identity; readonly report: Report },
  ): Promise<void> {
    const { conference, actor, place } = wish;
    const abort = new AbortController();
    const settled = Promise.withResolvers<void>();
    const ringing: Ringing = { conference, actor, abort, reports: new Set([report]), settled };
    this.#ringing.set(name, ringing);
    this.#caused.set(actor.key, [...this.#lately(actor.key), performance.now()]);
    const entity = withoutKeys(place.uri);
    const endpoint = { entity, displayText: identity.name ?? entity };
    conference.call(identity.aor, { ...endpoint, status: "dialing-out" });
    const tell = (status: number, reason: string) => {
      for (const one of ringing.reports) one(status, reason);
    };
    const key = Symbol(place.uri);
    const who = (phone: Leg): Newcomer => ({
      identity: { ...identity, address: addressOf(phone) },
      standing: { key, moderator: false, method: "dialed-out", invitedBy: actor.key },
    });
    try {
      const legs = await dialOut(this.#options.outside, {
        conference: conference.id,
        title: conference.roster.title,
        target: place.uri,
        headers: { ...place.headers, ...referredBy(wish) },
        replaces: place.replaces,
        ringMs: this.#limits.ringMs,
        signal: abort.signal,
        isMuted: (phone) => this.#options.comesMuted(conference, who(phone)),
        onProgress: (status, reason) => {
          if (status === 180) conference.call(identity.aor, { ...endpoint, status: "alerting" });
          tell(status, reason);
        },
      });
      conference.uncall(identity.aor, entity);
      this.#options.joined(conference, who(legs.phone), legs);
      tell(200, "OK");
    } catch (cause) {
      const { status, reason } = asSipError(cause);
      conference.call(identity.aor, { ...endpoint, status: "disconnected", cause: status, reason });
      setTimeout(() => conference.uncall(identity.aor, entity), MISSED_MS).unref();
      tell(status, reason);
    } finally {
      this.#ringing.delete(name);
      settled.resolve();
    }
  }

  #lately(key: symbol): number[] {
    const since = performance.now() - MINUTE_MS;
    for (const [one, times] of this.#caused) if ((times.at(-1) ?? 0) < since) this.#caused.delete(one);
    return (this.#caused.get(key) ?? []).filter((at) => at >= since);
  }

  /** A conference is no place to call: it would hear itself. */
  #isOurs(uri: SipUri): boolean {
    const [one, other] = [parseUri(uri), parseUri(this.#options.outside.entity("any"))];
    const port = one?.port ?? (one?.scheme === "sips" ? 5061 : 5060);
    return one?.host === other?.host && port === (other?.port ?? 5060);
  }
}

function nameOf({ name }: ReferTo): { name?: string } {
  return name === undefined ? {} : { name };
}

/** Where a phone that was called says it is; the address its requests are expected from. */
function addressOf({ remoteContact }: Leg): string {
  return bareHost(parseUri(remoteContact.uri)?.host ?? "");
}

/** In whose name the phone rings (RFC 3892): the member's; another name than his own nobody has proved. */
function referredBy({ actor: { identity }, referredBy }: Wish): Record<string, string> {
  if (identity.anonymous) return {};
  const isHis = referredBy && aorOf(referredBy.uri) === identity.aor;
  const { name } = identity;
  const own = { uri: identity.aor, params: {}, ...(name !== undefined && { name }) };
  return { "referred-by": formatNameAddr(isHis ? { ...referredBy, params: {} } : own) };
}
