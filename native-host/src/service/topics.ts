/** Who follows what: subscribers of calls, devices, prompts and rosters, each brought up to date at once. */

import type {
  AccountView,
  CallView,
  ClientId,
  DeviceView,
  PromptView,
  RosterView,
  ServiceEvent,
  Topic,
} from "../api/call-control.ts";
import type { SipUri } from "../sip/message.ts";
import { changedTalkers, changedUsers, listed, nobodyAt, type Roster } from "./roster.ts";

export type Emit = (event: ServiceEvent) => void;

/** Whose people a client wants to see: one conference's, or those of the call it is in. */
export interface RosterWish {
  readonly conf: SipUri | undefined;
  readonly client: ClientId;
}

/** Views as last told; only what changed is told again. */
class Followers<View> {
  readonly #emits = new Set<Emit>();
  readonly #told = new Map<string, string>();
  readonly #event: (view: View) => ServiceEvent;
  readonly #key: (view: View) => string | undefined;

  /** `key` names what a view is of; what has none is told every time. */
  constructor(event: (view: View) => ServiceEvent, key: (view: View) => string | undefined) {
    this.#event = event;
    this.#key = key;
  }

  add(emit: Emit, views: readonly View[]): () => void {
    this.#emits.add(emit);
    for (const view of views) emit(this.#event(view));
    return () => this.#emits.delete(emit);
  }

  get size(): number {
    return this.#emits.size;
  }

  tell(view: View): void {
    if (this.#isNews(view)) this.say(this.#event(view));
  }

  /** Tells all of them something else. */
  say(event: ServiceEvent): void {
    for (const emit of [...this.#emits]) emit(event);
  }

  forget(key: string): void {
    this.#told.delete(key);
  }

  #isNews(view: View): boolean {
    const key = this.#key(view);
    if (key === undefined) return true;
    const text = JSON.stringify(view);
    const news = this.#told.get(key) !== text;
    this.#told.set(key, text);
    return news;
  }
}

/** How things are. */
export interface Now {
  calls(): readonly CallView[];
  accounts(): readonly AccountView[];
  devices(): readonly DeviceView[];
  /** Questions that nobody has answered yet. */
  prompts(): readonly PromptView[];
  /** Of a conference some call is in; of the client's current call when none is named. */
  rosterOf(wish: RosterWish): Roster | undefined;
}

export class Topics {
  readonly calls = new Followers<CallView>(
    (call) => ({ name: "Call", call }),
    ({ call }) => call,
  );
  readonly accounts = new Followers<AccountView>(
    (account) => ({ name: "Account", account }),
    ({ id }) => id,
  );
  readonly devices = new Followers<DeviceView>(
    (device) => ({ name: "Device", device }),
    ({ dev }) => dev,
  );
  readonly prompts = new Followers<PromptView>(
    (prompt) => ({ name: "Prompt", prompt }),
    () => undefined,
  );
  readonly #rosters = new Set<{ readonly feed: RosterFeed; readonly wish: RosterWish }>();
  readonly #now: Now;

  constructor(now: Now) {
    this.#now = now;
  }

  /** Emits how things are at once, then every change; returns how to stop. */
  subscribe(topic: Exclude<Topic, "trace">, wish: RosterWish, emit: Emit): () => void {
    switch (topic) {
      case "calls":
        return this.calls.add(emit, this.#now.calls());
      case "accounts":
        return this.accounts.add(emit, this.#now.accounts());
      case "devices":
        return this.devices.add(emit, this.#now.devices());
      case "prompts":
        return this.prompts.add(emit, this.#now.prompts());
      default:
        return this.#addRoster(topic, wish, emit);
    }
  }

  /** A roster changed, or another call is the current one. */
  rostersChanged(): void {
    for (const { feed, wish } of [...this.#rosters]) feed.show(this.#now.rosterOf(wish));
  }

  /** One subscription to what happens in a conference; without a conference it follows the current call. */
  #addRoster(topic: RosterTopic, wish: RosterWish, emit: Emit): () => void {
    const feed = new FEEDS[topic](emit);
    const follower = { feed, wish };
    this.#rosters.add(follower);
    feed.show(this.#now.rosterOf(wish));
    return () => this.#rosters.delete(follower);
  }
}

interface RosterFeed {
  show(roster: Roster | undefined): void;
}

/** Users of the conference: full when it is another one, then what changed, under a version of this subscription's own. */
class UserFeed implements RosterFeed {
  readonly #emit: Emit;
  #shown: Roster | undefined;
  #version = 0;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  show(roster: Roster | undefined): void {
    const now = roster ?? (this.#shown && nobodyAt(this.#shown.conf));
    const before = this.#shown;
    if (!now || now === before) return;
    this.#shown = now;
    const users = before?.conf === now.conf ? changedUsers(before, now) : undefined;
    const same = before?.title === now.title && before?.locked === now.locked;
    if (users && users.length === 0 && same) return;
    this.#version += 1;
    this.#emit({ name: "Roster", roster: this.#view(now, users) });
  }

  #view(now: Roster, changed: RosterView["users"] | undefined): RosterView {
    const { conf, title, locked, users } = now;
    const common = {
      conf,
      version: this.#version,
      count: users.length,
      ...(title && { title }),
      ...(locked !== undefined && { locked }),
    };
    return changed
      ? { ...common, state: "partial", users: changed }
      : { ...common, state: "full", users: listed(now) };
  }
}

class TalkerFeed implements RosterFeed {
  readonly #emit: Emit;
  #shown: Roster | undefined;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  show(roster: Roster | undefined): void {
    const now = roster ?? (this.#shown && nobodyAt(this.#shown.conf));
    if (!now) return;
    const { conf } = now;
    for (const [entity, on] of changedTalkers(this.#shown, now))
      this.#emit({ name: "Talking", conf, entity, on });
    this.#shown = now;
  }
}

/** Who came and who went; everybody who is there, at first. */
class PresenceFeed implements RosterFeed {
  readonly #emit: Emit;
  #shown: Roster | undefined;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  show(roster: Roster | undefined): void {
    const before = this.#shown;
    if (!roster && !before) return;
    this.#shown = roster;
    const same = before?.conf === roster?.conf;
    if (before) this.#tell(before, same ? without(before.users, roster) : before.users, false);
    if (roster) this.#tell(roster, same ? without(roster.users, before) : roster.users, true);
  }

  #tell({ conf }: Roster, users: Roster["users"], here: boolean): void {
    for (const { entity, display } of users)
      this.#emit({
        name: "Presence",
        presence: { conf, entity, ...(display !== undefined && { display }), here },
      });
  }
}

function without(users: Roster["users"], roster: Roster | undefined): Roster["users"] {
  const known = new Set(roster?.users.map(({ entity }) => entity));
  return users.filter(({ entity }) => !known.has(entity));
}

const FEEDS = { roster: UserFeed, talking: TalkerFeed, presence: PresenceFeed };
type RosterTopic = keyof typeof FEEDS;
