/** The call flow of the whole demo: every part tells its own messages; each is shown once, with names for addresses. */
import type { Say } from "./say.ts";

const LINE = /^(\S+) (\S+) -> (\S+): (.*)$/;
const BOLD = "\u001b[1m";
const DIM = "\u001b[2m";
const PLAIN = "\u001b[0m";

export class Flow {
  readonly #say: Say;
  readonly #coloured: boolean;
  /** "127.0.0.1:5080" -> "conference" */
  readonly #names = new Map<string, string>();
  /** Those who tell their own messages. */
  readonly #telling = new Set<string>();

  constructor(say: Say, coloured: boolean) {
    this.#say = say;
    this.#coloured = coloured;
  }

  /** From now on this address is called by that name. */
  name(name: string, { host, port }: { readonly host: string; readonly port: number }): void {
    this.#names.set(`${host}:${port}`, name);
  }

  /** As `listen`, for a SIP service, which says in its log where it listens. */
  listenToService(name: string): (line: string) => void {
    const listener = this.listen(name, "service");
    return (line) => {
      const [, host, port] = /SIP on sip:([\d.]+):(\d+)/.exec(line) ?? [];
      if (host !== undefined) this.name(name, { host, port: Number(port) });
      listener(line);
    };
  }

  /** Takes the lines of a part that calls itself `own` and is shown as `name`. */
  listen(name: string, own = name): (line: string) => void {
    this.#telling.add(name);
    return (line) => {
      const [, time = "", from = "", to = "", what = ""] = LINE.exec(line) ?? [];
      if (what === "") return;
      const sender = from === own ? name : this.#called(from);
      // What one of us sends is told by the sender.
      if (sender !== name && this.#tells(sender)) return;
      this.#say(this.#shown(time, `${sender} -> ${to === own ? name : this.#called(to)}`, what));
    };
  }

  #called(address: string): string {
    return this.#names.get(address) ?? address;
  }

  #tells(name: string): boolean {
    return this.#telling.has(name);
  }

  #shown(time: string, who: string, what: string): string {
    return this.#coloured
      ? `${DIM}${time}${PLAIN} ${BOLD}${who}${PLAIN}: ${what}`
      : `${time} ${who}: ${what}`;
  }
}
