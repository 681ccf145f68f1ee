/** What all MSCML documents have in common (RFC 5022 §4.2, §11), and how one that cannot be used is told. */
import { remembering } from "#sip/remember.ts";
import { el, formatXml, parseXml, type XmlElement } from "#xml/strict.ts";

export const MSCML = "application/mediaservercontrol+xml";

/** Ours are below 500 bytes; what is ten times as long is no document about one leg. */
const LIMITS = { maxBytes: 8_192, maxDepth: 8, maxAttributes: 64 } as const;

/** The same few documents come for every leg; most are shorter than that. */
const REMEMBERED = { most: 64, longest: 400 } as const;

/** Names the request a fault is about; without one, the fault is the document itself. */
interface Asked {
  readonly request: string;
  readonly id?: string | undefined;
}

/** A document, or a request in it, that cannot be used; `code` is of RFC 5022 §10.2: as in SIP, 400 and up. */
export class MscmlError extends Error {
  override readonly name = "MscmlError";
  readonly code: number;
  readonly asked: Asked | undefined;

  constructor(code: number, text: string, asked?: Asked) {
    super(text);
    this.code = code;
    this.asked = asked;
  }
}

export function mscml(kind: "request" | "notification", content: XmlElement): string {
  return document(el(kind, {}, [content]));
}

export function document(content: XmlElement): string {
  return formatXml(el("MediaServerControl", { version: "1.0" }, [content]));
}

/** The one element inside `MediaServerControl`. Throws MscmlError: 400 when it is not MSCML 1.0. */
export function readDocument(text: string): XmlElement {
  return known(text) ?? readAnew(text);
}

const known = remembering<XmlElement>(readAnew, REMEMBERED.most, REMEMBERED.longest);

function readAnew(text: string): XmlElement {
  const root = parsed(text);
  if (root.name !== "MediaServerControl")
    throw new MscmlError(400, `The root element must be MediaServerControl and is ${shown(root.name)}`);
  if (root.attributes["version"] !== "1.0") throw new MscmlError(400, 'The version of MSCML must be "1.0"');
  return onlyChild(root);
}

/** The one child of an element. Throws MscmlError 400 when there is none, or more. */
export function onlyChild(element: XmlElement): XmlElement {
  const [child, second] = element.children;
  if (!child || second)
    throw new MscmlError(400, `${shown(element.name)} must have exactly one element inside`);
  return child;
}

/** A name or value of a stranger, short enough for a sentence. */
export function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function parsed(text: string): XmlElement {
  try {
    return parseXml(text, LIMITS);
  } catch (cause) {
    throw new MscmlError(400, cause instanceof Error ? cause.message : "It is not XML");
  }
}
