/** What the page knows of the server: all conferences, and the people of the one that is looked at. */

/** People known of one conference. */
export const MOST_SHOWN = 500;

export class Known {
  conferences = new Map();
  people = new Map();
  /** Ids of those who are to be moved. */
  chosen = new Set();
  /** The id of the conference that is looked at. */
  selected;
  /** How many are in that one, shown or not. */
  total = 0;

  get conference() {
    return this.conferences.get(this.selected);
  }

  select(id) {
    this.selected = id;
    this.people.clear();
    this.chosen.clear();
    this.total = 0;
  }

  setAll(conferences) {
    this.conferences.clear();
    for (const one of conferences) this.know(one);
  }

  setPeople({ items, total }) {
    this.people.clear();
    this.total = total;
    for (const one of items) this.people.set(one.id, one);
  }

  know(conference) {
    this.conferences.set(conference.id, conference);
  }

  /** Takes in an event of the server; returns what people are told of it, if anything. */
  hear(name, data) {
    return HEARD[name]?.(this, data);
  }

  came(event, how) {
    this.seen(event);
    if (event.participant.conference !== this.selected) return undefined;
    this.total = event.participants + event.waiting;
    return `${event.participant.name} ${how}`;
  }

  seen({ participant, participants, waiting }) {
    this.set(participant.conference, { participants, waiting });
    if (participant.conference !== this.selected) return;
    if (this.people.has(participant.id) || this.people.size < MOST_SHOWN)
      this.people.set(participant.id, participant);
  }

  went(conference, id, name) {
    if (conference !== this.selected) return undefined;
    this.people.delete(id);
    this.chosen.delete(id);
    this.total = Math.max(0, this.total - 1);
    return name === undefined ? undefined : `${name} left`;
  }

  moved(event) {
    const { from, participant } = event;
    const left = this.went(from, participant.id, participant.name);
    const known = this.conferences.get(from);
    if (known) this.set(from, { participants: Math.max(0, known.participants - 1) });
    return this.came(event, "came from elsewhere") ?? left;
  }

  ended(id) {
    this.conferences.delete(id);
    if (id !== this.selected) return undefined;
    this.select(undefined);
    return `The conference ${id} is over`;
  }

  set(id, counts) {
    const known = this.conferences.get(id);
    if (known) this.know({ ...known, ...counts });
  }
}

const HEARD = {
  "conference-created": (known, { conference }) => known.know(conference),
  "conference-changed": (known, { conference }) => known.know(conference),
  "conference-ended": (known, { id }) => known.ended(id),
  "participant-waiting": (known, event) => known.came(event, "waits to be let in"),
  "participant-joined": (known, event) => known.came(event, "came"),
  "participant-changed": (known, event) => known.seen(event),
  "participant-talking": (known, event) => known.seen(event),
  "participant-moved": (known, event) => known.moved(event),
  "participant-left"(known, { id, conference, ...counts }) {
    const news = known.went(conference, id, known.people.get(id)?.name);
    known.set(conference, counts);
    return news;
  },
};
