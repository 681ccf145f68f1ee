/** One subscription of a client: its events in order, what a slow client misses, and what it may hear again later. */
import { el, type XmlElement } from "../xml/strict.ts";
import { failureOf } from "./answers.ts";
import type { ServiceEvent, Topic } from "./call-control.ts";
import { happenedElement } from "./events.ts";
import { History } from "./history.ts";

/** Follows the service until the function returned is called. */
export type Follow = (emit: (event: ServiceEvent) => void) => () => void;

/** The client's side. */
export interface Feed {
  /** Sends one event of this subscription; returns its number. */
  send(sub: string, happened: XmlElement): number;
  /** True while the client has much unread: events that a later full state makes good are then left out. */
  congested(): boolean;
}

/** Left out for a slow client: the full state follows, or, for a trace, how many messages are missing. */
const MENDABLE: readonly ServiceEvent["name"][] = ["Roster", "Talking", "Presence", "Trace"];
/** Questions that are answered and messages that were sent are not worth hearing of later. */
const PASSING: readonly Topic[] = ["prompts", "trace"];

/**
 * ```
 * held -flow-> live -retire-> retired -resume-> held
 *              live -lag-> lagging -drained-> live, from the full state
 * ```
 */
export class Subscription {
  readonly #follow: Follow;
  readonly #history: History | undefined;
  #sub: string;
  #feed: Feed | undefined;
  #stop: (() => void) | undefined;
  #held: ServiceEvent[] | undefined = [];
  #lost = 0;
  #over = false;

  /** Begins to follow, and holds what comes until `flow`. Throws what `follow` throws. */
  constructor(topic: Topic, follow: Follow, { sub, feed }: { readonly sub: string; readonly feed: Feed }) {
    this.#follow = follow;
    this.#sub = sub;
    this.#feed = feed;
    this.#history = PASSING.includes(topic) ? undefined : new History();
    this.#start();
  }

  /** Nothing more will come. */
  get over(): boolean {
    return this.#over;
  }

  /** Sends what was held, and from now on everything at once. */
  flow(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#take(event);
  }

  stop(): void {
    this.#over = true;
    this.#leave();
  }

  /** The client has read what was waiting: says how much was left out, then begins again with the full state. */
  catchUp(): void {
    if (this.#lost === 0) return;
    this.#feed?.send(this.#sub, el("Lagged", { lost: this.#lost }));
    this.#lost = 0;
    this.#leave();
    try {
      this.#start();
    } catch (thrown) {
      this.#take({ name: "Ended", error: failureOf(thrown) });
    }
  }

  /** Goes on following for a client that is not there; false when it could not be resumed anyway. */
  retire(): boolean {
    const resumable = this.#history !== undefined && this.#lost === 0 && !this.#over;
    this.#feed = undefined;
    if (resumable) this.flow();
    else this.stop();
    return resumable;
  }

  /** Goes on for a client that heard all up to the event `since`; how many it missed, undefined when not all are known. */
  resume(since: number, to: { readonly sub: string; readonly feed: Feed }): number | undefined {
    const missed = this.#over ? undefined : this.#history?.after(since);
    if (!missed) return undefined;
    this.#history?.forget(since);
    this.#sub = to.sub;
    this.#feed = to.feed;
    this.#held = [...missed];
    return missed.length;
  }

  #start(): void {
    let live = true;
    const stop = this.#follow((event) => live && this.#take(event));
    this.#stop = () => {
      live = false;
      stop();
    };
  }

  #leave(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #take(event: ServiceEvent): void {
    if (this.#held) {
      this.#held.push(event);
      return;
    }
    if (MENDABLE.includes(event.name) && (this.#lost > 0 || this.#feed?.congested())) {
      this.#lost += 1;
      return;
    }
    const seq = this.#feed?.send(this.#sub, happenedElement(event));
    this.#history?.add(event, seq);
    if (event.name === "Ended") this.stop();
  }
}
