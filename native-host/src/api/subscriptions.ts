/** What one client follows, and what it followed a moment ago. */
import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import type { Topic } from "./call-control.ts";
import { happenedElement } from "./events.ts";
import { Retired } from "./retired.ts";
import { type Feed, type Follow, Subscription } from "./subscription.ts";

const MAX_SUBSCRIPTIONS = 64;

/** What a client wants to follow, and the last event it has heard of that, if it asks for the rest only. */
export interface Wish {
  readonly topic: Topic;
  readonly id?: SipUri;
  readonly since?: number;
}

export interface Opened {
  readonly sub: string;
  /** How many events are heard again; undefined: the full state comes first. */
  readonly replayed?: number;
  /** Lets the events out, once the Result is. */
  flow(): void;
}

/** All subscriptions of one client. */
export class Subscriptions {
  readonly #feed: Feed;
  readonly #open = new Map<string, { readonly key: string; readonly subscription: Subscription }>();
  #retired = new Retired();
  #count = 0;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** Starts one; its events are held back until `flow`, so that the Result comes first. Throws what `follow` throws. */
  open(wish: Wish, follow: Follow): Opened {
    this.#forgetOver();
    if (this.#open.size >= MAX_SUBSCRIPTIONS) {
      throw new ServiceError("limit-exceeded", [`${MAX_SUBSCRIPTIONS} subscriptions of one client`]);
    }
    this.#count += 1;
    const to = { sub: `s${this.#count}`, feed: this.#feed };
    const key = `${wish.topic} ${wish.id ?? ""}`;
    const known = wish.since === undefined ? undefined : this.#retired.take(key);
    const replayed = known?.resume(wish.since ?? 0, to);
    if (replayed === undefined) known?.stop();
    const subscription = known && replayed !== undefined ? known : new Subscription(wish.topic, follow, to);
    this.#open.set(to.sub, { key, subscription });
    return {
      sub: to.sub,
      ...(replayed !== undefined && { replayed }),
      flow: () => {
        subscription.flow();
        this.#forgetOver();
      },
    };
  }

  /** Ends one; the function returned says so to the client. Throws ServiceError `no-such-subscription`. */
  end(sub: string): () => void {
    this.#forgetOver();
    const ended = this.#open.get(sub);
    if (!ended) throw new ServiceError("no-such-subscription", [sub]);
    this.#open.delete(sub);
    this.#retired.add(ended.key, ended.subscription);
    return () => void this.#feed.send(sub, happenedElement({ name: "Ended" }));
  }

  /** The client has read what was waiting. */
  drained(): void {
    for (const { subscription } of [...this.#open.values()]) subscription.catchUp();
    this.#forgetOver();
  }

  /** What a former connection of this client followed. */
  adopt(retired: Retired): void {
    this.#retired.close();
    this.#retired = retired;
  }

  /** Ends all, and hands over what may be resumed for a while. */
  retire(): Retired {
    for (const { key, subscription } of this.#open.values()) this.#retired.add(key, subscription);
    this.#open.clear();
    return this.#retired;
  }

  close(): void {
    for (const { subscription } of this.#open.values()) subscription.stop();
    this.#open.clear();
    this.#retired.close();
  }

  #forgetOver(): void {
    for (const [sub, { subscription }] of this.#open) if (subscription.over) this.#open.delete(sub);
  }
}
