/** A listener on a socket of its own with a fake service behind it, and clients that talk to it in plain documents. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { CallControl } from "../../native-host/src/api/call-control.ts";
import { NulReader } from "../../native-host/src/api/framing.ts";
import { type Listener, type ListenerOptions, openListener } from "../../native-host/src/api/listener.ts";
import { parseXml, type XmlElement } from "../../native-host/src/xml/strict.ts";
import { FakeCallControl } from "./fake-call-control.ts";
import { heardFromService } from "./schema.ts";

/** A client that sends text and awaits documents. */
export class Talker {
  readonly socket: Socket;
  readonly heard: XmlElement[] = [];
  #arrived: (() => void) | undefined;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new NulReader(
      {
        onDocument: (text) => this.#hear(parseXml(text, { maxBytes: 2 ** 21 })),
        onRefused: (why) => this.socket.destroy(new Error(why)),
      },
      2 ** 21,
    );
    socket.on("data", (chunk) => reader.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#arrived?.();
    });
  }

  say(...documents: string[]): void {
    for (const document of documents) this.socket.write(`${document}\0`);
  }

  /** The first document heard that fits, now or later; rejects when the connection ends before. */
  async hears(fits: (document: XmlElement) => boolean): Promise<XmlElement> {
    for (;;) {
      const found = this.heard.find(fits);
      if (found) return found;
      if (this.closed) throw new Error("the connection ended");
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  /** Sends a command with this req and waits for its Result. */
  ask(req: string, document: string): Promise<XmlElement> {
    this.say(document);
    return this.hears(({ name, attributes }) => name === "Result" && attributes["req"] === req);
  }

  async end(): Promise<void> {
    if (this.closed) return;
    this.socket.destroy();
    await once(this.socket, "close");
  }

  #hear(document: XmlElement): void {
    heardFromService(document);
    this.heard.push(document);
    this.#arrived?.();
  }
}

export interface ApiSocket {
  readonly listener: Listener;
  readonly directory: string;
  connect(): Promise<Talker>;
  /** A client of the TCP port. */
  dial(): Promise<Talker>;
}

export interface ApiCast extends ApiSocket {
  readonly service: FakeCallControl;
}

/** Everything closes and is removed when the test ends. */
export async function apiCast(
  test: TestContext,
  options: Pick<ListenerOptions, "patienceMs" | "tcp" | "webSocket" | "log"> = {},
): Promise<ApiCast> {
  const service = new FakeCallControl();
  return { service, ...(await apiSocket(test, service, options)) };
}

/** The same before any service. */
export async function apiSocket(
  test: TestContext,
  service: CallControl,
  options: Pick<ListenerOptions, "patienceMs" | "tcp" | "webSocket" | "log"> = {},
): Promise<ApiSocket> {
  const directory = await mkdtemp(join(tmpdir(), "partyline-api-"));
  const listener = await openListener({ directory, service, name: "partyline/test", ...options });
  test.after(async () => {
    await listener.close();
    await rm(directory, { recursive: true });
  });
  return {
    listener,
    directory,
    connect: () => talk({ path: listener.path }),
    dial: () => talk({ host: "127.0.0.1", port: listener.tcpPort ?? 0 }),
  };
}

async function talk(where: { path: string } | { host: string; port: number }): Promise<Talker> {
  const socket = connect(where);
  await once(socket, "connect");
  return new Talker(socket);
}

/** The code of the error in a Result, or undefined. */
export function errorCode(result: XmlElement): string | undefined {
  return result.children.find(({ name }) => name === "Error")?.attributes["code"];
}
