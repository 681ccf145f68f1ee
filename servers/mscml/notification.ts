/** What a mixer tells the focus about a leg: who talks, keys, responses (RFC 5022 §5.7, §7.1, §10), built and read. */
import { el, type XmlElement } from "#xml/strict.ts";
import { document, MscmlError, mscml, onlyChild, readDocument, shown } from "./document.ts";

export interface TalkerReport {
  readonly kind: "talkers";
  readonly conference: string;
  /** How many of the conference talk. */
  readonly talkers: number;
  /** Call-IDs of legs that talk; a mixer that reports on the talker's own leg names that one alone. */
  readonly callIds: readonly string[];
}

export interface Keypress {
  readonly kind: "keypress";
  /** One of `0-9`, `*`, `#`, `A-D`. */
  readonly digit: string;
}

export interface MscmlResponse {
  readonly kind: "response";
  /** The name of the request that is answered. */
  readonly request: string;
  readonly id?: string | undefined;
  /** 200, or 400 and up. */
  readonly code: number;
  readonly text: string;
  /** Why playing ended: `EOF`, or `stopped`. */
  readonly reason?: string | undefined;
}

const DIGIT = /^[0-9*#A-D]$/;

export function talkerReport({ conference, talkers, callIds }: Omit<TalkerReport, "kind">): string {
  const active = callIds.map((callid) => el("talker", { callid }));
  const attributes = { uniqueid: conference, numtalkers: talkers };
  return mscml("notification", el("conference", attributes, [el("activetalkers", {}, active)]));
}

/** `sinceMs`: how long after the key before it; left out for the first. */
export function keypress(digit: string, sinceMs?: number): string {
  const attributes = { digit, length: "standard", method: "rfc2833", interdigittime: sinceMs };
  return mscml("notification", el("keypress", attributes));
}

export function response({ request, id, code, text, reason }: Omit<MscmlResponse, "kind">): string {
  return document(el("response", { request, id, code, text, reason }));
}

/** What a mixer said; undefined when it is about something else. Throws MscmlError when it is not MSCML. */
export function readNotification(text: string): TalkerReport | Keypress | MscmlResponse | undefined {
  const element = readDocument(text);
  if (element.name === "response") return readResponse(element);
  if (element.name !== "notification") return undefined;
  const event = onlyChild(element);
  if (event.name === "conference") return readTalkers(event);
  return event.name === "keypress" ? readKeypress(event) : undefined;
}

function readTalkers({ attributes, children }: XmlElement): TalkerReport | undefined {
  const active = children.find(({ name }) => name === "activetalkers");
  if (!active) return undefined;
  const callIds = active.children.flatMap(({ name, attributes: { callid } }) =>
    name === "talker" && callid !== undefined ? [callid] : [],
  );
  const talkers = Number(attributes["numtalkers"] ?? callIds.length);
  const conference = attributes["uniqueid"] ?? "";
  return {
    kind: "talkers",
    conference,
    callIds,
    talkers: Number.isInteger(talkers) ? talkers : callIds.length,
  };
}

function readKeypress({ attributes }: XmlElement): Keypress {
  const digit = (attributes["digit"] ?? "").toUpperCase();
  if (!DIGIT.test(digit)) throw new MscmlError(400, `There is no key ${shown(digit)}`);
  return { kind: "keypress", digit };
}

function readResponse({ attributes }: XmlElement): MscmlResponse {
  const { request, id, text = "", reason } = attributes;
  const code = Number(attributes["code"]);
  if (request === undefined || !Number.isInteger(code))
    throw new MscmlError(400, "A response needs the request it answers, and a code");
  return { kind: "response", request, id, code, text, reason };
}
