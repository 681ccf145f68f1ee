/** The mixers of a conference server: each conference has its legs at one of them, and at another one when that dies. */

import type { Logger } from "pino";
import type { Caller, Leg } from "#sip/leg.ts";
import type { Sdp, SipResponse, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { type MediaOrder, MixerControl, type Seat } from "./mixer-control.ts";
import { HEALTH_TIMES, type HealthTimes, MixerHealth } from "./mixer-health.ts";

export interface MixerPoolOptions {
  /** At least one, all different. */
  readonly mixers: readonly SipUri[];
  readonly caller: Caller;
  /** OPTIONS outside a dialog; never rejects. */
  ask(uri: SipUri): Promise<SipResponse>;
  readonly log: Pick<Logger, "info" | "error">;
  readonly times?: HealthTimes | undefined;
}

/** What is known of one mixer. */
export interface MixerState {
  readonly uri: SipUri;
  readonly up: boolean;
  readonly legs: number;
}

/** One mixer. */
interface Station {
  readonly uri: SipUri;
  readonly control: MixerControl;
  readonly health: MixerHealth;
  /** In the order they came; those that ended are left out when somebody looks. */
  readonly legs: Set<Leg>;
  /** Orders without an answer. */
  ordering: number;
  /** Aborts when it dies, and is a new one then. */
  gone: AbortController;
}

/** A conference as the mixers know it. */
interface Room {
  readonly station: Station;
  readonly legs: Set<Leg>;
  /** Orders without an answer. */
  ordering: number;
}

/** Rooms that nobody is in any more are forgotten when there are so many more of them. */
const SWEEP_EVERY = 256;

export class MixerPool {
  readonly #options: MixerPoolOptions;
  readonly #stations: readonly Station[];
  readonly #rooms = new Map<string, Room>();
  #sweepAt = SWEEP_EVERY;

  constructor(options: MixerPoolOptions) {
    this.#options = options;
    this.#stations = options.mixers.map((uri) => this.#station(uri));
  }

  /** Whether one of them lives. */
  get alive(): boolean {
    return this.#stations.some(({ health }) => health.up);
  }

  get mixers(): MixerState[] {
    return this.#stations.map(({ uri, health, legs }) => ({ uri, up: health.up, legs: live(legs).size }));
  }

  /**
   * A leg in this room of the mixer that has the room already; a new room goes where the stream is that is to go on in it,
   * else to the mixer with the fewest legs. A stream of another mixer cannot go on: then the answer names another place.
   * Throws SipError as MixerControl.order, 503 when no mixer lives.
   */
  async order(id: string, order: MediaOrder): Promise<Seat> {
    const once = new Once(order);
    const tried = new Set<Station>();
    while (tried.size < this.#stations.length) {
      const station = this.#place(id, order, tried);
      const { signal: gone } = station.gone;
      try {
        return await this.#orderAt(station, id, once.order);
      } catch (cause) {
        const refusal = gone.aborted ? unavailable() : cause;
        if (once.used || !this.#mayGoElsewhere(station, id, refusal)) throw refusal;
        tried.add(station);
      }
    }
    throw unavailable();
  }

  /** When the mixer cannot, and nobody is in the room there. */
  #mayGoElsewhere(station: Station, id: string, refusal: unknown): boolean {
    const room = this.#rooms.get(id);
    const isThere = room?.station === station && isHeld(room);
    return !isThere && refusal instanceof SipError && refusal.status === 503;
  }

  close(): void {
    for (const { health } of this.#stations) health.close();
  }

  #station(uri: SipUri): Station {
    const { caller, ask, times = HEALTH_TIMES, log } = this.#options;
    const legs = new Set<Leg>();
    return {
      uri,
      legs,
      ordering: 0,
      control: new MixerControl(caller, uri),
      gone: new AbortController(),
      health: new MixerHealth({
        uri,
        times,
        ask,
        legs: () => live(legs),
        onUp: () => log.info({ mixer: uri }, "a mixer answers again"),
        onDown: () => this.#lost(uri),
      }),
    };
  }

  #place(id: string, { replaces }: MediaOrder, tried: ReadonlySet<Station>): Station {
    const known = this.#rooms.get(id);
    if (known?.station.health.up && isHeld(known)) return known.station;
    const up = this.#stations.filter((station) => station.health.up && !tried.has(station));
    const itsOwn = replaces && up.find(({ legs }) => has(legs, replaces.callId));
    const [fewest] = up.sort((one, other) => load(one) - load(other));
    const station = itsOwn ?? fewest;
    if (!station) throw unavailable();
    this.#sweep();
    this.#rooms.set(id, { station, legs: new Set(), ordering: 0 });
    return station;
  }

  async #orderAt(station: Station, id: string, { replaces, ...order }: MediaOrder): Promise<Seat> {
    const room = this.#rooms.get(id) ?? { station, legs: new Set(), ordering: 0 };
    const carried = replaces && has(station.legs, replaces.callId) ? { replaces } : {};
    const either = eitherOf(station.gone.signal, order.signal);
    room.ordering += 1;
    station.ordering += 1;
    try {
      const seat = await station.control.order(id, { ...order, ...carried, signal: either.signal });
      station.health.heard();
      station.legs.add(seat.leg);
      room.legs.add(seat.leg);
      return seat;
    } finally {
      room.ordering -= 1;
      station.ordering -= 1;
      either.release();
    }
  }

  /** Whoever has a leg there hears that it has ended, as if the mixer had said so. */
  #lost(uri: SipUri): void {
    const station = this.#stations.find((one) => one.uri === uri);
    if (!station) return;
    const legs = [...live(station.legs)];
    this.#options.log.error({ mixer: station.uri, legs: legs.length }, "a mixer does not answer");
    station.gone.abort();
    station.gone = new AbortController();
    station.legs.clear();
    for (const [id, room] of this.#rooms) if (room.station === station) this.#rooms.delete(id);
    for (const leg of legs) {
      const { onEnded } = leg.handlers;
      void leg.bye();
      onEnded?.("The mixer does not answer", true);
    }
  }

  #sweep(): void {
    if (this.#rooms.size < this.#sweepAt) return;
    for (const [id, room] of this.#rooms) if (!isHeld(room)) this.#rooms.delete(id);
    this.#sweepAt = this.#rooms.size + SWEEP_EVERY;
  }
}

