/** The far side of a call: at most one far end at a time, the way to the next one, and back to one that was lost. */

import { ServiceError } from "../errors.ts";
import type { Direction } from "../sdp/session.ts";
import type { Caller, Leg, LegHandlers } from "../sip/leg.ts";
import type { NameAddr } from "../sip/message.ts";
import { type Destination, type FarEnd, isFocus, movedFar } from "./far-end.ts";
import type { FarRequests } from "./far-requests.ts";
import type { MediaPath } from "./media-path.ts";
import { type Move, Moves } from "./moves.ts";
import { ReplacedLegs } from "./replaced-legs.ts";
import { callFailure, goodbye, peerSaid, switchFailure } from "./sip-failure.ts";
import { switchInTime } from "./switch.ts";
import { type DeviceChange, switchDevice } from "./switch-device.ts";
import { Turns } from "./turns.ts";
import { WayBack } from "./way-back.ts";
import { WishTold } from "./wish-told.ts";

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
  /** Its focus moved us to another conference; it is heard as before. */
  readonly onMoved: (far: FarEnd) => void;
  /** Its focus is gone without a word, and is called again; then it is back, or lost. */
  readonly onGone: () => void;
  readonly onBack: () => void;
  /** The far end hung up, or with an error: there is none, or none any more. Not called after `end()`. */
  readonly onLost: (error?: ServiceError) => void;
}

/** Answers somebody who calls us, with the media of this path. */
export type Arrival = (path: MediaPath) => Promise<FarEnd>;

