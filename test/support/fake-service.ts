/** Plays the SIP service to a real extension: answers its commands as docs/xml-api.md says and remembers them. */
import { rmSync } from "node:fs";
import net from "node:net";
import { child, el, readXml, writeXml, type XmlElement } from "../../extension/background/xml.ts";

export interface FakePerson {
  readonly entity: string;
  readonly display: string;
  readonly me?: boolean;
  readonly muted?: boolean;
  readonly talking?: boolean;
}

type Ok = (attributes?: object, children?: XmlElement[]) => void;

interface FakeCall {
  readonly call: string;
  readonly id: string;
  readonly dev: string;
  readonly muted: boolean;
  readonly state: string;
}

const DEVICES = [
  {
    dev: "soft",
    kind: "softphone",
    name: "Baresip on this computer",
    state: "ready",
    caps: "loop",
    default: true,
  },
  { dev: "desk", kind: "sip", name: "Desk telephone", state: "ready", caps: "loop" },
];

export class FakeService {
  /** Every command, in order. */
  readonly commands: XmlElement[] = [];
  /** Who is in a conference, by its address; me alone where nothing is said. */
  readonly people = new Map<string, readonly FakePerson[]>();
  /** Ask which device to use before the first join. */
  asks = false;
  /** The next join or move is answered with this error. */
  refusal: { code: string; detail?: string } | undefined;
  /** Commands of these names are answered with these errors. */
  readonly refuses = new Map<string, { code: string; detail?: string }>();
  connections = 0;

