/** Our REGISTER of one account, kept alive by itself (RFC 3261 §10.2, RFC 3608, RFC 5626 §4.5). */
import { type Account, AccountWay, domainOf, sameHost } from "./account-way.ts";
import type { Attempt, Core } from "./core.ts";
import { seconds, token } from "./header-values.ts";
import { Machine } from "./machine.ts";
import { type Hop, type NameAddr, type SipResponse, type SipUri, textHeader } from "./message.ts";
import { type RegistrationEvent, type RegistrationPhase, registrationStates } from "./registration-states.ts";
import { isMadeUp } from "./response.ts";
import type { ClientTransaction } from "./stack.ts";
import { parseUri } from "./uri.ts";

export interface RegisterOptions extends Account {
  readonly displayName?: string;
  /** Whom to ask; the domain of the address when missing. */
  readonly registrar?: SipUri;
  /** What we ask for; the registrar may grant less. 3600 when missing. */
  readonly expiresS?: number;
  /** `urn:uuid:…` of this installation: a registrar then knows that a new Contact replaces the old one (RFC 5626 §4.1). */
  readonly instance?: string;
  onState?(state: RegistrationState, failure?: RegistrationFailure): void;
}

export type RegistrationState = "registering" | "registered" | "failed" | "off";

export interface RegistrationFailure {
  readonly status: number;
  readonly reason: string;
  /** Whether nobody answered at all. */
  readonly silent: boolean;
}

export interface Registration {
  readonly state: RegistrationState;
  readonly failure: RegistrationFailure | undefined;
  /** The network changed, or the connection to the registrar died: registers anew at once. */
  renew(): void;
  /** Un-REGISTERs; idempotent, resolves when answered or given up. */
  close(): Promise<void>;
}

const DEFAULT_EXPIRES_S = 3600;
/** The longest any grant counts, a day: a timer must be able to hold it. */
const LONGEST_S = 86_400;
/** Where the pauses between attempts begin, and where they stop to grow (RFC 5626 §4.5). */
const BASE_PAUSE_S = 30;
const LONGEST_PAUSE_S = 1800;
/** A registrar that hangs up sooner than this would do so again. */
const BRIEF_MS = 30_000;

export function register(core: Core, options: RegisterOptions): Registration {
  return new OutgoingRegistration(core, options);
}

class OutgoingRegistration implements Registration, Attempt {
  readonly #core: Core;
  readonly #options: RegisterOptions;
  readonly #registrar: SipUri;
  readonly #callId = `${token()}${token()}`;
  readonly #contact: NameAddr;
  readonly #machine: Machine<RegistrationPhase, RegistrationEvent>;
  readonly #gone = Promise.withResolvers<void>();
  readonly #way: AccountWay;
  #seq = 0;
  #attempts = 0;
  #transaction: ClientTransaction | undefined;
  /** Where the last REGISTER went, and when it was accepted. */
  #hop: Hop | undefined;
  #registeredAtMs = 0;
  readonly #onLost = (peer: Hop) => this.#lost(peer);
  #expiresS: number;
  #grantedS = DEFAULT_EXPIRES_S;
  #failures = 0;
  #retryAfterS: number | undefined;
  #told: RegistrationState | undefined;
  failure: RegistrationFailure | undefined;