/** A delayed offer is answered once, by somebody who is told so: such an order is not made again elsewhere. */
class Once {
  used = false;
  readonly order: MediaOrder;

  constructor(order: MediaOrder) {
    const { answerOffer } = order;
    const answer = (offer: Sdp): Promise<Sdp> | undefined => {
      this.used = true;
      return answerOffer?.(offer);
    };
    this.order = answerOffer
      ? { ...order, answerOffer: async (offer) => (await answer(offer)) ?? "" }
      : order;
  }
}

/** A signal that aborts with either, until it is released: one of them outlives a thousand orders. */
function eitherOf(...signals: readonly (AbortSignal | undefined)[]): {
  signal: AbortSignal;
  release(): void;
} {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const signal of signals) {
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
  }
  const release = () => {
    for (const signal of signals) signal?.removeEventListener("abort", abort);
  };
  return { signal: controller.signal, release };
}

/** The same set, without the legs that have ended. */
function live(legs: Set<Leg>): Set<Leg> {
  for (const leg of legs) if (leg.state === "ended") legs.delete(leg);
  return legs;
}

/** Also those on their way: whoever comes back after a crash comes all at once. */
function load({ legs, ordering }: Station): number {
  return live(legs).size + ordering;
}

/** Whoever is in is looked for until one is found: a room may have a thousand. */
function isHeld({ legs, ordering }: Room): boolean {
  if (ordering > 0) return true;
  for (const leg of legs) {
    if (leg.state !== "ended") return true;
    legs.delete(leg);
  }
  return false;
}

function has(legs: Set<Leg>, callId: string): boolean {
  for (const { state, id } of legs) if (id.callId === callId) return state !== "ended";
  return false;
}

function unavailable(): SipError {
  return new SipError(503, "Service Unavailable");
}
