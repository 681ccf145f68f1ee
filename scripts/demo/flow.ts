/** The call flow of the whole demo: every part tells its own messages; each is shown once, with names for addresses. */
import { Ladder } from "../../native-host/src/commands/ladder.ts";
import { type Tone, toneOf } from "../../native-host/src/commands/traced-message.ts";
import { wantsColour } from "../../native-host/src/environment.ts";
import type { Say } from "./say.ts";

const LINE = /^(?<time>\d\d:\d\d:\d\d\.\d{3}) (?<from>\S+) -> (?<to>\S+): (?<words>.+)$/;
type Said = Readonly<Record<string, string>>;
/** Wide enough for all parties of the demo, where the output has no width of its own. */
const PLAIN_WIDTH = 132;

export class Flow {
  readonly #say: Say;
  readonly #ladder: Ladder;
  /** "127.0.0.1:5080" -> "conference" */
  readonly #names = new Map<string, string>();
  /** Those who tell their own messages. */
  readonly #telling = new Set<string>();

  constructor(say: Say, output: { readonly isTTY?: boolean; readonly columns?: number }) {
    this.#say = say;
    this.#ladder = new Ladder({
      width: () => output.columns ?? PLAIN_WIDTH,
      coloured: wantsColour(output),
      left: new Set(["baresip", "carol's baresip"]),
    });
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
      const said = LINE.exec(line)?.groups;
      if (said) this.#tell(said, name, own);
    };
  }

  #tell({ time = "", from = "", to = "", words = "" }: Said, name: string, own: string): void {
    const sender = from === own ? name : this.#called(from);
    // What one of us sends is told by the sender.
    if (sender !== name && this.#tells(sender)) return;
    const receiver = to === own ? name : this.#called(to);
    const step = { at: today(time), from: sender, to: receiver, words, again: false };
    for (const drawn of this.#ladder.draw({ ...step, tone: toneIn(words) })) this.#say(drawn);
  }

  #called(address: string): string {
    return this.#names.get(address) ?? address;
  }

  #tells(name: string): boolean {
    return this.#telling.has(name);
  }
}

function today(time: string): Date {
  const [hours = 0, minutes = 0, seconds = 0, ms = 0] = time.split(/[:.]/).map(Number);
  const at = new Date();
  at.setHours(hours, minutes, seconds, ms);
  return at;
}

function toneIn(words: string): Tone {
  const [, status] = /^([1-6]\d\d) /.exec(words) ?? [];
  return status === undefined ? "request" : toneOf(Number(status));
}
