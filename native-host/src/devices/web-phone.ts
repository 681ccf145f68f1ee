/** A browser that is a phone: rung through its extension, its media by a peer connection that outlives every switch. */

import { randomBytes } from "node:crypto";
import { type ErrorCode, ServiceError } from "../errors.ts";
import type { Sdp } from "../sip/message.ts";
import type { Codec, ConnectOptions, Device, DeviceEnd, DeviceLeg } from "./device.ts";
import type { Peer } from "./peer.ts";

/** The extension of that browser, while it is connected. */
export interface WebClient {
  /** Asks for an offer under this session name. */
  ring(session: string): void;
  hangup(session: string): void;
}

export interface WebPhoneOptions {
  readonly id: string;
  readonly name: string;
  readonly answerPeer: (offer: Sdp, codecs: readonly Codec[]) => Promise<Peer | undefined>;
  /** The browser did not come back: the device is no more. */
  readonly onGone: () => void;
}

export interface WebOffer {
  readonly session: string;
  readonly sdp?: Sdp;
  readonly error?: { readonly code: ErrorCode; readonly detail?: string };
}

/** A worker that was killed, or a bridge, is back by then (promises F2, F10). */
const RETURN_WITHIN_MS = 10_000;
/** The user may have to allow the microphone first. */
const OFFER_WITHIN_MS = 30_000;

interface Ringing {
  readonly codecs: readonly Codec[];
  readonly offered: (leg: WebLeg) => void;
  readonly failed: (error: ServiceError) => void;
}

export class WebPhone implements Device {
  readonly id: string;
  readonly kind = "web";
  readonly name: string;
  readonly caps = ["loop", "mute"];
  readonly anchored = true;
  readonly #options: WebPhoneOptions;
  readonly #ringing = new Map<string, Ringing>();
  readonly #legs = new Map<string, WebLeg>();
  #client: WebClient | undefined;
  #absence: NodeJS.Timeout | undefined;

  constructor(options: WebPhoneOptions) {
    this.#options = options;
    this.id = options.id;
    this.name = options.name;
  }

  get readiness() {
    return this.#client ? "ready" : "offline";
  }

  /** The browser is here, for the first time or again. */
  attach(client: WebClient): void {
    clearTimeout(this.#absence);
    this.#client = client;
  }

  /** Its connection ended; a later one of the same browser may already have taken its place. */
  detach(client: WebClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#absence = setTimeout(() => this.#gone(), RETURN_WITHIN_MS);
  }

  async wake(): Promise<DeviceEnd> {
    if (!this.#client) throw new ServiceError("device-offline", [this.id]);
    return { headers: {}, connect: (options) => this.#connect(options) };
  }

  async close(): Promise<void> {
    clearTimeout(this.#absence);
    await Promise.all([...this.#legs.values()].map((leg) => leg.hangUp()));
  }

  /** The browser's offer for a session it was rung for; resolves with the answer, or with nothing for its refusal. */
  async offer({ session, sdp, error }: WebOffer): Promise<Sdp | undefined> {
    const ringing = this.#ringing.get(session);
    if (!ringing) throw new ServiceError("no-such-call", [session]);
    if (sdp === undefined) {
      ringing.failed(new ServiceError("device-refused", [this.id, error?.detail ?? "the browser refused"]));
      return undefined;
    }
    const peer = await this.#answer(sdp, ringing);
    if (this.#ringing.get(session) !== ringing) {
      peer.close();
      throw new ServiceError("no-such-call", [session]);
    }
    ringing.offered(this.#onTheLine(session, peer));
    return peer.answer;
  }

  async #answer(sdp: Sdp, ringing: Ringing): Promise<Peer> {
    try {
      const peer = await this.#options.answerPeer(sdp, ringing.codecs);
      if (peer) return peer;
      throw new ServiceError("device-refused", [this.id, "its offer has no PCMU or PCMA audio"]);
    } catch (cause) {
      const unreadable = new ServiceError("bad-request", ["the offer is no session description"], { cause });
      const error = cause instanceof ServiceError ? cause : unreadable;
      ringing.failed(error);
      throw error;
    }
  }

  #onTheLine(session: string, peer: Peer): WebLeg {
    const leg = new WebLeg(peer, () => {
      this.#legs.delete(session);
      this.#client?.hangup(session);
    });
    this.#legs.set(session, leg);
    return leg;
  }

  async #connect({ codecs, signal }: ConnectOptions): Promise<DeviceLeg> {
    const session = randomBytes(8).toString("hex");
    const { promise, resolve, reject } = Promise.withResolvers<WebLeg>();
    this.#ringing.set(session, { codecs, offered: resolve, failed: reject });
    const giveUp = (error: ServiceError) => {
      // An offer that is being answered at this moment finds the session gone.
      this.#ringing.delete(session);
      this.#client?.hangup(session);
      reject(error);
    };
    const overdue = setTimeout(() => giveUp(new ServiceError("device-timeout", [this.id])), OFFER_WITHIN_MS);
    const abort = () => giveUp(new ServiceError("cancelled", []));
    signal.addEventListener("abort", abort, { once: true });
    this.#client?.ring(session);
    try {
      return await promise;
    } finally {
      clearTimeout(overdue);
      signal.removeEventListener("abort", abort);
      this.#ringing.delete(session);
    }
  }

  #gone(): void {
    for (const leg of [...this.#legs.values()]) leg.lost("the browser is gone");
    this.#options.onGone();
  }
}

class WebLeg implements DeviceLeg {
  readonly port;
  readonly codec;
  readonly telephoneEvent;
  onEnded: (reason: string) => void = () => undefined;
  readonly #peer: Peer;
  readonly #over: () => void;
  #ended = false;

  constructor(peer: Peer, over: () => void) {
    this.#peer = peer;
    this.#over = over;
    this.port = peer.port;
    this.codec = peer.codec;
    this.telephoneEvent = peer.telephoneEvent;
    peer.onLost = (reason) => this.lost(reason);
  }

  lost(reason: string): void {
    if (!this.#end()) return;
    this.onEnded(reason);
  }

  async hangUp(): Promise<void> {
    this.#end();
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#peer.close();
    this.#over();
    return true;
  }
}
