/** What happens to a user, in words, as the SIP service tells it. */
import type { XmlElement } from "#xml/strict.ts";
import type { ApiClient } from "../../test/support/daemon.ts";
import type { Say } from "./say.ts";

/** Says who comes and goes and where the call is, until the connection closes. */
export async function tellEvents(api: ApiClient, say: Say): Promise<void> {
  const teller = new Teller(say);
  api.onEvent((body) => teller.take(body));
  await api.tell("Subscribe", { to: "calls" });
  await api.tell("Subscribe", { to: "roster" });
}

const STATES: Readonly<Record<string, string>> = {
  choosing: "choose a device in the popup",
  active: "you are in",
  switching: "you are moving to",
  ended: "you left",
};

class Teller {
  readonly #say: Say;
  #last = "";
  #people = new Map<string, string>();

  constructor(say: Say) {
    this.#say = say;
  }

  take({ name, attributes, children }: XmlElement): void {
    if (name === "Call") this.#call(attributes["state"] ?? "", attributes["id"] ?? "");
    if (name === "Roster") this.#roster(attributes["state"] === "full", children);
  }

  #call(state: string, id: string): void {
    const words = STATES[state];
    const sentence = words && `${words}: ${id}`;
    if (!sentence || sentence === this.#last) return;
    this.#last = sentence;
    this.#say(sentence);
  }

  #roster(full: boolean, users: readonly XmlElement[]): void {
    const listed = users.map(({ attributes }) => attributes);
    if (full) this.#forgetAllBut(new Set(listed.map(({ entity = "" }) => entity)));
    for (const { entity = "", display, state, me } of listed) {
      if (state === "deleted") this.#went(entity);
      else if (me !== "true" && !this.#people.has(entity)) this.#came(entity, display ?? entity);
    }
  }

  #forgetAllBut(present: ReadonlySet<string>): void {
    for (const entity of this.#people.keys()) if (!present.has(entity)) this.#people.delete(entity);
  }

  #came(entity: string, name: string): void {
    this.#people.set(entity, name);
    this.#say(`${printable(name)} is here`);
  }

  #went(entity: string): void {
    const name = this.#people.get(entity);
    if (this.#people.delete(entity)) this.#say(`${printable(name ?? entity)} went away`);
  }
}

/** A name may hold what a terminal takes for commands. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}
