/** The web server of an emulated desk phone: asks for a password as phones do, refuses, is silent, or says something odd. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type HashName, ha1Of } from "#sip/digest.ts";
import { DigestServer } from "#sip/digest-server.ts";
import { certified } from "../certificates.ts";

export const USERNAME = "admin";
export const PASSWORD = "desk phone, 7:secret";

export interface WebRequest {
  readonly method: string;
  /** With its query, as it came. */
  readonly path: string;
  readonly type: string;
  readonly body: string;
  readonly cookie: string;
}

export interface WebReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type Login = "none" | "basic" | HashName;

export interface PhoneWebOptions {
  readonly server: string;
  readonly login: Login;
  readonly tls?: boolean;
  readonly reply: (request: WebRequest) => WebReply;
}

export class PhoneWeb {
  /** Requests that were let in, as `METHOD path`, with the body behind it. */
  readonly obeyed: string[] = [];
  /** All that came, with and without a password. */
  asked = 0;
  /** Logins that were wrong: too many lock a phone. */
  wrong = 0;
  /** Computers that are on none of its lists get this. */
  forbidden = false;
  /** Takes requests and never answers. */
  silent = false;
  password = PASSWORD;
  readonly #http: Server;
  readonly #options: PhoneWebOptions;
  readonly #digest: DigestServer;

  private constructor(options: PhoneWebOptions) {
    this.#options = options;
    this.#digest = new DigestServer({
      realm: options.server,
      hashes: options.login === "SHA-256" ? ["SHA-256"] : ["MD5"],
      ha1: (username, hash) =>
        username === USERNAME
          ? ha1Of(hash, { username, realm: options.server, password: this.password })
          : undefined,
    });
    const listener: RequestListener = (request, response) =>
      void this.#answer(request).then((reply) => {
        if (!reply) return;
        response.writeHead(reply.status ?? 200, { server: options.server, ...reply.headers });
        response.end(reply.body);
      });
    const { certificate: cert, key } = certified("localhost");
    this.#http = options.tls ? createTlsServer({ cert, key }, listener) : createServer(listener);
  }

  static async open(options: PhoneWebOptions, port = 0): Promise<PhoneWeb> {
    const web = new PhoneWeb(options);
    web.#http.listen(port, "127.0.0.1");
    await once(web.#http, "listening");
    return web;
  }

  get url(): string {
    // It listens on a port, so there is an address with one.
    const { port } = this.#http.address() as AddressInfo;
    return `${this.#options.tls ? "https" : "http"}://127.0.0.1:${port}`;
  }

  /** Switched off; again does nothing. */
  async close(): Promise<void> {
    if (!this.#http.listening) return;
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, "close");
  }

  async #answer(request: IncomingMessage): Promise<WebReply | undefined> {
    const { method = "", url: path = "", headers } = request;
    let body = "";
    for await (const chunk of request) body += chunk;
    this.asked += 1;
    if (this.silent) return undefined;
    if (this.forbidden) return { status: 403 };
    const challenge = this.#challenge(headers.authorization, { method, uri: path, body });
    if (challenge !== undefined && headers.authorization !== undefined) this.wrong += 1;
    if (challenge !== undefined) return { status: 401, headers: { "www-authenticate": challenge } };
    this.obeyed.push(`${method} ${path}${body === "" ? "" : ` ${body}`}`);
    return this.#options.reply({
      method,
      path,
      type: headers["content-type"] ?? "",
      body,
      cookie: headers.cookie ?? "",
    });
  }

  #challenge(
    given: string | undefined,
    signed: { method: string; uri: string; body: string },
  ): string | undefined {
    const { login, server } = this.#options;
    if (login === "none") return undefined;
    if (login === "basic") {
      const right = `Basic ${Buffer.from(`${USERNAME}:${this.password}`).toString("base64")}`;
      return given === right ? undefined : `Basic realm="${server}"`;
    }
    const verdict = this.#digest.verify(given, signed).name;
    return verdict === "right" ? undefined : this.#digest.challenges(verdict === "stale").join(", ");
  }
}
