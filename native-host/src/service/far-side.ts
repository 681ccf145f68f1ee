/**
 * The far side of a call: at most one far end at a time, and the way to the next one. Switches run one after the other;
 * a newer one takes the place of all before it, from wherever those have led.
 */

import { ServiceError } from "../errors.ts";
import type { Caller, Leg, LegHandlers } from "../sip/leg.ts";
import type { Destination, FarEnd } from "./far-end.ts";
import type { FarRequests } from "./far-requests.ts";
import type { MediaPath } from "./media-path.ts";
import { callFailure, peerSaid, switchFailure } from "./sip-failure.ts";
import { switchFarEnd } from "./switch.ts";

/** The new conference of a switch has this long for a final answer; the user stays in the old one meanwhile. */
const SWITCH_WITHIN_MS = 4000;
/** A focus that moved us ends the old dialog (RFC 3891 §3); if it forgets, we do. */
const REPLACED_WITHIN_MS = 2000;

export interface FarSideOptions {
  readonly caller: Caller;
  readonly path: MediaPath;
  /** Resolves when the device is on the line; its failure is that of every switch. */
  readonly deviceReady: Promise<void>;
  /** Who answers requests of the far end that are not about the call itself. */
  readonly farRequests: FarRequests;
  readonly onRinging: () => void;
  /** A far end answered and is heard. */
  readonly onReached: (far: FarEnd) => void;
  /** The far end hung up, or with an error: there is none, or none any more. Not called after `end()`. */
  readonly onLost: (error?: ServiceError) => void;
}

interface Move {
  readonly to: Destination;
  readonly abort: AbortController;
  readonly done: PromiseWithResolvers<number>;
}

export class FarSide {
  readonly #options: FarSideOptions;
  readonly #replaced = new Map<Leg, NodeJS.Timeout>();
  #current: FarEnd | undefined;
  #running: Move | undefined;
  #next: Move | undefined;
  #muted: boolean;
  #signalling = false;
  /** The old far end hung up while a switch was tried. */
  #lostOld = false;
  #over = false;

  constructor(options: FarSideOptions, muted: boolean) {
    this.#options = options;
    this.#muted = muted;
    options.farRequests.onChange = () => {
      if (this.#current) this.#current.leg.handlers = this.#handlers(this.#current);
    };
  }

  get current(): FarEnd | undefined {
    return this.#current;
  }

  /** Whether a switch is under way. */
  get moving(): boolean {
    return this.#running !== undefined || this.#next !== undefined;
  }

  /**
   * Calls `to` in the place of the far end there is; resolves with the gap at the device in ms. Throws ServiceError
   * `superseded`, `switch-failed` (the old one stands), `switch-lost`, or, for a first far end, why it refused.
   */
  goTo(to: Destination, signal?: AbortSignal): Promise<number> {
    if (this.#over) return Promise.reject(new ServiceError("cancelled", []));
    const move: Move = { to, abort: new AbortController(), done: Promise.withResolvers() };
    signal?.addEventListener("abort", () => move.abort.abort(new ServiceError("cancelled", [])), {
      once: true,
    });
    const superseded = new ServiceError("superseded", []);
    this.#running?.abort.abort(superseded);
    this.#next?.done.reject(superseded);
    this.#next = move;
    if (!this.#running) void this.#run();
    return move.done.promise;
  }

  /** The far end learns of it by re-INVITE (`recvonly`); resolves when it has, or when nobody is there. Throws ServiceError. */
  async setMuted(muted: boolean): Promise<void> {
    this.#muted = muted;
    await this.#signalMuted();
  }

  /** Ends whatever there is; idempotent. */
  async end(reason?: string): Promise<void> {
    this.#over = true;
    const cancelled = new ServiceError("cancelled", []);
    this.#running?.abort.abort(cancelled);
    this.#next?.done.reject(cancelled);
    this.#next = undefined;
    const replaced = [...this.#replaced.keys()];
    for (const timer of this.#replaced.values()) clearTimeout(timer);
    this.#replaced.clear();
    const current = this.#current;
    this.#current = undefined;
    current?.media.close();
    await Promise.all([current?.leg.bye(reason), ...replaced.map((leg) => leg.bye())]);
  }

  async #run(): Promise<void> {
    while (this.#next) {
      const move = this.#next;
      this.#next = undefined;
      this.#running = move;
      const settle = await this.#attempt(move);
      this.#running = undefined;
      settle();
    }
    const current = this.#current;
    if (current?.leg.state === "ended") this.#legEnded(current);
    this.#signalMuted().catch(() => undefined);
  }

  /** Runs one switch; returns what is to happen once it counts as over. */
  async #attempt(move: Move): Promise<() => void> {
    const gapMs = this.#options.path.measureGap();
    try {
      const gap = this.#isThere(move.to) ? 0 : await this.#go(move, gapMs);
      return () => move.done.resolve(gap);
    } catch (cause) {
      const failure = this.#failure(move, cause);
      return () => {
        if (!this.#current && !this.#next && !this.#over) this.#options.onLost(failure);
        move.done.reject(failure);
      };
    }
  }

  #isThere(to: Destination): boolean {
    return this.#current?.target === to.target && this.#current.leg.state !== "ended";
  }

  async #go(move: Move, gapMs: () => number): Promise<number> {
    await this.#adopt(await this.#reach(move));
    if (move.abort.signal.aborted) throw move.abort.signal.reason;
    return gapMs();
  }

  async #reach(move: Move): Promise<FarEnd> {
    const { caller, path, onRinging, deviceReady } = this.#options;
    await deviceReady;
    const old = this.#current;
    const limit = setTimeout(() => old && move.abort.abort(new SwitchTimeout()), SWITCH_WITHIN_MS);
    try {
      const options = { caller, path, onRinging, muted: this.#muted, signal: move.abort.signal };
      return await switchFarEnd(old, move.to, options);
    } finally {
      clearTimeout(limit);
    }
  }

  async #adopt(far: FarEnd): Promise<void> {
    if (this.#over) {
      far.media.close();
      await far.leg.bye();
      throw new ServiceError("cancelled", []);
    }
    const old = this.#current;
    this.#current = far;
    this.#lostOld = false;
    far.leg.handlers = this.#handlers(far);
    this.#options.onReached(far);
    if (!old) return;
    if (old.media !== far.media) old.media.close();
    this.#leave(old, far);
  }

  #leave(old: FarEnd, far: FarEnd): void {
    const { leg } = old;
    if (old.media !== far.media) {
      void leg.bye("moved on");
      return;
    }
    const forgotten = () => {
      this.#replaced.delete(leg);
      void leg.bye("replaced");
    };
    if (leg.state !== "ended") this.#replaced.set(leg, setTimeout(forgotten, REPLACED_WITHIN_MS));
  }

