/** The films of the demo community; all of them are made up. */

export interface Film {
  readonly name: string;
  readonly title: string;
  readonly year: number;
  readonly director: string;
  readonly minutes: number;
  readonly line: string;
  readonly about: readonly string[];
  /** Two hues of its poster. */
  readonly hues: readonly [number, number];
  /** Films one would watch next. */
  readonly next: readonly string[];
}

export const FILMS: readonly Film[] = [
  {
    name: "harbour-lights",
    title: "Harbour Lights",
    year: 1961,
    director: "Ines Falk",
    minutes: 104,
    line: "A pilot boat, one night, and nobody who says what they mean.",
    about: [
      "The pilot Mattis has one more ship to bring in before he retires, and everybody in the harbour knows something about her cargo.",
      "Falk shot the crossing in a single night with two cameras; the fog is real, and so is the temper of the crew.",
    ],
    hues: [214, 26],
    next: ["the-salt-line", "paper-satellites"],
  },
  {
    name: "the-salt-line",
    title: "The Salt Line",
    year: 1978,
    director: "Tomasz Wren",
    minutes: 131,
    line: "Two surveyors draw a border through a lake that comes and goes.",
    about: [
      "Half western, half comedy of manners: the border keeps moving, the tea is always at four.",
      "Club favourite for the sound alone. Listen for the salt crust under the boots in the second reel.",
    ],
    hues: [12, 48],
    next: ["harbour-lights", "nine-quiet-floors"],
  },
  {
    name: "paper-satellites",
    title: "Paper Satellites",
    year: 1994,
    director: "Mei Castellan",
    minutes: 97,
    line: "Children launch a weather balloon and wait for three summers.",
    about: [
      "A film about waiting that never drags: each summer is shot by another cameraman and has a colour of its own.",
      "The last ten minutes have no words. Please let them be quiet in the room as well.",
    ],
    hues: [268, 190],
    next: ["nine-quiet-floors", "harbour-lights"],
  },
  {
    name: "nine-quiet-floors",
    title: "Nine Quiet Floors",
    year: 2009,
    director: "Adaeze Lind",
    minutes: 88,
    line: "A lift technician hears a house by its cables.",
    about: [
      "One building, one day, one tool bag. Every floor is a short film about those who live there.",
      "Lind said that she cut it to the rhythm of a real lift. Count the stops.",
    ],
    hues: [152, 88],
    next: ["paper-satellites", "the-salt-line"],
  },
];

/** A room of the programme page, between which one moves without loading a page. */
export interface Room {
  readonly name: string;
  readonly title: string;
  readonly when: string;
  readonly text: string;
}

export const ROOMS: readonly Room[] = [
  {
    name: "foyer",
    title: "Foyer",
    when: "Open all evening",
    text: "Come in, take a seat, say hello. Most evenings start here.",
  },
  {
    name: "screen-one",
    title: "Screen one",
    when: "20:00",
    text: "Harbour Lights, with an introduction. Talking is welcome during the credits.",
  },
  {
    name: "screen-two",
    title: "Screen two",
    when: "21:15",
    text: "Nine Quiet Floors, and afterwards the argument about the seventh floor.",
  },
];

export function findFilm(name: string): Film | undefined {
  return FILMS.find((film) => film.name === name);
}

export function findRoom(name: string): Room | undefined {
  return ROOMS.find((room) => room.name === name);
}
