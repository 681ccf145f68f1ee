/** The other end of the XML API, for the command line and for tests: commands out, one answer each, events in. */
import type { Socket } from "node:net";
import { type ErrorCode, isErrorCode } from "../errors.ts";
import { formatXml, parseXml, type XmlElement } from "../xml/strict.ts";
import { MAX_FRAME_BYTES, NulReader } from "./framing.ts";
import { ServiceGoneError } from "./reach-service.ts";

/** The service answered a command with an error. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: ErrorCode | "unknown";
  /** The whole answer. */
  readonly result: XmlElement;

  constructor(result: XmlElement) {
    const error = result.children.find((child) => child.name === "Error");
    const code = error?.attributes["code"] ?? "";
    super(sentence(error, code));
    this.code = isErrorCode(code) ? code : "unknown";
    this.result = result;
  }
}

/** What the service says, with what the SIP peer answered if one did. */
function sentence(error: XmlElement | undefined, code: string): string {
  const { detail = `The service refused: ${code}.`, sip, reason = "" } = error?.attributes ?? {};
  return sip === undefined ? detail : `${detail.replace(/\.$/, "")} (${`${sip} ${reason}`.trim()}).`;
}

/** What a request hears while it waits, at once when it comes. */
export interface Hearing {
  /** The call has a handle. */
  readonly onAccepted?: (call: string) => void;
  /** The command succeeded; events that follow have not been heard yet. */
  readonly onResult?: (result: XmlElement) => void;
}

interface Waiting extends Hearing {
  resolve(answer: XmlElement): void;
  reject(error: Error): void;
}

/** One connection to the service. */
export class ApiClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, Waiting>();
  readonly #closed = Promise.withResolvers<void>();
  /** Every document, answers too, as it comes. */
  onDocument: ((document: XmlElement, text: string) => void) | undefined;
  #count = 0;
  #gone = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new NulReader(
      { onDocument: (text) => this.#receive(text), onRefused: () => socket.destroy() },
      MAX_FRAME_BYTES * 4,
    );
    socket.on("data", (chunk) => reader.push(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#abandon());
  }

  /** Resolves when the service or we have ended the connection. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Sends a command under a `req` of its own; resolves with its Result or Welcome, rejects with RefusedError. */
  request(command: XmlElement, hearing: Hearing = {}): Promise<XmlElement> {
    if (this.#gone) return Promise.reject(serviceGone());
    this.#count += 1;
    const req = `r${this.#count}`;
    const { promise, resolve, reject } = Promise.withResolvers<XmlElement>();
    this.#waiting.set(req, { ...hearing, resolve, reject });
    this.send(formatXml({ ...command, attributes: { ...command.attributes, req } }));
    return promise;
  }

  /** Sends any text as one document. */
  send(document: string): void {
    this.#socket.write(`${document}\0`);
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #receive(text: string): void {
    const document = parseXml(text, { maxBytes: MAX_FRAME_BYTES * 4 });
    this.onDocument?.(document, text);
    const { req = "", status, call = "" } = document.attributes;
    const waiting = this.#waiting.get(req);
    if (document.name === "Accepted") waiting?.onAccepted?.(call);
    if (document.name !== "Result" && document.name !== "Welcome") return;
    this.#waiting.delete(req);
    if (status === "error") {
      waiting?.reject(new RefusedError(document));
    } else {
      waiting?.onResult?.(document);
      waiting?.resolve(document);
    }
  }

  #abandon(): void {
    this.#gone = true;
    const gone = serviceGone();
    for (const { reject } of this.#waiting.values()) reject(gone);
    this.#waiting.clear();
    this.#closed.resolve();
  }
}

function serviceGone(): ServiceGoneError {
  return new ServiceGoneError("The SIP service went away; start it with: partyline service");
}
