/** The conference server: one user agent, which is focus to participants and client to the mixer. */

import type { Logger } from "pino";
import type { Secret } from "#sip/digest.ts";
import { JOIN } from "#sip/join.ts";
import type { SipUri } from "#sip/message.ts";
import { MULTIPLE_REFER, RECIPIENT_LIST_INVITE } from "#sip/recipient-list.ts";
import { bracketed } from "#sip/uri.ts";
import type { UserAgentOptions } from "#sip/user-agent.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { isOwn, type OwnMixer } from "../media-server/own-mixer.ts";
import type { Limits } from "./capacity.ts";
import { CONFERENCE_EVENT, CONFERENCE_INFO } from "./conference-package.ts";
import { Focus } from "./focus.ts";
import type { InviteLimits } from "./invitations.ts";
import type { HealthTimes } from "./mixer-health.ts";
import { MixerPool, type MixerPoolOptions, type MixerState } from "./mixer-pool.ts";
import type { Moderators } from "./moderators.ts";
import { StateFile } from "./state.ts";

export interface ConferenceServerOptions
  extends Pick<UserAgentOptions, "host" | "port">,
    Partial<Pick<UserAgentOptions, "timers" | "onTrace" | "tls" | "ca" | "ws" | "wss" | "origins" | "dns">> {
  /** One or more; each conference is at one of them, and at another one when that dies. */
  readonly mixers: readonly SipUri[];
  /** What mixes within this process: the mixer that is called OWN. It is closed with the server. */
  readonly own?: OwnMixer;
  /** How often the mixers are asked whether they live. */
  readonly health?: HealthTimes;
  readonly log: Pick<Logger, "info" | "error">;
  readonly limits?: Partial<Limits>;
  readonly inviteLimits?: InviteLimits;
  readonly moderators?: Moderators;
  /** How often each call is asked at least whether it still stands (RFC 4028), 90 s when missing. */
  readonly session?: UserAgentOptions["session"];
  /** The file that keeps policies and who was in across a crash; nothing is kept when missing. */
  readonly state?: string;
  /** The user part of the factory's URI, `factory` when missing. */
  readonly factory?: string;
  /** By which people are called into conferences; straight to where they are when missing. */
  readonly outboundProxy?: SipUri;
  /** What is shown to that proxy when it asks for a password. */
  readonly credentials?: readonly Secret[];
  /** IP addresses of proxies whose word is taken for where a call comes from, and whose it is (RFC 3325). */
  readonly trustedProxies?: readonly string[];
}

export interface ConferenceServer {
  readonly address: SipUri;
  /** Of the listeners beside UDP and TCP. */
  readonly ports: UserAgent["ports"];
  readonly focus: Focus;
  /** Its mixers as they are now. */
  mixers(): readonly MixerState[];
  /** Says goodbye to phones, mixer and subscribers; takes at most about 2 s. */
  close(): Promise<void>;
}

/** Whoever is gone without a word is out of the roster in less than that: the shortest the RFC allows (RFC 4028 §4). */
const SESSION = { expiresS: 90 };
const MIXER_SESSION_S = 1_800;

/** Opens the server on UDP and TCP; rejects when the port is taken. */
export async function openConferenceServer(options: ConferenceServerOptions): Promise<ConferenceServer> {
  const { mixers, own, health, log, limits, inviteLimits, moderators, factory, ...rest } = options;
  const { outboundProxy: proxy, credentials = [], trustedProxies, state: path, ...others } = rest;
  const { session = SESSION, ...sockets } = others;
  const state = path === undefined ? undefined : new StateFile(path, { log });
  const focus: Focus = new Focus({
    entity: (id) => `sip:${id}@${bracketed(agent.host)}:${agent.port}`,
    order: (conference, order) => pool.order(conference, order),
    hasMixer: () => pool.alive,
    findLeg: (id) => agent.findLeg(id),
    caller: { invite: (target, call) => agent.invite(target, { ...call, proxy }) },
    log,
    inviteLimits,
    moderators,
    factory,
    trustedProxies,
    returning: state?.returning,
    limits,
  });
  state?.follow(focus);
  const agent = await UserAgent.open({
    ...sockets,
    session,
    name: "Partyline conference",
    identity: { name: "Conference" },
    // To nobody else: who is called must not learn what the proxy may.
    ...(proxy && { credentials: credentials.map((secret) => ({ ...secret, servers: [proxy] })) }),
    onInvite: (invite) => void focus.invited(invite),
    onSubscribe: (subscribe) => focus.subscribed(subscribe),
    onRefer: (refer) => focus.referred(refer),
    extensions: [RECIPIENT_LIST_INVITE, MULTIPLE_REFER, JOIN],
    events: { [CONFERENCE_EVENT]: [CONFERENCE_INFO] },
    inviteStatus: (target) => (pool.alive ? focus.inviteStatus(target) : 503),
    onError: (err) => log.error({ err }, "the conference server failed on a message"),
  });
  const pool = new MixerPool({
    mixers,
    ...reaching(agent, own),
    log,
    times: health,
  });
  return {
    address: agent.address,
    ports: agent.ports,
    focus,
    mixers: () => pool.mixers,
    async close() {
      pool.close();
      const ended = focus.close();
      await agent.close();
      await ended;
      await own?.close();
      state?.close();
    },
  };
}

/** How the pool reaches its mixers: the own one within this process, all others by SIP. */
function reaching(agent: UserAgent, own: OwnMixer | undefined): Pick<MixerPoolOptions, "caller" | "ask"> {
  return {
    caller: {
      invite(target, call) {
        if (own && isOwn(target)) return own.calls.invite(target, call);
        // The pool and the mixers ask one another by OPTIONS whether they live; not every leg has to.
        return agent.invite(target, { ...call, sessionExpiresS: MIXER_SESSION_S });
      },
    },
    ask: (uri) => (own && isOwn(uri) ? own.ask() : agent.request("OPTIONS", uri)),
  };
}
