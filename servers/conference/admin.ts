/** What those who operate the server can see and do: every conference, whoever is in it, and what happens there. */

import { randomBytes } from "node:crypto";
import type { SipUri } from "#sip/message.ts";
import { parseReferTo, type ReferTo } from "#sip/refer-to.ts";
import { parseUri } from "#sip/uri.ts";
import { AdminEvents, type Listener } from "./admin-events.ts";
import {
  type ConferenceView,
  conferenceView,
  type ParticipantView,
  participantView,
  plannedView,
} from "./admin-views.ts";
import type { Conference } from "./conference.ts";
import { isConferenceId } from "./conference-id.ts";
import { REMOVED } from "./control.ts";
import { Drain, type DrainOptions } from "./drain.ts";
import type { Focus } from "./focus.ts";
import type { Participant } from "./participant.ts";
import type { PolicyChange } from "./policy.ts";
import { asRefusal, Refusal, sentenceOf } from "./refusal.ts";
import type { Actor } from "./rights.ts";

export interface AdminOptions {
  readonly focus: Focus;
  /** The URI under which a conference is known. */
  entity(id: string): SipUri;
}

/** What became of one who was to be moved. */
export interface Moved {
  readonly participant: string;
  readonly moved: boolean;
  /** Why not, in a sentence. */
  readonly detail?: string;
}

const ENDED = "The conference was ended by the operator";

