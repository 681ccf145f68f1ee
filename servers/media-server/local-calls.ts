/** Calls to a media server within this process: an INVITE reaches its control without a message being written, sent or read. */

import { reasonHeader } from "#sip/cancel-reason.ts";
import { bodyParts, extraHeaders, token } from "#sip/header-values.ts";
import type {
  AcceptOptions,
  Caller,
  DialogId,
  ExtraHeaders,
  IncomingInvite,
  InviteOptions,
  Leg,
} from "#sip/leg.ts";
import type { Sdp, SipRequest, SipUri } from "#sip/message.ts";
import { type BodyPart, formatParts } from "#sip/multipart.ts";
import { buildResponse, reasonOf } from "#sip/response.ts";
import { SipError } from "#sip/sip-error.ts";
import { LocalLeg, OWN, turned } from "./local-leg.ts";
import { LocalOwner } from "./local-owner.ts";

type Established = Awaited<ReturnType<Caller["invite"]>>;
type Ends = ReturnType<typeof LocalLeg.pair>;

const TIMEOUT_MS = 32_000;

export class LocalCalls implements Caller {
  readonly #receive: (invite: IncomingInvite) => void;
  readonly #owner: LocalOwner;
  /** The ends of those who were called, by their Call-ID. */
  readonly #callees = new Map<string, LocalLeg>();

  /** `receive` decides about a call, as UserAgentOptions.onInvite, and `onError` hears what owners throw, as there. */
  constructor(receive: (invite: IncomingInvite) => void, onError?: (error: Error) => void) {
    this.#receive = receive;
    this.#owner = new LocalOwner(onError);
  }

  /** The leg of whoever was called, as UserAgent.findLeg. */
  findLeg({ callId, localTag, remoteTag }: DialogId): Leg | undefined {
    const leg = this.#callees.get(callId);
    return leg?.id.localTag === localTag && leg.id.remoteTag === remoteTag ? leg : undefined;
  }

  /** Throws SipError: what the media server answered, 408 when it did not in time, 487 when aborted. */
  async invite(target: SipUri, options: InviteOptions): Promise<Established> {
    if (options.signal?.aborted) throw cancelled();
    const [caller, callee] = this.#pair();
    caller.handlers = options.handlers ?? {};
    const invite = new LocalInvite(target, options, { caller, callee, owner: this.#owner });
    this.#owner.tell(() => this.#ask(invite));
    const { sdp, parts } = await invite.decided;
    try {
      if (options.signal?.aborted) throw cancelled();
      options.onAccepted?.(buildResponse(invite.request, 200, bodyParts(formatParts(parts))));
      return await agree([caller, callee], sdp, options);
    } catch (cause) {
      void caller.bye();
      throw cause;
    }
  }

  #pair(): Ends {
    const id = { callId: token(), localTag: "caller", remoteTag: "callee" };
    const ends = LocalLeg.pair(id, () => this.#callees.delete(id.callId), this.#owner);
    this.#callees.set(id.callId, ends[1]);
    return ends;
  }

  #ask(invite: LocalInvite): void {
    try {
      this.#receive(invite);
    } catch (cause) {
      invite.reject(500);
      throw cause;
    }
  }
}

/** Both ends agree on what the 200 said, and the ACK goes when it may. */
async function agree([caller, callee]: Ends, sdp: Sdp, options: InviteOptions): Promise<Established> {
  const { offer, confirm, signal } = options;
  const answer = offer === undefined ? await answerTo(sdp, options) : undefined;
  if (signal?.aborted) throw cancelled();
  caller.confirm(offer ?? answer ?? "", sdp);
  if (confirm !== undefined) void confirm.then(() => callee.acknowledge(answer));
  else callee.acknowledge(answer);
  return { leg: caller, answer: sdp };
}

async function answerTo(offer: Sdp, { answerOffer }: InviteOptions): Promise<Sdp> {
  const answer = await answerOffer?.(offer);
  if (!answer) throw new SipError(488, "The offer was not answered");
  return answer;
}

function cancelled(): SipError {
  return new SipError(487, "Cancelled");
}

interface Decision {
  readonly sdp: Sdp;
  readonly parts: readonly BodyPart[];
}

interface Parties {
  readonly caller: LocalLeg;
  readonly callee: LocalLeg;
  readonly owner: LocalOwner;
}

class LocalInvite implements IncomingInvite {
  readonly request: SipRequest;
  readonly from = { uri: OWN, params: {} };
  readonly target: SipUri;
  readonly source = { address: OWN, port: 0 };
  readonly offer: Sdp | undefined;
  readonly replaces: DialogId | undefined;
  onCancelled?: (reason?: string) => void;
  readonly #callee: LocalLeg;
  readonly #owner: LocalOwner;
  readonly #decision = Promise.withResolvers<Decision>();
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  #open = true;

  constructor(target: SipUri, options: InviteOptions, { caller, callee, owner }: Parties) {
    const { offer, parts = [], replaces, signal, timeoutMs = TIMEOUT_MS } = options;
    this.target = target;
    this.offer = offer;
    this.replaces = replaces && turned(replaces);
    this.request = { ...caller.message("INVITE", formatParts(parts)), uri: target };
    this.#callee = callee;
    this.#owner = owner;
    this.#signal = signal;
    this.#timer = setTimeout(() => this.#cancel(new SipError(408, reasonOf(408))), timeoutMs);
    signal?.addEventListener("abort", this.#aborted);
  }

  get decided(): Promise<Decision> {
    return this.#decision.promise;
  }

  /** Nobody hears it ring. */
  ring(): undefined {
    return undefined;
  }

  accept(sdp: Sdp, { parts = [], handlers = {} }: AcceptOptions = {}): Leg {
    if (!this.#close()) return this.#callee;
    this.#callee.handlers = handlers;
    this.#callee.confirm(sdp, this.offer ?? "");
    this.#decision.resolve({ sdp, parts });
    return this.#callee;
  }

  reject(status: number, reason?: string, headers?: ExtraHeaders): void {
    const response = buildResponse(this.request, status, { reason, headers: extraHeaders(headers) });
    this.#fail(new SipError(status, response.reason, { response }));
  }

  readonly #aborted = (): void => this.#cancel(cancelled(), reasonHeader(this.#signal?.reason));

  #cancel(error: SipError, reason?: string): void {
    if (this.#fail(error)) this.#owner.tell(() => this.onCancelled?.(reason));
  }

  /** True when the call was open: whoever accepts it now gets a leg that has ended. */
  #fail(error: SipError): boolean {
    if (!this.#close()) return false;
    this.#callee.drop();
    this.#decision.reject(error);
    return true;
  }

  #close(): boolean {
    const was = this.#open;
    this.#open = false;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#aborted);
    return was;
  }
}
