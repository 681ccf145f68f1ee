/** Who is in the conference of a call: our subscription to its event package, moved along with every switch (RFC 4575). */

import type { MutedBy, RosterEndpoint, RosterUser } from "../api/call-control.ts";
import { withoutSecrets } from "../secrets.ts";
import { formatTargetDialog } from "../sip/header-values.ts";
import type { SipUri } from "../sip/message.ts";
import type { SubscribeOptions, Subscription } from "../sip/subscribe.ts";
import { isSipUri, parseUri } from "../sip/uri.ts";
import {
  type ConferenceInfo,
  type InfoEndpoint,
  type InfoUser,
  merge,
  readConferenceInfo,
} from "./conference-info.ts";
import { type FarEnd, isFocus } from "./far-end.ts";
import { heardFrom } from "./focus-watch.ts";

/** The user agent's side of an event package. */
export interface Subscriber {
  subscribe(target: SipUri, options: SubscribeOptions): Subscription;
}

/** Everybody in one conference, as far as its focus has told us. */
export interface Roster {
  readonly conf: SipUri;
  readonly title?: string;
  readonly locked?: boolean;
  /** We are in its waiting room. */
  readonly waiting?: boolean;
  /** Ourselves, once the focus lists us. */
  readonly me?: Me;
  /** Who is there. */
  readonly users: readonly RosterUser[];
  /** Who is being called and not there yet, with how far each endpoint is. */
  readonly coming: readonly RosterUser[];
  /** Whom the focus is calling, or called in vain a moment ago. */
  readonly called: readonly Called[];
}

/** How the focus has us. */
export interface Me {
  /** The name it lists us under. */
  readonly entity: string;
  readonly mutedBy?: MutedBy;
}

export interface Called {
  readonly entity: string;
  /** `dialing-out`, `alerting`, `disconnected` … (RFC 4575 §5.7.2). */
  readonly status: string;
  /** Why they did not come, when the focus says so. */
  readonly cause?: { readonly status: number; readonly reason: string };
}

/** States of an endpoint that may still come, and of those that are not in the conference at all (RFC 4575 §5.7.2). */
const COMING: readonly string[] = ["pending", "dialing-out", "alerting"];
const ABSENT: readonly string[] = [...COMING, "disconnecting", "disconnected"];

/** A focus that lost us, or that we lost, is asked again after this long; doubled each time, up to a minute. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/** Reasons after which asking again is pointless (RFC 6665 §4.1.3), and the refusal that says the same. */
const FINAL: readonly string[] = ["rejected", "noresource", "invariant"];