export class FarSide {
  readonly #options: FarSideOptions;
  readonly #replaced = new ReplacedLegs();
  /** Switches of far end and device, of which there is one at a time. */
  readonly #turns = new Turns();
  #path: MediaPath;
  #current: FarEnd | undefined;
  #wish: Direction;
  readonly #moves = new Moves({
    attempt: (move) => this.#turns.take(() => this.#attempt(move)),
    onSettled: () => this.#settled(),
  });
  readonly #wayBack: WayBack;
  readonly #told = new WishTold();
  /** Another device is being put in. */
  #changing = false;
  /** The old far end hung up while a switch was tried. */
  #lostOld = false;
  readonly #over = new AbortController();

  constructor(options: FarSideOptions, wish: Direction) {
    this.#options = options;
    this.#path = options.path;
    this.#wish = wish;
    const { onGone, onBack, onLost, farRequests } = options;
    const again = (lost: FarEnd) => this.#again(lost);
    this.#wayBack = new WayBack({ again, onGone, onBack, onLost, signal: this.#over.signal });
    farRequests.onChange = () => {
      if (this.#current) this.#current.leg.handlers = this.#handlers(this.#current);
    };
  }

  get current(): FarEnd | undefined {
    return this.#current;
  }

  /** Whether a switch is under way. */
  get moving(): boolean {
    return this.#moves.underWay;
  }

  /**
   * Calls `to` in the place of the far end there is; resolves with the gap at the device in ms. Throws ServiceError
   * `superseded`, `switch-failed` (the old one stands), `switch-lost`, or, for a first far end, why it refused.
   */
  goTo(to: Destination, signal?: AbortSignal): Promise<number> {
    if (this.#isOver) return Promise.reject(new ServiceError("cancelled", []));
    return this.#moves.goTo(to, signal);
  }

  /** The far end learns of it by re-INVITE; resolves when it has, or when nobody is there. Throws ServiceError. */
  async setWish(wish: Direction): Promise<void> {
    this.#wish = wish;
    this.#told.insist();
    // Who is being switched to is told in its INVITE, or when that is answered.
    if (this.#current && this.#busy) await this.#turns.take(async () => undefined);
    await this.#signal();
  }

  /** Puts the far end onto another device; it is still with the old one when this rejects. Throws ServiceError. */
  async useDevice(change: DeviceChange): Promise<void> {
    await this.#turns.take(() => this.#useDevice(change)).finally(() => this.#settled());
  }

  /**
   * Somebody who calls us becomes the far end, in the place of the one there may be; `arrive` answers the call. Throws
   * what that throws, and the far end there is stays.
   */
  async take(arrive: Arrival): Promise<void> {
    const taken = this.#turns.take(async () => {
      const far = await arrive(this.#path);
      await this.#adopt(far);
      await far.media.hear();
    });
    await taken.finally(() => this.#settled());
  }

  /** Ends whatever there is; idempotent. */
  async end(reason?: string): Promise<void> {
    this.#over.abort();
    this.#wayBack.stop();
    this.#moves.cancel();
    const current = this.#current;
    this.#current = undefined;
    current?.media.close();
    await Promise.all([current?.leg.bye(reason), this.#replaced.end()]);
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  get #busy(): boolean {
    return this.moving || this.#changing;
  }

  /** Nothing is under way any more: what came up meanwhile is done now. */
  #settled(): void {
    const current = this.#current;
    if (current && (current.leg.state === "ended" || this.#wayBack.isGone(current.leg)))
      this.#legEnded(current);
    this.#signal().catch(() => undefined);
  }

  async #useDevice(change: DeviceChange): Promise<void> {
    const old = this.#current;
    if (!old || this.#isOver) throw new ServiceError("wrong-state", ["nobody has answered yet"]);
    this.#changing = true;
    try {
      const far = await switchDevice(old, this.#wish, change);
      this.#path = change.path;
      this.#become(far);
      old.media.close();
    } catch (failed) {
      if (failed instanceof ServiceError && failed.code === "switch-lost") this.#options.onLost(failed);
      throw failed;
    } finally {
      this.#changing = false;
    }
  }

  /** Runs one switch; returns what is to happen once it counts as over. */
  async #attempt(move: Move): Promise<() => void> {
    const gapMs = this.#path.measureGap();
    try {
      const gap = this.#isThere(move.to) ? 0 : await this.#go(move, gapMs);
      return () => move.done.resolve(gap);
    } catch (cause) {
      const failure = this.#failure(move, cause);
      return () => {
        if (!this.#current && !this.#moves.follows && !this.#isOver) this.#options.onLost(failure);
        move.done.reject(failure);
      };
    }
  }

  #isThere(to: Destination): boolean {
    const { target, leg } = this.#current ?? {};
    return target === to.target && leg?.state !== "ended" && !(leg && this.#wayBack.isGone(leg));
  }

  async #go(move: Move, gapMs: () => number): Promise<number> {
    await this.#adopt(await this.#reach(move));
    if (move.abort.signal.aborted) throw move.abort.signal.reason;
    return gapMs();
  }

  async #reach(move: Move): Promise<FarEnd> {
    const { caller, deviceReady, onRinging } = this.#options;
    await deviceReady;
    const options = { caller, path: this.#path, onRinging, wish: this.#wish, abort: move.abort };
    return switchInTime(this.#current, move.to, options);
  }

  async #adopt(far: FarEnd): Promise<void> {
    if (this.#isOver) {
      far.media.close();
      await far.leg.bye();
      throw new ServiceError("cancelled", []);
    }
    const old = this.#current;
    this.#become(far);
    this.#lostOld = false;
    this.#options.onReached(far);
    if (!old) return;
    if (old.media !== far.media) old.media.close();
    this.#leave(old, far);
  }

  #become(far: FarEnd): void {
    this.#current = far;
    far.leg.handlers = this.#handlers(far);
    this.#wayBack.watch(far, () => this.#focusGone(far));
  }

  #leave(old: FarEnd, far: FarEnd): void {
    if (old.media === far.media) this.#replaced.add(old.leg);
    else void old.leg.bye("moved on");
  }

  #handlers(far: FarEnd): LegHandlers {
    return {
      onOffer: (offer) => far.media.offered(offer),
      makeOffer: () => far.media.offer(this.#wish),
      onAnswer: (answer) => void far.media.answered(answer).catch(() => this.#unusable(far)),
      onEnded: (reason, lost) => (lost && isFocus(far) ? this.#focusGone(far) : this.#legEnded(far, reason)),
      onTarget: (was) => this.#retargeted(far.leg, was),
      ...this.#options.farRequests.handlers,
    };
  }

  /** A far end that asked for our offer and answered it with nothing we can use. */
  #unusable(far: FarEnd): void {
    void far.leg.bye("no usable media");
    this.#legEnded(far);
  }

  #legEnded(far: FarEnd, reason = ""): void {
    this.#replaced.ended(far.leg);
    if (this.#current?.leg !== far.leg) return;
    // A focus may end the old dialog before its 2xx to the new one is here: the switch decides what becomes of the call.
    if (this.#busy) return;
    if (this.#wayBack.isGone(far.leg)) {
      void this.#wayBack.take(far);
      return;
    }
    this.#current = undefined;
    far.media.close();
    this.#options.onLost(isFocus(far) ? goodbye(far.target, reason) : undefined);
  }

  #focusGone(far: FarEnd): void {
    this.#wayBack.lose(far.leg);
    this.#legEnded(far);
  }

  async #again({ leg, target, from }: FarEnd): Promise<void> {
    // What the user wants goes first.
    if (this.#busy) throw new ServiceError("superseded", []);
    if (this.#current?.leg === leg) await this.goTo({ target, from });
  }

  /** The Contact of the far end is another one: its focus may have put us into another conference. */
  #retargeted(leg: Leg, was: NameAddr): void {
    const current = this.#current;
    if (current?.leg !== leg || !isFocus(current)) return;
    this.#become(movedFar(current, was));
    if (this.#current) this.#options.onMoved(this.#current);
  }

  #failure(move: Move, cause: unknown): ServiceError {
    const reason: unknown = move.abort.signal.aborted ? move.abort.signal.reason : cause;
    const current = this.#stillThere();
    if (reason instanceof ServiceError && reason.code === "superseded") return reason;
    if (current && !this.#wayBack.isGone(current.leg))
      return switchFailure(current.target, callFailure(move.to.target, reason));
    return this.#lostOld
      ? new ServiceError("switch-lost", [], peerSaid(reason))
      : callFailure(move.to.target, reason);
  }

  /** The current far end, unless it hung up while a switch was tried. */
  #stillThere(): FarEnd | undefined {
    const current = this.#current;
    if (current?.leg.state !== "ended" || this.#wayBack.isGone(current.leg)) return current;
    current.media.close();
    this.#current = undefined;
    this.#lostOld = true;
    return undefined;
  }

  async #signal(): Promise<void> {
    const far = this.#current;
    if (!far || this.#busy || this.#wayBack.isGone(far.leg)) return;
    const said = await this.#told.tell(far, this.#wish);
    if (said === undefined) return;
    if (this.#current?.leg === far.leg) this.#current = { ...this.#current, said };
    await this.#signal();
  }
}
