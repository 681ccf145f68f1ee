/** One session with a Janus server over its WebSocket API: requests with their replies, handles with their events. */
import { WebSocket } from "ws";

/** The part of a reply or event of Janus that we read; what a plug-in says is in `data`. */
export interface JanusReply {
  readonly janus: string;
  readonly id: number | undefined;
  /** The handle an event is about. */
  readonly sender: number | undefined;
  readonly data: JanusData;
}

/** A JSON object as it came: every member is looked at before it is used. */
export type JanusData = Readonly<Record<string, unknown>>;

/** Janus refused, did not answer in time, or went away. */
export class JanusError extends Error {
  override readonly name = "JanusError";
  /** Janus's own number of the refusal; undefined when there is no answer. */
  readonly code: number | undefined;

  constructor(message: string, code?: number) {
    super(message);
    this.code = code;
  }
}

export interface JanusOptions {
  /** `ws://127.0.0.1:8188` */
  readonly url: string;
  /** `api_secret` of the server's configuration, where it has one. */
  readonly secret?: string | undefined;
  /** Once, when the connection is lost or Janus no longer answers; not after close(). */
  readonly onLost: (why: string) => void;
}

/** What a handle tells its owner without being asked. */
export interface HandleEvents {
  onEvent(data: JanusData): void;
  /** Janus ended it. */
  onGone(): void;
}

/** One participant's door to the plug-in. */
export interface Handle {
  /** What the plug-in answers to `body`. Throws JanusError. */
  ask(body: JanusData): Promise<JanusData>;
  /** Never throws. */
  detach(): Promise<void>;
}

interface Pending {
  settle(reply: JanusReply): void;
  fail(error: JanusError): void;
}

const PLUGIN = "janus.plugin.audiobridge";
const REPLY_MS = 3_000;
/** Asked so often whether it is there, and given up when so many times in a row it said nothing. */
const ASK_EVERY_MS = 1_000;
const MOST_UNANSWERED = 3;
/** More than the list of a thousand participants takes. */
const MAX_MESSAGE = 1 << 20;

export class JanusSession {
  readonly #socket: WebSocket;
  readonly #options: JanusOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #handles = new Map<number, HandleEvents>();
  #id = 0;
  #transactions = 0;
  #unanswered = 0;
  #open = false;
  #over = false;
  #clock: NodeJS.Timeout | undefined;