  readonly #server: net.Server;
  readonly #path: string;
  readonly #sockets = new Set<net.Socket>();
  readonly #waiting: {
    readonly wanted: (command: XmlElement) => boolean;
    readonly found: (command: XmlElement) => void;
  }[] = [];
  #call: FakeCall | undefined;
  #held: (() => void) | undefined;
  #seq = 0;
  #calls = 0;
  #version = 0;

  constructor(path: string) {
    this.#path = path;
    this.#server = net.createServer((socket) => this.#take(socket));
  }

  listen(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(this.#path, resolve);
    return promise;
  }

  close(): void {
    this.killBridges();
    this.#server.close();
    rmSync(this.#path, { force: true });
  }

  killBridges(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The commands of that name so far. */
  named(name: string): XmlElement[] {
    return this.commands.filter((command) => command.name === name);
  }

  /** The next command of that name, or one that came and was not awaited yet when `from` is given. */
  async next(name: string, from = this.commands.length): Promise<XmlElement> {
    const already = this.commands.slice(from).find((command) => command.name === name);
    if (already) return already;
    const { promise, resolve, reject } = Promise.withResolvers<XmlElement>();
    const timer = setTimeout(() => reject(new Error(`No ${name} within 5 s.`)), 5000);
    this.#waiting.push({
      wanted: (command) => command.name === name,
      found(command) {
        clearTimeout(timer);
        resolve(command);
      },
    });
    return promise;
  }

  /** Sends an event to every client. */
  tell(payload: XmlElement): void {
    for (const socket of this.#sockets) send(socket, el("Event", { seq: this.#seq++ }, [payload]));
  }

  tellRoster(conf = this.#call?.id ?? ""): void {
    const people = this.people.get(conf) ?? [{ entity: "sip:alice@127.0.0.1", display: "Alice", me: true }];
    const users = people.map(({ entity, display, me, muted = false, talking = false }) =>
      el("User", { entity, display, me }, [
        el("Endpoint", { entity: `${entity};gr`, status: "connected", muted, talking }),
      ]),
    );
    this.tell(el("Roster", { conf, version: ++this.#version, state: "full", count: users.length }, users));
  }

  #take(socket: net.Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE(0)) {
        const end = 4 + bytes.readUInt32LE(0);
        this.#hear(socket, readXml(JSON.parse(bytes.subarray(4, end).toString())));
        bytes = bytes.subarray(end);
      }
    });
  }

  #hear(socket: net.Socket, command: XmlElement): void {
    this.commands.push(command);
    const { req = "" } = command.attributes;
    const ok = (attributes = {}, children: XmlElement[] = []) =>
      send(socket, el("Result", { req, status: "ok", ...attributes }, children));
    const error = this.refuses.get(command.name);
    if (error) send(socket, el("Result", { req, status: "error" }, [el("Error", error)]));
    else this.#answer(command, ok, socket);
    const index = this.#waiting.findIndex(({ wanted }) => wanted(command));
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.found(command);
  }

  #answer(command: XmlElement, ok: Ok, socket: net.Socket): void {
    const { name, attributes } = command;
    const { req = "", dev } = attributes;
    const answers: Readonly<Record<string, () => void>> = {
      Hello: () => send(socket, el("Welcome", { req, version: 1, client: "k1", seq: 0 })),
      Status: () => ok({}, [el("Status", {}, this.#call ? [callElement(this.#call)] : [])]),
      Devices: () => ok({}, [el("Devices", {}, deviceElements())]),
      ExternalJoin: () => this.#join(command, ok, socket),
      SameDeviceJoin: () => this.#join(command, ok, socket),
      // The test answers offers itself, since it has the other end of the media.
      WebOffer: () => undefined,
    };
    const answer = answers[name];
    if (answer) {
      answer();
      return;
    }
    ok();
    this.#change(name, dev);
    if (attributes["to"] === "roster" && this.#call) this.tellRoster();
  }

  #change(name: string, dev: string | undefined): void {
    if (name === "Choose" && dev) this.#held?.();
    if (!this.#call) return;
    if (name === "Leave") this.#say({ ...this.#call, state: "ended" });
    if (name === "Mute" || name === "Unmute") this.#say({ ...this.#call, muted: name === "Mute" });
    if (name === "Use" && dev) this.#say({ ...this.#call, dev });
  }

  #join({ attributes }: XmlElement, ok: Ok, socket: net.Socket): void {
    const { req = "", id = "", origin } = attributes;
    const muted = attributes["muted"] === "true";
    if (this.refusal) {
      send(socket, el("Result", { req, status: "error" }, [el("Error", this.refusal)]));
      this.refusal = undefined;
      return;
    }
    const before = this.#call;
    const call = before?.call ?? `c${++this.#calls}`;
    send(socket, el("Accepted", { req, call }));
    const arrive = (dev: string) => {
      this.#say({ call, id, dev, muted: before?.muted ?? muted, state: "active" });
      ok({ call, conf: id });
      this.tellRoster();
    };
    if (before || !this.asks) {
      arrive(before?.dev ?? "soft");
      return;
    }
    this.#say({ call, id, dev: "", muted, state: "choosing" });
    this.tell(el("Prompt", { prompt: "p1", id, origin, expires: 60 }, deviceElements()));
    this.#held = () => arrive("desk");
  }

  #say(call: FakeCall): void {
    this.#call = call.state === "ended" ? undefined : call;
    this.tell(callElement(call));
  }

  /** Answers a WebOffer. */
  answerOffer(req: string, sdp: string): void {
    for (const socket of this.#sockets) {
      send(socket, el("Result", { req, status: "ok" }, [el("Sdp", {}, [], sdp)]));
    }
  }

  /** The Sdp child of a WebOffer, for tests that play the far end. */
  static sdpOf(offer: XmlElement): string {
    return child(offer, "Sdp")?.text ?? "";
  }
}

function deviceElements(): XmlElement[] {
  return DEVICES.map((device) => el("Device", device));
}

function callElement({ call, id, dev, muted, state }: FakeCall): XmlElement {
  return el("Call", { call, id, dir: "out", state, dev: dev || undefined, mode: "loop", focus: true, muted });
}

function send(socket: net.Socket, document: XmlElement): void {
  if (socket.destroyed) return;
  const frame = Buffer.from(JSON.stringify(writeXml(document)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(frame.length);
  socket.write(Buffer.concat([length, frame]));
}
