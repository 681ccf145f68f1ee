/** One connection to the native host: commands out, their results and the events in; every request settles. */
import { HostError, HostGoneError } from "./host-error.ts";
import { child, el, readXml, writeXml, type XmlElement } from "./xml.ts";

/** The part of `runtime.Port` we use, so that a test can hand in two lines of its own. */
export interface Port {
  postMessage(message: unknown): void;
  disconnect(): void;
  readonly onMessage: { addListener(listener: (message: unknown) => void): void };
  readonly onDisconnect: {
    addListener(listener: (port: { error?: { message: string } | undefined }) => void): void;
  };
}

export interface HostPortOptions {
  onEvent(event: XmlElement): void;
  /** The host is gone; `why` is the browser's own sentence, "" when it gave none. */
  onGone(why: string): void;
  /** The browser's last error, read while the disconnect event is handled. */
  lastError?(): string | undefined;
}

export interface RequestOptions {
  readonly timeoutMs?: number;
  onAccepted?(call: string): void;
}

interface Pending {
  readonly timer: ReturnType<typeof setTimeout>;
  readonly onAccepted: ((call: string) => void) | undefined;
  resolve(result: XmlElement): void;
  reject(error: Error): void;
}

/** The service answers within 32 s by itself; a little later we stop waiting for it. */
const TIMEOUT_MS = 35_000;

export class HostPort {
  readonly #port: Port;
  readonly #options: HostPortOptions;
  readonly #pending = new Map<string, Pending>();
  #nextId = 1;
  #gone = false;

  constructor(port: Port, options: HostPortOptions) {
    this.#port = port;
    this.#options = options;
    port.onMessage.addListener((message) => this.#receive(message));
    port.onDisconnect.addListener((ended) =>
      this.#abandon(ended.error?.message ?? options.lastError?.() ?? ""),
    );
  }

  /** Resolves with the Result or Welcome; rejects with HostError (the service refused) or HostGoneError. */
  request(
    command: XmlElement,
    { timeoutMs = TIMEOUT_MS, onAccepted }: RequestOptions = {},
  ): Promise<XmlElement> {
    if (this.#gone) return Promise.reject(new HostGoneError());
    const { promise, resolve, reject } = Promise.withResolvers<XmlElement>();
    const req = String(this.#nextId++);
    const timer = setTimeout(
      () => this.#settle(req)?.reject(new HostGoneError("No answer in time.")),
      timeoutMs,
    );
    this.#pending.set(req, { timer, onAccepted, resolve, reject });
    try {
      this.#port.postMessage(
        writeXml(el(command.name, { ...command.attributes, req }, command.children, command.text)),
      );
    } catch {
      this.#settle(req)?.reject(new HostGoneError());
    }
    return promise;
  }

  /** Ends the connection; what is pending is rejected, and `onGone` is not called. */
  close(): void {
    this.#rejectAll();
    this.#port.disconnect();
  }

  #receive(message: unknown): void {
    const document = parse(message);
    if (!document) return;
    if (document.name === "Event") this.#options.onEvent(document);
    else this.#answer(document);
  }

  #answer(answer: XmlElement): void {
    const req = answer.attributes["req"] ?? "";
    if (answer.name === "Accepted") {
      this.#pending.get(req)?.onAccepted?.(answer.attributes["call"] ?? "");
      return;
    }
    const error = child(answer, "Error");
    const pending = this.#settle(req);
    if (answer.attributes["status"] === "error") pending?.reject(new HostError(error?.attributes ?? {}));
    else pending?.resolve(answer);
  }

  #settle(req: string): Pending | undefined {
    const pending = this.#pending.get(req);
    clearTimeout(pending?.timer);
    this.#pending.delete(req);
    return pending;
  }

  #abandon(why: string): void {
    if (this.#gone) return;
    this.#rejectAll();
    this.#options.onGone(why);
  }

  #rejectAll(): void {
    this.#gone = true;
    for (const req of [...this.#pending.keys()]) this.#settle(req)?.reject(new HostGoneError());
  }
}

/** The host is ours, but its frames are read like anybody's: what is no document is dropped. */
function parse(message: unknown): XmlElement | undefined {
  if (typeof message !== "string") return undefined;
  try {
    return readXml(message);
  } catch {
    return undefined;
  }
}
