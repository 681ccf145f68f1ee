/** What happens on the server as those who operate it are told: names, and values that JSON can carry. */

import type { ConferenceView, ParticipantView } from "./admin-views.ts";
import type { Conference } from "./conference.ts";
import type { Focus } from "./focus.ts";
import type { Happening } from "./happenings.ts";
import type { Participant } from "./participant.ts";

export interface AdminEvent {
  readonly name: EventName;
  readonly data: object;
}

export type Listener = (event: AdminEvent) => void;

export const EVENT_NAMES = [
  "conference-created",
  "conference-changed",
  "conference-ended",
  "participant-waiting",
  "participant-joined",
  "participant-changed",
  "participant-talking",
  "participant-moved",
  "participant-left",
  "server-draining",
  "server-resumed",
] as const;

export type EventName = (typeof EVENT_NAMES)[number];

/** How values are seen now; undefined when they are gone. */
interface Views {
  conference(id: string): ConferenceView | undefined;
  participant(participant: Participant, conference: Conference): ParticipantView | undefined;
  id(participant: Participant): string;
}

export class AdminEvents {
  readonly #focus: Focus;
  readonly #views: Views;
  readonly #listeners = new Set<Listener>();
  readonly #stop: () => void;
  /** What has happened since the last turn of the event loop; rosters are told of it meanwhile. */
  #happened: Happening[] = [];
  /** Who is among them as changed, so that many changes at once are one event. */
  readonly #changed = new Set<Participant>();
  /** How each was told of last. */
  readonly #shown = new WeakMap<Participant, Shown>();

  constructor(focus: Focus, views: Views) {
    this.#focus = focus;
    this.#views = views;
    this.#stop = focus.members.happenings.follow((happening) => this.#note(happening));
    focus.policies.watch((id) => this.#note({ name: "conference-changed", id }));
  }

  follow(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(name: EventName, data: object): void {
    for (const listener of [...this.#listeners]) listener({ name, data });
  }

  close(): void {
    this.#stop();
    this.#listeners.clear();
  }

  #note(happening: Happening): void {
    if (this.#listeners.size === 0) return;
    if (happening.name === "participant-changed") {
      if (this.#changed.has(happening.participant)) return;
      this.#changed.add(happening.participant);
    }
    if (this.#happened.length === 0) setImmediate(() => this.#flush());
    this.#happened.push(happening);
  }

  #flush(): void {
    const happened = this.#happened;
    this.#happened = [];
    this.#changed.clear();
    for (const happening of happened) this.#tellOf(happening);
  }

  #tellOf(happening: Happening): void {
    if ("participant" in happening) this.#tellOfPerson(happening);
    else if (happening.name === "conference-changed") this.#tellOfChange(happening.id);
    else if (happening.name === "conference-ended") {
      const { id } = happening.conference;
      this.tell(happening.name, { id });
      // What was set up for it outlives it.
      if (this.#focus.policies.all.has(id)) this.#tellOfChange(id);
    } else this.#tellOfConference(happening.name, happening.conference.id);
  }

  #tellOfChange(id: string): void {
    if (this.#views.conference(id)) this.#tellOfConference("conference-changed", id);
    else this.tell("conference-ended", { id });
  }

  #tellOfConference(name: EventName, id: string): void {
    const conference = this.#views.conference(id);
    if (conference) this.tell(name, { conference });
  }

  #tellOfPerson(happening: Extract<Happening, { participant: Participant }>): void {
    const { name, participant, conference } = happening;
    const counts = { participants: conference.size, waiting: conference.waiting.size };
    if (name === "participant-left") {
      this.tell(name, { id: this.#views.id(participant), conference: conference.id, ...counts });
      return;
    }
    const view = this.#views.participant(participant, conference);
    if (!view) return;
    if (name === "participant-changed") this.#tellOfPersonsChange(participant, view, counts);
    else {
      this.#shown.set(participant, shown(view));
      const from = name === "participant-moved" ? { from: happening.from.id } : {};
      this.tell(name, { participant: view, ...counts, ...from });
    }
  }

  /** Talking, anything else, both or nothing that is seen from here. */
  #tellOfPersonsChange(participant: Participant, view: ParticipantView, counts: object): void {
    const before = this.#shown.get(participant);
    const now = shown(view);
    this.#shown.set(participant, now);
    const data = { participant: view, ...counts };
    if (before?.talking !== now.talking) this.tell("participant-talking", data);
    if (before?.rest !== now.rest) this.tell("participant-changed", data);
  }
}

interface Shown {
  readonly talking: boolean;
  /** All else. */
  readonly rest: string;
}

function shown({ talking, ...rest }: ParticipantView): Shown {
  return { talking, rest: JSON.stringify(rest) };
}
