/** A call flow drawn as it happens: a column for each party, an arrow for each message, its words beside it. */
import type { Tone } from "./traced-message.ts";

/** One message between two parties. */
export interface Step {
  readonly at: Date;
  readonly from: string;
  readonly to: string;
  readonly words: string;
  readonly tone: Tone;
  /** The same message went this way before. */
  readonly again: boolean;
}

export interface LadderOptions {
  /** Characters in a line of the terminal, asked for with each line. */
  readonly width: () => number;
  readonly coloured: boolean;
  /** Parties that stand left of all others: the phones. */
  readonly left?: ReadonlySet<string>;
}

const TIME_CHARS = "12:00:00.000".length;
/** Room for the words of a message, even where columns are many. */
const LEAST_WORDS = 24;
const WIDEST_COLUMN = 18;
const NARROWEST_COLUMN = 10;
/** After so many messages the names are said again. */
const NAMES_EVERY = 30;

const BOLD = "\u001b[1m";
const PLAIN = "\u001b[0m";
const COLOURS: Readonly<Record<Tone | "again", string>> = {
  request: "\u001b[36m",
  provisional: "\u001b[2m",
  success: "\u001b[32m",
  redirect: "\u001b[33m",
  failure: "\u001b[31m",
  again: "\u001b[2m",
};

export class Ladder {
  readonly #options: LadderOptions;
  /** From left to right. */
  #parties: readonly string[] = [];
  /** The one that was silent longest comes first. */
  #lastHeard: readonly string[] = [];
  #sinceNames = 0;
  #columns = 0;

  constructor(options: LadderOptions) {
    this.#options = options;
  }

  /** The lines of one message, with the names above when they are others than before. */
  draw(step: Step): string[] {
    const before = this.#parties;
    this.#makeRoom(step.from, step.to);
    const names =
      before !== this.#parties || this.#sinceNames >= NAMES_EVERY || this.#columns !== this.#column;
    if (names) this.#sinceNames = 0;
    this.#sinceNames += 1;
    this.#columns = this.#column;
    return [...(names ? [this.#names()] : []), this.#line(step)];
  }

  /** Another name for a party from now on. */
  rename(old: string, name: string): void {
    const renamed = (party: string) => (party === old ? name : party);
    if (this.#parties.includes(old)) this.#parties = this.#inOrder(this.#parties.map(renamed));
    this.#lastHeard = this.#lastHeard.map(renamed);
    this.#sinceNames = NAMES_EVERY;
  }

  get #column(): number {
    const room = this.#options.width() - TIME_CHARS - 1 - LEAST_WORDS;
    const each = Math.floor(room / Math.max(1, this.#parties.length));
    return Math.min(WIDEST_COLUMN, Math.max(NARROWEST_COLUMN, each));
  }

  /** As many columns as fit; who was silent longest gives way to who is new. */
  #makeRoom(...wanted: readonly string[]): void {
    const most = Math.max(
      2,
      Math.floor((this.#options.width() - TIME_CHARS - 1 - LEAST_WORDS) / NARROWEST_COLUMN),
    );
    for (const party of wanted) {
      if (this.#parties.includes(party)) continue;
      const [silent] = this.#lastHeard.filter((one) => !wanted.includes(one));
      if (this.#parties.length >= most && silent !== undefined) {
        this.#parties = this.#parties.map((one) => (one === silent ? party : one));
        this.#lastHeard = this.#lastHeard.filter((one) => one !== silent);
      } else this.#parties = this.#inOrder([...this.#parties, party]);
    }
    this.#lastHeard = [...this.#lastHeard.filter((one) => !wanted.includes(one)), ...wanted];
  }

  #inOrder(parties: readonly string[]): readonly string[] {
    const isLeft = (party: string) => this.#options.left?.has(party) === true;
    return [...parties.filter(isLeft), ...parties.filter((party) => !isLeft(party))];
  }

  /** Where the line of a party stands. */
  #at(party: string): number {
    return TIME_CHARS + 1 + this.#parties.indexOf(party) * this.#column + Math.floor(this.#column / 2);
  }

  #names(): string {
    let line = "";
    for (const party of this.#parties) {
      const name = shortened(party, this.#column - 1);
      line = line.padEnd(this.#at(party) - Math.floor(name.length / 2)) + name;
    }
    return this.#options.coloured ? `${BOLD}${line}${PLAIN}` : line;
  }

  #line({ at, from, to, words, tone, again }: Step): string {
    const end = TIME_CHARS + 1 + this.#parties.length * this.#column;
    const cells = Array.from({ length: end }, () => " ");
    for (const party of this.#parties) cells[this.#at(party)] = "│";
    const [start, target] = [this.#at(from), this.#at(to)];
    const step = Math.sign(target - start);
    for (let cell = start + step; cell !== target && step !== 0; cell += step) cells[cell] = "─";
    if (step !== 0) cells[target - step] = step > 0 ? "▶" : "◀";
    const said = again ? `${words} (again)` : words;
    const drawing = cells.slice(TIME_CHARS + 1).join("");
    const text = shortened(printable(said), Math.max(1, this.#options.width() - end - 1));
    return `${clock(at)} ${this.#inColour(`${drawing} ${text}`, again ? "again" : tone)}`;
  }

  #inColour(text: string, tone: Tone | "again"): string {
    return this.#options.coloured ? `${COLOURS[tone]}${text}${PLAIN}` : text;
  }
}

function shortened(text: string, length: number): string {
  const chars = [...text];
  return chars.length <= length ? text : `${chars.slice(0, length - 1).join("")}…`;
}

/** A message cannot write a line of its own: control characters, line separators and turned writing become `?`. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, "?");
}

function clock(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const ms = String(now.getMilliseconds()).padStart(3, "0");
  return `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${ms}`;
}
