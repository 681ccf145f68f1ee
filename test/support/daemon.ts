/** Somebody's SIP service as a program of its own, with its own folders, and a client of its XML API. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseXml, type XmlElement } from "#xml/strict.ts";
import { type Program, type ProgramOptions, startScript } from "./processes.ts";
import { heardFromService } from "./schema.ts";
import { ROOT } from "./servers.ts";

const NAMESPACE = "urn:partyline:api:1";
const ANSWER_MS = 40_000;

export interface DaemonOptions {
  /** Whose service it is: the identity that conferences see. */
  readonly name: string;
  /** Further keys of config.json, beside the identity. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
  readonly onLine?: ProgramOptions["onLine"];
}

export class Daemon {
  readonly name: string;
  readonly folder: string;
  readonly socketPath: string;
  readonly program: Program;

  private constructor(parts: { name: string; folder: string; socketPath: string; program: Program }) {
    this.name = parts.name;
    this.folder = parts.folder;
    this.socketPath = parts.socketPath;
    this.program = parts.program;
  }

  static async start(options: DaemonOptions): Promise<Daemon> {
    const folder = await prepareFolder(options);
    const program = await startScript(join(ROOT, "native-host", "bin", "daemon.mjs"), {
      name: `service of ${options.name}`,
      args: [...folderArguments(folder), "--sip-port", "0", ...(options.args ?? [])],
      ...(options.onLine && { onLine: options.onLine }),
    });
    const [, socketPath = ""] = await program.says(/^ready (\S+)$/);
    return new Daemon({ name: options.name, folder, socketPath, program });
  }

  /** What a `partyline` command, a browser or another program must have in its environment to find this service. */
  get environment(): Readonly<Record<string, string>> {
    return folderEnvironment(this.folder);
  }

  connect(): Promise<ApiClient> {
    return ApiClient.connect(this.socketPath);
  }

  async stop(): Promise<void> {
    await this.program.stop();
    // The bridge of a browser that was just closed may still write there.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A folder with a configuration, in which a service can be started, by us or by a browser. */
export async function prepareFolder({ name, config }: DaemonOptions): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `partyline-${name}-`));
  const identity = { name: capitalized(name), uri: `sip:${name}@127.0.0.1` };
  await writeFile(join(folder, "config.json"), `${JSON.stringify({ identity, ...config }, null, 2)}\n`);
  return folder;
}

export function folderEnvironment(folder: string): Readonly<Record<string, string>> {
  return {
    PARTYLINE_CONFIG: join(folder, "config.json"),
    PARTYLINE_RUNTIME_DIR: join(folder, "run"),
    PARTYLINE_DATA_DIR: join(folder, "data"),
  };
}

function folderArguments(folder: string): string[] {
  return [
    "--config",
    join(folder, "config.json"),
    "--runtime-dir",
    join(folder, "run"),
    "--data-dir",
    join(folder, "data"),
  ];
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** One connection to the XML API: documents separated by NUL. */
export class ApiClient {
  readonly events: XmlElement[] = [];
  readonly #socket: net.Socket;
  readonly #results = new Map<string, (result: XmlElement) => void>();
  readonly #listeners = new Set<(event: XmlElement) => void>();
  #text = "";
  #requests = 0;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#receive(text));
    socket.on("error", () => undefined);
  }

  static connect(path: string): Promise<ApiClient> {
    const { promise, resolve, reject } = Promise.withResolvers<ApiClient>();
    const socket = net.connect(path, () => resolve(new ApiClient(socket)));
    socket.once("error", reject);
    return promise;
  }

  /** Sends `<NAME ATTRIBUTES>CONTENT</NAME>` and returns its Result, ok or not. */
  async ask(
    name: string,
    attributes: Readonly<Record<string, string>> = {},
    content = "",
  ): Promise<XmlElement> {
    const req = `t${++this.#requests}`;
    const { promise, resolve, reject } = Promise.withResolvers<XmlElement>();
    const timer = setTimeout(() => reject(new Error(`no Result for ${name}`)), ANSWER_MS);
    this.#results.set(req, resolve);
    const written = Object.entries({ xmlns: NAMESPACE, req, ...attributes });
    const head = written.map(([key, value]) => ` ${key}="${escaped(value)}"`).join("");
    this.#socket.write(`<${name}${head}>${content}</${name}>\0`);
    return promise.finally(() => clearTimeout(timer));
  }

  /** As `ask`, and fails with the Error's words when the Result is not ok. */
  async tell(
    name: string,
    attributes?: Readonly<Record<string, string>>,
    content?: string,
  ): Promise<XmlElement> {
    const result = await this.ask(name, attributes, content);
    if (result.attributes["status"] === "ok") return result;
    const error = result.children.find((child) => child.name === "Error");
    throw new Error(`${name}: ${JSON.stringify(error?.attributes ?? result.attributes)}`);
  }

  /** Hears what every event from now on carries. */
  onEvent(listener: (body: XmlElement) => void): void {
    this.#listeners.add(listener);
  }

  /** What the next event that fits carries. */
  next(fits: (body: XmlElement) => boolean, timeoutMs = 10_000): Promise<XmlElement> {
    const { promise, resolve, reject } = Promise.withResolvers<XmlElement>();
    const timer = setTimeout(() => reject(new Error("no such event came")), timeoutMs);
    const look = (body: XmlElement) => {
      if (!fits(body)) return;
      this.#listeners.delete(look);
      clearTimeout(timer);
      resolve(body);
    };
    this.#listeners.add(look);
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    const documents = `${this.#text}${text}`.split("\0");
    this.#text = documents.pop() ?? "";
    for (const document of documents) this.#take(parseXml(document));
  }

  #take(document: XmlElement): void {
    const { name, attributes, children } = document;
    const [body] = children;
    heardFromService(document);
    if (name === "Event" && body) {
      this.events.push(body);
      for (const listener of [...this.#listeners]) listener(body);
    }
    if (name !== "Result") return;
    const req = attributes["req"] ?? "";
    this.#results.get(req)?.(document);
    this.#results.delete(req);
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
