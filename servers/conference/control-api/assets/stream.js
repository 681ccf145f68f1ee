/** The control API from a page: requests with the token, and the events as they come. */

/** A request that was refused: its sentence is for people, its status for the page. */
export class Refused extends Error {
  /** @param {number} status @param {string} sentence */
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export class Api {
  #token;

  /** @param {string} token */
  constructor(token) {
    this.#token = token;
  }

  /** Resolves with the value of the answer; throws Refused. */
  async ask(method, path, body) {
    const response = await fetch(path, {
      method,
      headers: this.#headers(body === undefined ? {} : { "content-type": "application/json" }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok && path !== "/health") throw await refusedBy(response);
    return response.status === 204 ? undefined : response.json();
  }

  /** All pages of a list, or those up to `most` items. */
  async list(path, name, most) {
    const found = { total: 0, items: [] };
    let after = "";
    do {
      const page = await this.ask("GET", `${path}?limit=${Math.min(most, 1000)}${after}`);
      found.total = page.total;
      found.items.push(...page[name]);
      after = page.next === undefined ? "" : `&after=${encodeURIComponent(page.next)}`;
    } while (after !== "" && found.items.length < most);
    return found;
  }

  /** Calls `onEvent(name, data)` until `signal` aborts or the server ends it; resolves with the last id. Throws Refused. */
  async follow(lastId, onEvent, signal) {
    const headers = this.#headers(lastId === undefined ? {} : { "last-event-id": lastId });
    const response = await fetch("/events", { headers, signal });
    if (!response.ok) throw await refusedBy(response);
    onEvent("open", {});
    let id = lastId;
    try {
      for await (const event of eventsOf(response.body)) {
        id = event.id ?? id;
        if (event.name !== undefined) onEvent(event.name, JSON.parse(event.data));
      }
    } catch {
      // Cut off: whoever follows comes back.
    }
    return id;
  }

  #headers(more) {
    return { authorization: `Bearer ${this.#token}`, ...more };
  }
}

async function refusedBy(response) {
  const problem = await response.json().catch(() => ({}));
  return new Refused(response.status, problem.detail ?? `The server answered ${response.status}.`);
}

/** The events of a stream (WHATWG HTML §9.2.6), as far as our server uses them. */
async function* eventsOf(body) {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = `${rest}${text}`.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) yield eventIn(block);
  }
}

function eventIn(block) {
  const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s)));
  return { id: fields.get("id"), name: fields.get("event"), data: fields.get("data") };
}