  private constructor(socket: WebSocket, options: JanusOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("message", (message) => this.#receive(String(message)));
    socket.on("close", () => this.#lost("Janus closed the connection"));
    // Followed by "close".
    socket.on("error", () => undefined);
  }

  /** Connects and opens a session; rejects with JanusError. */
  static async open(options: JanusOptions): Promise<JanusSession> {
    const socket = new WebSocket(options.url, "janus-protocol", {
      handshakeTimeout: REPLY_MS,
      maxPayload: MAX_MESSAGE,
      perMessageDeflate: false,
    });
    const session = new JanusSession(socket, options);
    try {
      await opened(socket);
      session.#id = idIn(await session.#request({ janus: "create" }));
    } catch (cause) {
      session.#end();
      throw cause;
    }
    session.#open = true;
    session.#clock = setInterval(() => session.#askWhetherThere(), ASK_EVERY_MS);
    return session;
  }

  /** A new handle of the AudioBridge. Throws JanusError. */
  async attach(events: HandleEvents): Promise<Handle> {
    const id = idIn(await this.#request({ janus: "attach", plugin: PLUGIN }));
    this.#handles.set(id, events);
    return {
      ask: async (body) => pluginAnswer(await this.#request({ janus: "message", handle_id: id, body })),
      detach: async () => {
        this.#handles.delete(id);
        await this.#request({ janus: "detach", handle_id: id }).catch(() => undefined);
      },
    };
  }

  /** Ends session and connection; what is pending is rejected. */
  async close(): Promise<void> {
    if (this.#over) return;
    await this.#request({ janus: "destroy" }).catch(() => undefined);
    this.#end();
  }

  #request(message: JanusData): Promise<JanusReply> {
    const { promise, resolve, reject } = Promise.withResolvers<JanusReply>();
    if (this.#over) return Promise.reject(new JanusError("Janus is gone"));
    const transaction = String(++this.#transactions);
    const timer = setTimeout(() => pending.fail(new JanusError("Janus did not answer")), REPLY_MS);
    const done = () => {
      clearTimeout(timer);
      this.#pending.delete(transaction);
    };
    const pending: Pending = {
      settle: (reply) => {
        done();
        resolve(reply);
      },
      fail: (error) => {
        done();
        reject(error);
      },
    };
    this.#pending.set(transaction, pending);
    this.#send({ ...message, transaction });
    return promise;
  }

  #send(message: JanusData): void {
    const { secret } = this.#options;
    const session = this.#id === 0 ? {} : { session_id: this.#id };
    this.#socket.send(JSON.stringify({ ...message, ...session, ...(secret && { apisecret: secret }) }));
  }

  #receive(text: string): void {
    this.#unanswered = 0;
    const message = readObject(text);
    if (!message) return;
    const pending = this.#pending.get(String(message["transaction"]));
    const reply = asReply(message);
    // What takes longer than a lookup is acknowledged first; only keep-alives are answered by that alone.
    if (reply.janus === "ack") return;
    if (reply.janus === "error") pending?.fail(refusal(message["error"]));
    else if (pending) pending.settle(reply);
    else this.#happened(reply);
  }

  #happened({ janus, sender, data }: JanusReply): void {
    if (janus === "timeout") this.#lost("Janus ended the session");
    const events = sender === undefined ? undefined : this.#handles.get(sender);
    if (!events || sender === undefined) return;
    if (janus === "event") events.onEvent(data);
    if (janus !== "hangup" && janus !== "detached") return;
    this.#handles.delete(sender);
    events.onGone();
  }

  /** Counted, not timed: when this process itself stood still, what Janus said meanwhile is yet to be read. */
  #askWhetherThere(): void {
    if (this.#unanswered++ >= MOST_UNANSWERED) this.#lost("Janus no longer answers");
    else this.#send({ janus: "keepalive", transaction: "keepalive" });
  }

  #lost(why: string): void {
    if (this.#over) return;
    this.#end();
    if (this.#open) this.#options.onLost(why);
  }

  #end(): void {
    this.#over = true;
    clearInterval(this.#clock);
    this.#handles.clear();
    for (const pending of [...this.#pending.values()]) pending.fail(new JanusError("Janus is gone"));
    this.#socket.terminate();
  }
}

async function opened(socket: WebSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("open", () => resolve());
  socket.once("error", (error) => reject(new JanusError(`Janus cannot be reached: ${error.message}`)));
  socket.once("close", () => reject(new JanusError("Janus closed the connection")));
  await promise;
}

function asReply(message: JanusData): JanusReply {
  const [data, plugin] = [objectIn(message["data"]), objectIn(message["plugindata"])];
  return {
    janus: String(message["janus"]),
    id: numberIn(data?.["id"]),
    sender: numberIn(message["sender"]),
    data: objectIn(plugin?.["data"]) ?? {},
  };
}

/** The number of what Janus has made. */
function idIn({ id }: JanusReply): number {
  if (id === undefined) throw new JanusError("Janus gave no number to what it made");
  return id;
}

/** The plug-in's own refusals come as answers. */
function pluginAnswer({ data }: JanusReply): JanusData {
  const code = numberIn(data["error_code"]);
  if (code !== undefined) throw new JanusError(`Janus refused: ${String(data["error"])}`, code);
  return data;
}

function refusal(error: unknown): JanusError {
  const { code, reason } = objectIn(error) ?? {};
  return new JanusError(`Janus refused: ${String(reason)}`, numberIn(code));
}

function readObject(text: string): JanusData | undefined {
  try {
    return objectIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A JSON object, or undefined for anything else. */
export function objectIn(value: unknown): JanusData | undefined {
  // Any object that JSON.parse makes and that is no array is a record of unknowns.
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JanusData)
    : undefined;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