  #handlers(far: FarEnd): LegHandlers {
    return {
      onOffer: (offer) => far.media.offered(offer),
      makeOffer: () => far.media.offer(this.#muted),
      onAnswer: (answer) => void far.media.answered(answer).catch(() => this.#unusable(far)),
      onEnded: () => this.#legEnded(far),
      ...this.#options.farRequests.handlers,
    };
  }

  /** A far end that asked for our offer and answered it with nothing we can use. */
  #unusable(far: FarEnd): void {
    void far.leg.bye("no usable media");
    this.#legEnded(far);
  }

  #legEnded(far: FarEnd): void {
    clearTimeout(this.#replaced.get(far.leg));
    this.#replaced.delete(far.leg);
    if (this.#current?.leg !== far.leg) return;
    // A focus may end the old dialog before its 2xx to the new one is here: the switch decides what becomes of the call.
    if (this.moving) return;
    this.#current = undefined;
    far.media.close();
    this.#options.onLost();
  }

  #failure(move: Move, cause: unknown): ServiceError {
    const reason: unknown = move.abort.signal.aborted ? move.abort.signal.reason : cause;
    const current = this.#stillThere();
    if (reason instanceof ServiceError && reason.code === "superseded") return reason;
    if (current) return switchFailure(current.target, reason);
    return this.#lostOld
      ? new ServiceError("switch-lost", [], peerSaid(reason))
      : callFailure(move.to.target, reason);
  }

  /** The current far end, unless it hung up while a switch was tried. */
  #stillThere(): FarEnd | undefined {
    const current = this.#current;
    if (current?.leg.state !== "ended") return current;
    current.media.close();
    this.#current = undefined;
    this.#lostOld = true;
    return undefined;
  }

  async #signalMuted(): Promise<void> {
    const far = this.#current;
    if (!far || far.muted === this.#muted || this.#signalling || this.moving) return;
    const muted = this.#muted;
    this.#signalling = true;
    try {
      const answer = await far.leg.offer(far.media.offer(muted));
      await far.media.answered(answer);
    } catch (refused) {
      throw callFailure(far.target, refused);
    } finally {
      this.#signalling = false;
      // Also when it was refused: asking again would not change its mind.
      if (this.#current === far) this.#current = { ...far, muted };
    }
    await this.#signalMuted();
  }
}

/** Nothing final for 4 s; its own class so that it reads as a timeout in a log. */
class SwitchTimeout extends Error {
  override readonly name = "SwitchTimeout";
}