export class RosterWatch {
  readonly #subscriber: Subscriber;
  /** Called with the roster before and after; another `conf` is another conference. */
  readonly #onChange: (now: Roster, before: Roster | undefined) => void;
  #far: FarEnd | undefined;
  #subscription: Subscription | undefined;
  #info: ConferenceInfo | undefined;
  #roster: Roster | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(subscriber: Subscriber, onChange: (now: Roster, before: Roster | undefined) => void) {
    this.#subscriber = subscriber;
    this.#onChange = onChange;
  }

  get roster(): Roster | undefined {
    return this.#roster;
  }

  /** The call is at `far` now: its conference is followed, the one before no longer. */
  follow(far: FarEnd): void {
    const old = this.#subscription;
    this.#subscription = undefined;
    this.#far = far;
    this.#retryMs = FIRST_RETRY_MS;
    this.#subscribe();
    void old?.end();
    if (!isFocus(far)) this.#become(nobodyAt(far.target));
  }

  /** The call is over: nobody is in it. */
  end(): void {
    clearTimeout(this.#retry);
    void this.#subscription?.end();
    this.#subscription = undefined;
    this.#far = undefined;
    if (this.#roster) this.#become(nobodyAt(this.#roster.conf));
  }

  #subscribe(): void {
    clearTimeout(this.#retry);
    this.#info = undefined;
    const far = this.#far;
    if (!far || !isFocus(far) || far.leg.state === "ended") return;
    const { uri } = far.leg.remoteContact;
    const subscription = this.#subscriber.subscribe(isSipUri(uri) ? uri : far.target, {
      event: "conference",
      accept: "application/conference-info+xml",
      ...(far.from && { from: far.from }),
      // By it the focus knows that the subscriber is one of those inside (RFC 4538).
      headers: { "target-dialog": formatTargetDialog(far.leg.id) },
      onNotify: ({ content }) => {
        if (this.#subscription !== subscription) return;
        heardFrom(far.leg);
        this.#notified(content);
      },
      onEnded: (reason, status) => {
        if (this.#subscription === subscription) this.#ended(reason, status);
      },
    });
    this.#subscription = subscription;
  }

  #notified(content: string): void {
    const next = readConferenceInfo(content);
    if (!next || !this.#far) return;
    if (next.state !== "full" && this.#info && next.version <= this.#info.version) return;
    const merged = merge(this.#info, next);
    if (!merged) {
      this.#info = undefined;
      this.#subscription?.refresh();
      return;
    }
    this.#info = merged;
    this.#retryMs = FIRST_RETRY_MS;
    this.#become(rosterOf(this.#far, merged));
  }

  #ended(reason: string, status: number | undefined): void {
    this.#subscription = undefined;
    if (FINAL.includes(reason) || status === 403 || status === 489) return;
    this.#retry = setTimeout(() => this.#subscribe(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  #become(roster: Roster): void {
    const before = this.#roster;
    this.#roster = roster;
    this.#onChange(roster, before);
  }
}

/** A conference in which nobody is, or may be seen. */
export function nobodyAt(conf: SipUri): Roster {
  return { conf: withoutSecrets(conf), users: [], coming: [], called: [] };
}

function rosterOf(far: FarEnd, info: ConferenceInfo): Roster {
  const us = parseUri(far.leg.localContact)?.user;
  const isUs = ({ entity }: InfoEndpoint) => us !== undefined && parseUri(entity)?.user === us;
  const { title, locked } = info;
  const own = info.users.flatMap(({ endpoints }) => endpoints.filter(isUs));
  const me = info.users.find(({ endpoints }) => endpoints.some(isUs))?.entity;
  const mutedBy = own.find((endpoint) => endpoint.mutedBy)?.mutedBy;
  const waiting = own.length > 0 && own.every(({ status }) => status === "pending");
  return {
    conf: withoutSecrets(far.target),
    ...(title && { title }),
    ...(locked !== undefined && { locked }),
    ...(waiting && { waiting }),
    ...(me !== undefined && { me: { entity: me, ...(mutedBy && { mutedBy }) } }),
    users: info.users
      .filter(isThere)
      .map((user): RosterUser => userView(user, user.endpoints.some(isUs), (status) => !isAbsent(status))),
    coming: info.users
      .filter((user) => !isThere(user) && user.endpoints.some(isComing))
      .map((user): RosterUser => userView(user, user.endpoints.some(isUs), (status) => isComing({ status }))),
    called: info.users.flatMap(calledAs),
  };
}

/** A focus that tells nothing of a user's calls tells of users who are there. */
function isThere({ endpoints }: InfoUser): boolean {
  return endpoints.length === 0 || endpoints.some(({ status }) => !isAbsent(status));
}

function isComing({ status = "" }: { readonly status?: string | undefined }): boolean {
  return COMING.includes(status);
}

function isAbsent(status: string | undefined): boolean {
  return status !== undefined && ABSENT.includes(status);
}

function calledAs(user: InfoUser): Called[] {
  return user.endpoints.flatMap(({ status = "", reason }) => {
    if (!isAbsent(status)) return [];
    const cause = causeOf(reason);
    return [{ entity: user.entity, status, ...(cause && { cause }) }];
  });
}

/** `SIP;cause=486;text="Busy Here"` (RFC 3326). */
function causeOf(reason = ""): Called["cause"] {
  const status = Number(/^SIP\s*;.*?cause=([3-6]\d\d)\b/i.exec(reason)?.[1]);
  return status ? { status, reason: /text="([^"]*)"/i.exec(reason)?.[1] ?? "" } : undefined;
}

/** `isShown`: which endpoints are listed, by their status. */
function userView(
  { entity, display, role, endpoints }: InfoUser,
  me: boolean,
  isShown: (status: string | undefined) => boolean,
): RosterUser {
  return {
    entity,
    state: "full",
    me,
    ...(display && { display }),
    ...(role && { role }),
    endpoints: endpoints.filter(({ status }) => isShown(status)).map(endpointView),
  };
}

function endpointView(endpoint: InfoEndpoint): RosterEndpoint {
  const { entity, status, talking, hand, joined } = endpoint;
  const muted = isMuted(endpoint);
  return {
    entity,
    state: "full",
    ...(status && { status }),
    ...(muted !== undefined && { muted }),
    ...(talking !== undefined && { talking }),
    ...(hand !== undefined && { hand }),
    ...(joined && { joined }),
  };
}

/** Undefined where nothing tells: of a phone that holds the call, its directions say that alone. */
function isMuted({ status, audio, mutedBy }: InfoEndpoint): boolean | undefined {
  if (mutedBy) return true;
  if (status === "on-hold" || !audio) return undefined;
  return audio === "recvonly" || audio === "inactive";
}

/** Everybody whom a client sees: first who is there, then who is being called. */
export function listed({ users, coming }: Roster): RosterUser[] {
  return [...users, ...coming];
}

/** What a subscriber who knows `before` has to hear: new and changed users in full, those who left as deleted. */
export function changedUsers(before: Roster, now: Roster): RosterUser[] {
  const [were, are] = [listed(before), listed(now)];
  const known = new Map(were.map((user) => [user.entity, JSON.stringify(user)]));
  const changed = are.filter((user) => known.get(user.entity) !== JSON.stringify(user));
  const stay = new Set(are.map(({ entity }) => entity));
  const gone = were.filter(({ entity }) => !stay.has(entity));
  return [...changed, ...gone.map((user): RosterUser => ({ ...user, state: "deleted", endpoints: [] }))];
}

/** Who began (true) or stopped (false) to talk between two rosters, by user entity. */
export function changedTalkers(before: Roster | undefined, now: Roster): Map<string, boolean> {
  const were = before?.conf === now.conf ? talkers(before) : new Set<string>();
  const are = talkers(now);
  const changes = new Map<string, boolean>();
  for (const entity of are) if (!were.has(entity)) changes.set(entity, true);
  for (const entity of were) if (!are.has(entity)) changes.set(entity, false);
  return changes;
}

function talkers({ users }: Roster): Set<string> {
  const talking = users.filter(({ endpoints }) => endpoints.some((endpoint) => endpoint.talking));
  return new Set(talking.map(({ entity }) => entity));
}