  constructor(core: Core, options: RegisterOptions) {
    this.#core = core;
    this.#options = options;
    this.#registrar = options.registrar ?? domainOf(options.aor);
    this.#expiresS = options.expiresS ?? DEFAULT_EXPIRES_S;
    this.#contact = core.contactTo(this.#registrar, {
      from: { uri: options.aor, params: {} },
      routes: proxyRoute(options.outboundProxy),
      user: parseUri(options.aor)?.user,
      params: instanceParams(options.instance),
    });
    core.keepFlow(options.outboundProxy ?? this.#registrar);
    this.#way = new AccountWay(core, options, this.#registrar);
    core.attempts.add(this);
    core.onLost.add(this.#onLost);
    const clocks = {
      refreshAfterMs: () => refreshAfterMs(this.#grantedS),
      retryAfterMs: () => this.#pauseMs(),
    };
    this.#machine = new Machine(registrationStates(clocks), "registering", (phase) => this.#entered(phase));
    this.#entered("registering");
  }

  get state(): RegistrationState {
    return stateOf(this.#machine.state);
  }

  renew(): void {
    this.#failures = 0;
    this.#machine.send("moved");
  }

  close(): Promise<void> {
    this.#machine.send("leave");
    return this.#gone.promise;
  }

  #entered(phase: RegistrationPhase): void {
    if (phase === "registering" || phase === "refreshing") this.#ask(this.#expiresS);
    else if (phase === "leaving") this.#ask(0);
    else if (phase === "off") this.#forget();
    if (phase !== "leaving") this.#tell(stateOf(phase));
  }

  #tell(state: RegistrationState): void {
    if (state === this.#told && state !== "failed") return;
    this.#told = state;
    this.#options.onState?.(state, state === "failed" ? this.failure : undefined);
  }

  #forget(): void {
    this.#core.attempts.delete(this);
    this.#core.onLost.delete(this.#onLost);
    this.#way.forget();
    this.#gone.resolve();
  }

  /** One REGISTER; of several under way only the latest counts. */
  #ask(expiresS: number): void {
    this.#seq += 1;
    const sent = this.#seq;
    const { aor, displayName } = this.#options;
    const who = { ...(displayName !== undefined && { name: displayName }), uri: aor, params: {} };
    const request = this.#core.first("REGISTER", this.#registrar, {
      from: who,
      routes: proxyRoute(this.#options.outboundProxy),
      headers: {
        to: who,
        "call-id": this.#callId,
        cseq: { seq: sent, method: "REGISTER" },
        contact: [this.#contact],
        expires: String(expiresS),
        supported: "path",
      },
    });
    const nextSeq = () => {
      this.#seq += 1;
      return this.#seq;
    };
    this.#attempts += 1;
    const attempt = this.#attempts;
    const receive = (response: SipResponse) => {
      if (response.status < 200 || this.#attempts !== attempt) return;
      this.#hop = transaction.hop;
      this.#answered(response);
    };
    // What was asked before is not asked again with a password: it might overtake what we want now.
    this.#transaction?.cancel();
    const transaction = this.#core.send(request, receive, { nextSeq });
    this.#transaction = transaction;
  }

  /**
   * The registrar calls us by the connection that is gone: it must learn of another (RFC 5626 §4.5). One that was only just
   * tried carries no registration; its REGISTER fails by itself, and pauses.
   */
  #lost(peer: Hop): void {
    if (this.state !== "registered") return;
    const ours = peer.address === this.#hop?.address && peer.port === this.#hop.port;
    if (!ours || peer.protocol !== this.#hop?.protocol) return;
    if (performance.now() - this.#registeredAtMs >= BRIEF_MS) {
      this.#machine.send("moved");
      return;
    }
    this.#failures += 1;
    this.failure = { status: 503, reason: "Connection Lost", silent: true };
    this.#machine.send("lost");
  }

  #answered(response: SipResponse): void {
    const { status } = response;
    if (this.#machine.send("done")) return;
    if (status < 300) this.#accepted(response);
    else if (status === 423 && this.#learnMinimum(response)) this.#machine.send("too-brief");
    else this.#refused(response);
  }

  #accepted(response: SipResponse): void {
    this.#failures = 0;
    this.failure = undefined;
    this.#registeredAtMs = performance.now();
    this.#grantedS = Math.min(this.#granted(response), LONGEST_S);
    this.#way.learn(response);
    this.#machine.send("accepted");
  }

  #refused(response: SipResponse): void {
    const { status, reason } = response;
    this.#failures += 1;
    this.#retryAfterS = seconds(textHeader(response, "retry-after")?.split(/[;(]/)[0]);
    this.failure = { status, reason, silent: isMadeUp(response) };
    this.#machine.send("refused");
  }

  /** A registrar may want longer registrations (§10.2.8); false when it does not say more than we asked for. */
  #learnMinimum(response: SipResponse): boolean {
    const minimum = seconds(textHeader(response, "min-expires")) ?? 0;
    if (minimum <= this.#expiresS || minimum > LONGEST_S) return false;
    this.#expiresS = minimum;
    return true;
  }

  /** What is said about our own Contact counts, then what is said about all (§10.2.4). */
  #granted(response: SipResponse): number {
    const { contact } = response.headers;
    const all = contact === undefined || contact === "*" ? [] : contact;
    const own = all.find(({ uri }) => sameContact(uri, this.#contact.uri));
    const written = own?.params["expires"] ?? textHeader(response, "expires");
    return seconds(written ?? undefined) ?? this.#expiresS;
  }

  /** Half of the pause is left to chance, so that not all of a server's users come back at once (RFC 5626 §4.5). */
  #pauseMs(): number {
    const longestS = Math.min(LONGEST_PAUSE_S, BASE_PAUSE_S * 2 ** Math.min(this.#failures, 10));
    const pauseS = longestS * (0.5 + Math.random() / 2);
    return 1000 * Math.max(pauseS, Math.min(this.#retryAfterS ?? 0, LONGEST_S));
  }
}

function stateOf(phase: RegistrationPhase): RegistrationState {
  if (phase === "refreshing" || phase === "leaving") return "registered";
  return phase;
}

function proxyRoute(proxy: SipUri | undefined): readonly NameAddr[] | undefined {
  return proxy && [{ uri: proxy, params: {} }];
}

function instanceParams(instance: string | undefined): Record<string, string> {
  return instance === undefined ? {} : { "+sip.instance": `"<${instance}>"` };
}

function sameContact(one: string, other: string): boolean {
  const [a, b] = [parseUri(one), parseUri(other)];
  return a?.user === b?.user && sameHost(one, other);
}

/** Early enough for a lost REGISTER to be repeated, half the time for a short grant. */
function refreshAfterMs(grantedS: number): number {
  return Math.max(1000 * Math.max(grantedS / 2, grantedS - 32), 1000);
}
