/** Where phones report their calls: action URLs, GET http://THIS-COMPUTER:PORT/TOKEN/EVENT?call=ID. */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { bareHost } from "../../sip/uri.ts";
import type { PhoneCallState } from "./dialect.ts";
import type { Report, ReportSource } from "./reports.ts";

/** Last part of the path; what else a phone reports is taken and means nothing. */
const STATES: Readonly<Record<string, PhoneCallState>> = {
  outgoing: "outgoing",
  ringing: "ringing",
  established: "established",
  terminated: "ended",
};

const MOST_CONNECTIONS = 32;
const MOST_BYTES = 4096;
const PATIENCE_MS = 5000;
const CALL_ID = /^[\w.@~+-]{1,128}$/;

export interface ActionUrlOptions {
  readonly host: string;
  readonly port: number;
  /** How long one may take to say what it wants. */
  readonly patienceMs?: number;
}

/** One phone's door: its secret, and the address it must come from when that is known. */
export interface ActionUrlPhone {
  readonly token: string;
  readonly from?: string | undefined;
}

type OnReport = (report: Report) => void;

export class ActionUrls {
  readonly #server: Server;
  /** By hash of the token: comparing hashes tells nothing of it. */
  readonly #phones = new Map<
    string,
    { readonly from: string | undefined; readonly followers: Set<OnReport> }
  >();
  /** Why nothing is heard; undefined while all is well. */
  trouble: string | undefined;
  readonly listening: Promise<void>;

  constructor({ host, port, patienceMs = PATIENCE_MS }: ActionUrlOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.listening = promise;
    this.#server = createServer(
      {
        maxHeaderSize: MOST_BYTES,
        headersTimeout: patienceMs,
        requestTimeout: patienceMs,
        connectionsCheckingInterval: patienceMs,
      },
      (request, response) => this.#answer(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.timeout = patienceMs;
    this.#server.on("error", (error) => {
      this.trouble = `nothing listens to the phone's reports on ${host}:${port} (${error.message})`;
      process.emitWarning(this.trouble);
      resolve();
    });
    this.#server.on("clientError", (_error, socket) => socket.destroy());
    this.#server.listen(port, host, resolve);
  }

  /** 0 before it listens. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** Where the reports of this phone are heard from now on. */
  of({ token, from }: ActionUrlPhone): ReportSource {
    const followers = new Set<OnReport>();
    const literal = from !== undefined && isIP(bareHost(from)) !== 0 ? bareHost(from) : undefined;
    this.#phones.set(hashOf(token), { from: literal, followers });
    return {
      follow: (onReport) => {
        followers.add(onReport);
        return () => followers.delete(onReport);
      },
    };
  }

  async close(): Promise<void> {
    this.#phones.clear();
    await this.listening;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const status = request.method === "GET" ? this.#take(request) : 405;
    response.writeHead(status, {
      "content-length": 0,
      connection: "close",
      ...(status === 405 && { allow: "GET" }),
    });
    response.end();
    // A body has no business here.
    request.resume();
  }

  #take({ url = "", socket }: IncomingMessage): number {
    const parsed = URL.parse(url, "http://phone.invalid");
    const [, token = "", event = "", ...more] = parsed?.pathname.split("/") ?? [];
    const phone = this.#phones.get(hashOf(token));
    if (!phone || more.length > 0) return 404;
    if (phone.from !== undefined && phone.from !== plainAddress(socket.remoteAddress)) return 403;
    const state = STATES[event];
    if (!state) return 200;
    const call = parsed?.searchParams.get("call") ?? "";
    const report = { state, ...(CALL_ID.test(call) && { call }) };
    for (const tell of [...phone.followers]) tell(report);
    return 200;
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** An IPv4 address that came in over IPv6 as it is written by itself. */
function plainAddress(address = ""): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}

interface Door {
  readonly urls: ActionUrls;
  users: number;
}

const doors = new Map<string, Door>();

/** Phones that report to the same address share a listener; it closes with the last of them. */
export function openDoor(options: ActionUrlOptions): { readonly urls: ActionUrls; release(): Promise<void> } {
  const place = `${options.host} ${options.port}`;
  const door = doors.get(place) ?? { urls: new ActionUrls(options), users: 0 };
  doors.set(place, door);
  door.users += 1;
  return {
    urls: door.urls,
    release: async () => {
      door.users -= 1;
      if (door.users > 0) return;
      doors.delete(place);
      await door.urls.close();
    },
  };
}
