/** What one client follows: numbered events, and what happens to them when the client reads too slowly. */
import { ServiceError } from "../errors.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { failureOf } from "./answers.ts";
import type { ServiceEvent } from "./call-control.ts";
import { happenedElement } from "./events.ts";

type Start = (emit: (event: ServiceEvent) => void) => () => void;

export interface Feed {
  /** Sends one event of this subscription. */
  send(sub: string, happened: XmlElement): void;
  /** True while the client has much unread: events that a later full state makes good are then left out. */
  congested(): boolean;
}

const MAX_SUBSCRIPTIONS = 64;
/** Left out for a slow client: the full state follows, or, for a trace, how many messages are missing. */
const MENDABLE: readonly ServiceEvent["name"][] = ["Roster", "Talking", "Trace"];

/** All subscriptions of one client. */
export class Subscriptions {
  readonly #feed: Feed;
  readonly #open = new Map<string, Subscription>();
  #count = 0;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** Starts one; its events are held back until `flow`, so that the Result comes first. Throws what `start` throws. */
  open(start: Start): { readonly sub: string; flow(): void } {
    if (this.#open.size >= MAX_SUBSCRIPTIONS) {
      throw new ServiceError("limit-exceeded", [`${MAX_SUBSCRIPTIONS} subscriptions of one client`]);
    }
    this.#count += 1;
    const sub = `s${this.#count}`;
    const subscription = new Subscription(sub, start, this.#feed, () => this.#open.delete(sub));
    this.#open.set(sub, subscription);
    subscription.start();
    return { sub, flow: () => subscription.flow() };
  }

  /** Ends one; its last event says so. Throws ServiceError `no-such-subscription`. */
  end(sub: string): () => void {
    const subscription = this.#open.get(sub);
    if (!subscription) throw new ServiceError("no-such-subscription", [sub]);
    this.#open.delete(sub);
    subscription.stop();
    return () => this.#feed.send(sub, happenedElement({ name: "Ended" }));
  }

  /** The client has read what was waiting. */
  drained(): void {
    for (const subscription of [...this.#open.values()]) subscription.catchUp();
  }

  close(): void {
    for (const subscription of this.#open.values()) subscription.stop();
    this.#open.clear();
  }
}

class Subscription {
  readonly #sub: string;
  readonly #start: Start;
  readonly #feed: Feed;
  readonly #over: () => void;
  #stop: (() => void) | undefined;
  #held: ServiceEvent[] | undefined = [];
  #lost = 0;

  constructor(sub: string, start: Start, feed: Feed, over: () => void) {
    this.#sub = sub;
    this.#start = start;
    this.#feed = feed;
    this.#over = over;
  }

  start(): void {
    let live = true;
    try {
      const stop = this.#start((event) => live && this.#take(event));
      this.#stop = () => {
        live = false;
        stop();
      };
    } catch (thrown) {
      live = false;
      this.#over();
      throw thrown;
    }
  }

  flow(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#take(event);
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Says how much was left out, then begins again with the full state. */
  catchUp(): void {
    if (this.#lost === 0) return;
    this.#feed.send(this.#sub, el("Lagged", { lost: this.#lost }));
    this.#lost = 0;
    this.stop();
    try {
      this.start();
    } catch (thrown) {
      this.#feed.send(this.#sub, happenedElement({ name: "Ended", error: failureOf(thrown) }));
    }
  }

  #take(event: ServiceEvent): void {
    if (this.#held) {
      this.#held.push(event);
      return;
    }
    const mendable = MENDABLE.includes(event.name);
    if (mendable && (this.#lost > 0 || this.#feed.congested())) {
      this.#lost += 1;
      return;
    }
    this.#feed.send(this.#sub, happenedElement(event));
    if (event.name === "Ended") {
      this.stop();
      this.#over();
    }
  }
}
