/** Reads Server-Sent Events as a program does that shows a token. */
import { until } from "./until.ts";

export interface Heard {
  readonly id: string | undefined;
  readonly name: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects to be there
  readonly data: any;
}

export class EventReader {
  readonly heard: Heard[] = [];
  /** Comments, which keep the connection alive. */
  heartbeats = 0;
  /** The id of what was heard last. */
  lastId: string | undefined;
  over = false;
  readonly #abort: AbortController;

  private constructor(abort: AbortController) {
    this.#abort = abort;
  }

  static async open(url: string, token: string, lastHeard?: string): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(url, {
      headers: {
        authorization: `Bearer ${token}`,
        ...(lastHeard !== undefined && { "last-event-id": lastHeard }),
      },
      signal: abort.signal,
    });
    if (response.status !== 200 || !response.body) throw new Error(`events: ${response.status}`);
    const reader = new EventReader(abort);
    void reader.#read(response.body);
    await until(() => reader.lastId !== undefined, "the beginning of the events");
    return reader;
  }

  get names(): (string | undefined)[] {
    return this.heard.map(({ name }) => name);
  }

  /** The first event of this name, heard or to come. */
  async hears(name: string, fits: (data: Heard["data"]) => boolean = () => true): Promise<Heard> {
    const find = () => this.heard.find((one) => one.name === name && fits(one.data));
    await until(() => find() !== undefined, `the event ${name}; heard: ${this.names}`, 5_000);
    return find() as Heard;
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    try {
      for await (const text of body.pipeThrough(new TextDecoderStream())) {
        const blocks = `${rest}${text}`.split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) this.#hear(block);
      }
    } catch {
      // Cut, by us or by the server.
    }
    this.over = true;
  }

  #hear(block: string): void {
    const fields = new Map(
      block.split("\n").map((line) => [line.split(": ")[0], line.replace(/^[^:]*: /, "")]),
    );
    const id = fields.get("id");
    this.lastId = id ?? this.lastId;
    if (fields.has("")) this.heartbeats += 1;
    const data = fields.get("data");
    if (data !== undefined) this.heard.push({ id, name: fields.get("event"), data: JSON.parse(data) });
  }
}
