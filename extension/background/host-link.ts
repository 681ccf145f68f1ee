/** Keeps a connection to the native host: connects when first needed, reconnects with back-off, says what state it is in. */
import type { ServiceState } from "../messages.ts";
import { HostPort, type Port, type RequestOptions } from "./host-port.ts";
import { el, type XmlElement } from "./xml.ts";

export interface HostLinkOptions {
  connect(): Port;
  lastError?(): string | undefined;
  onEvent(event: XmlElement): void;
  /** What goes out right after Hello, before any command: this browser has to be a device when the first join comes. */
  greet(port: HostPort): Promise<void>;
  /** A new connection was greeted: time to subscribe and to compare what is known with what is so. */
  onReady(): void;
  onState(state: ServiceState): void;
  /** Names this client in `Hello`. */
  readonly client: string;
}

/** First try again after 50 ms, then twice as long each time, at most every 5 s; a host that is not installed, every 30 s. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5000;
const NOT_INSTALLED_RETRY_MS = 30_000;
const HELLO_TIMEOUT_MS = 8000;

export class HostLink {
  readonly #options: HostLinkOptions;
  #port: HostPort | undefined;
  #greeting: Promise<HostPort> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retryMs = FIRST_RETRY_MS;
  #state: ServiceState = "idle";

  constructor(options: HostLinkOptions) {
    this.#options = options;
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** Connects if it is not connected; `now` also cuts a waiting back-off short. */
  start(now = false): void {
    if (this.#greeting || (this.#retry !== undefined && !now)) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#open().catch(() => undefined);
  }

  /** Sends a command, connecting first if need be; rejects at once when that connection fails. */
  async request(command: XmlElement, options?: RequestOptions): Promise<XmlElement> {
    const port = await (this.#greeting ?? this.#openNow());
    return port.request(command, options);
  }

  #openNow(): Promise<HostPort> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    return this.#open();
  }

  #open(): Promise<HostPort> {
    if (this.#state !== "lost" && this.#state !== "missing") this.#enter("connecting");
    this.#greeting = this.#greet();
    return this.#greeting;
  }

  async #greet(): Promise<HostPort> {
    const { connect, onEvent, lastError, client } = this.#options;
    const port: HostPort = new HostPort(connect(), {
      onEvent,
      onGone: (why) => this.#lost(port, why),
      ...(lastError && { lastError }),
    });
    this.#port = port;
    try {
      await port.request(el("Hello", { versions: "1", client }), { timeoutMs: HELLO_TIMEOUT_MS });
      await this.#options.greet(port);
    } catch (refused) {
      port.close();
      this.#lost(port, "");
      throw refused;
    }
    this.#retryMs = FIRST_RETRY_MS;
    this.#enter("ready");
    this.#options.onReady();
    return port;
  }

  #lost(port: HostPort, why: string): void {
    if (this.#port !== port) return;
    this.#port = undefined;
    this.#greeting = undefined;
    const missing = isNotInstalled(why);
    this.#enter(missing ? "missing" : "lost");
    const waitMs = missing ? NOT_INSTALLED_RETRY_MS : this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#retry = setTimeout(() => this.start(true), waitMs);
  }

  #enter(state: ServiceState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

/** Chromium and Firefox say in English only that the host's manifest is missing or does not name this extension. */
function isNotInstalled(why: string): boolean {
  return /not found|no such native application|forbidden/i.test(why);
}