export class Admin {
  readonly #options: AdminOptions;
  readonly #events: AdminEvents;
  readonly #drain: Drain;
  /** By the participant's key, which calls that replace one another share (RFC 3891). */
  readonly #ids = new WeakMap<symbol, string>();
  readonly #operator: Actor = {
    identity: { aor: "sip:operator@anonymous.invalid", anonymous: true, name: undefined, address: "" },
    key: Symbol("operator"),
    moderator: true,
  };

  constructor(options: AdminOptions) {
    this.#options = options;
    const { focus } = options;
    this.#events = new AdminEvents(focus, {
      conference: (id) => this.#viewOf(id),
      participant: (participant, conference) =>
        participantView(this.#id(participant), conference, participant),
      id: (participant) => this.#id(participant),
    });
    this.#drain = new Drain(focus);
  }

  /** How many there are of each on this server. */
  get counts(): { readonly conferences: number; readonly participants: number; readonly calling: number } {
    const { conferences, members, invitations } = this.#focus;
    return { conferences: conferences.size, participants: members.size, calling: invitations.size };
  }

  get draining(): boolean {
    return this.#focus.draining;
  }

  /** Those that are held, then those that are only set up. */
  list(): ConferenceView[] {
    const held = [...this.#focus.conferences.values()].map(conferenceView);
    const planned = [...this.#focus.policies.all.keys()].filter((id) => !this.#focus.conferences.has(id));
    return [...held, ...planned.map((id) => this.#plan(id))];
  }

  /** Throws Refusal 404. */
  get(id: string): ConferenceView {
    const view = this.#viewOf(id);
    if (!view) throw noConference(id);
    return view;
  }

  /** Also before anybody is in it. Throws Refusal 400 with a sentence about what is wrong with the name. */
  setPolicy(id: string, change: PolicyChange): ConferenceView {
    checkName(id);
    const held = this.#focus.conferences.get(id);
    try {
      if (held) held.setPolicy(change);
      else this.#focus.policies.change(id, change);
    } catch (cause) {
      throw new Refusal(507, cause instanceof Error ? cause.message : String(cause), { cause });
    }
    return this.#viewOf(id) ?? this.#plan(id);
  }

  /**
   * Ends a conference for all: each phone is told why; one that is only set up is so no longer. How many were in it. Throws
   * Refusal 404.
   */
  end(id: string): number {
    this.get(id);
    const conference = this.#focus.conferences.get(id);
    if (!conference) {
      this.#focus.policies.forget(id);
      return 0;
    }
    const { length } = everybodyIn(conference);
    settleAlone(this.#focus.end(conference, ENDED));
    return length;
  }

  /** Who is in a conference, then who waits to be let in; nobody when it is only set up. Throws Refusal 404. */
  participants(id: string): ParticipantView[] {
    this.get(id);
    const conference = this.#focus.conferences.get(id);
    if (!conference) return [];
    return everybodyIn(conference).flatMap((participant) => {
      const view = participantView(this.#id(participant), conference, participant);
      return view ? [view] : [];
    });
  }

  /** Throws Refusal 404 when he is not there, 502 when the mixer does not do it. */
  async mute(id: string, who: string, muted: boolean): Promise<ParticipantView> {
    const { participant, conference } = this.#find(id, who);
    await participant.silence(muted, "moderator").catch(refused);
    return this.#seen(participant, conference);
  }

  /** Lets somebody in who waits. Throws Refusal 404, 409 when he does not wait. */
  async admit(id: string, who: string): Promise<ParticipantView> {
    const { participant, conference } = this.#find(id, who);
    if (!conference.waiting.has(participant))
      throw new Refusal(409, "This participant does not wait to be let in.");
    await this.#focus.lobby.admit(conference, [participant]);
    if (conference.waiting.has(participant))
      throw new Refusal(502, "The mixer did not let this participant in, who waits on.");
    return this.#seen(participant, conference);
  }

  /** Takes somebody out; the phone is told why. Throws Refusal 404. */
  kick(id: string, who: string): void {
    settleAlone(this.#find(id, who).participant.end(REMOVED));
  }

  /** For each of those named, in their order, whether he is now there. Throws Refusal 400 about the name, 503 when full. */
  async move(participants: readonly string[], to: string): Promise<Moved[]> {
    checkName(to);
    const known = new Map(this.#focus.members.all.map((one) => [this.#id(one), one]));
    const found = participants.flatMap((id) => known.get(id) ?? []);
    const failures = await this.#focus.mover.moveAll(found, to);
    const outcome = new Map(found.map((one, at) => [this.#id(one), failures[at]]));
    return participants.map((participant) => {
      if (!known.has(participant)) return { participant, moved: false, detail: "Nobody here has this id." };
      const failure = outcome.get(participant);
      return failure
        ? { participant, moved: false, detail: sentenceOf(failure) }
        : { participant, moved: true };
    });
  }

  /**
   * Calls somebody into a conference, which begins with them when nobody is in it; how it goes the events tell. Throws
   * Refusal: 400 about the address, 403 this server itself, 503 too many at once.
   */
  dialOut(id: string, uri: string, name?: string): void {
    checkName(id);
    const place = placeOf(uri, name);
    const { members, invitations } = this.#focus;
    const conference = members.open(id);
    const release = () => {
      if (conference.size === 0 && !invitations.next(conference)) members.endIfEmpty(conference);
    };
    try {
      invitations.check(conference, this.#operator, [place]);
    } catch (cause) {
      release();
      throw asRefusal(cause);
    }
    invitations.invite({ conference, actor: this.#operator, place }, (status) => {
      if (status >= 300) setImmediate(release);
    });
  }

  /**
   * From now on no conference begins here, and OPTIONS says 503, so that a dispatcher looks elsewhere; those that are
   * held go on. `onDrained` is called when nobody is left, or after `limitMs`.
   */
  drain(options: DrainOptions): void {
    this.#drain.begin(options);
    this.#events.tell("server-draining", { limitS: options.limitMs / 1000 });
  }

  /** Conferences are begun again. */
  undrain(): void {
    if (this.#drain.end()) this.#events.tell("server-resumed", {});
  }

  /** Calls `listener` with each event from now on; returns how to stop. */
  onEvent(listener: Listener): () => void {
    return this.#events.follow(listener);
  }

  close(): void {
    this.#drain.end();
    this.#events.close();
  }

  get #focus(): Focus {
    return this.#options.focus;
  }

  #viewOf(id: string): ConferenceView | undefined {
    const conference = this.#focus.conferences.get(id);
    if (conference) return conferenceView(conference);
    return this.#focus.policies.all.has(id) ? this.#plan(id) : undefined;
  }

  #plan(id: string): ConferenceView {
    return plannedView(id, this.#options.entity(id), this.#focus.policies.of(id));
  }

  #find(id: string, who: string): { readonly participant: Participant; readonly conference: Conference } {
    this.get(id);
    const conference = this.#focus.conferences.get(id);
    const participant = conference && everybodyIn(conference).find((one) => this.#id(one) === who);
    if (participant) return { participant, conference };
    throw new Refusal(404, `Nobody with this id is in ${id}.`);
  }

  #seen(participant: Participant, conference: Conference): ParticipantView {
    const home = this.#focus.members.homeOf(participant) ?? conference;
    const view = participantView(this.#id(participant), home, participant);
    if (!view) throw new Refusal(404, "This participant has left meanwhile.");
    return view;
  }

  #id({ key }: Participant): string {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = randomBytes(8).toString("hex");
    this.#ids.set(key, id);
    return id;
  }
}

/** Also those who wait to be let in. */
function everybodyIn({ seats, waiting }: Conference): Participant[] {
  return [...seats.keys(), ...waiting.keys()];
}

/** Who is taken out is so at once; nobody waits until his phone has answered that, which may take half a minute. */
function settleAlone(goodbye: Promise<unknown>): void {
  goodbye.catch(() => undefined);
}

function noConference(id: string): Refusal {
  return new Refusal(404, `There is no conference ${id} here.`);
}

function checkName(id: string): void {
  if (!isConferenceId(id))
    throw new Refusal(
      400,
      'A conference has 1 to 64 letters, digits and "._~-", the first a letter or digit.',
    );
}

/** A URI can ask for another method and for headers (RFC 3261 §19.1.1); neither is for an operator to choose. */
function placeOf(text: string, name: string | undefined): ReferTo {
  const place = parseReferTo(`<${text}>`);
  if (place?.method !== "INVITE" || parseUri(place.uri)?.user === undefined)
    throw new Refusal(400, "uri must be the SIP URI of somebody, such as sip:bob@example.com.");
  return { uri: place.uri, method: "INVITE", headers: {}, ...(name !== undefined && { name }) };
}

function refused(cause: unknown): never {
  throw asRefusal(cause);
}
