/** Typed attributes and children of one element; everything wrong with them is `bad-request` or `bad-uri`. */
import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { parseUri } from "../sip/uri.ts";
import type { XmlElement } from "../xml/strict.ts";

const HANDLE = /^[A-Za-z0-9._-]{1,64}$/;
const CALL_URI = /^(sips?|tel):[^\s<>"]+$/i;

/** Reads what the API's schema says of an element; the names are those of its simple types. */
export class Fields {
  readonly #element: XmlElement;

  constructor(element: XmlElement) {
    this.#element = element;
  }

  /** The attribute read by `read`, or undefined when it is not there. */
  optional<Value>(name: string, read: (text: string, name: string) => Value): Value | undefined {
    const text = this.#element.attributes[name];
    return text === undefined ? undefined : read(text, name);
  }

  required<Value>(name: string, read: (text: string, name: string) => Value): Value {
    const value = this.optional(name, read);
    if (value === undefined) throw malformed(`<${this.#element.name}> needs the attribute ${name}`);
    return value;
  }

  /** For `{ ...fields.maybe("call", handle) }`: the property is there only if the attribute is. */
  maybe<Name extends string, Value>(
    name: Name,
    read: (text: string, name: string) => Value,
  ): { [Key in Name]?: Value } {
    const value = this.optional(name, read);
    // One property of that name, or none.
    return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
  }

  /** The only child of that name in the element's own namespace, or undefined. */
  child(name: string): XmlElement | undefined {
    const [first, second] = this.#own().filter((child) => child.name === name);
    if (second !== undefined) throw malformed(`<${this.#element.name}> has more than one <${name}>`);
    return first;
  }

  /** The children of that name, each read by `read`; `least` to `most` of them. */
  many<Value>(
    name: string,
    [least, most]: readonly [least: number, most: number],
    read: (fields: Fields) => Value,
  ): readonly Value[] {
    const found = this.#own().filter((child) => child.name === name);
    if (found.length < least) throw malformed(`<${this.#element.name}> has no <${name}>`);
    if (found.length > most) throw malformed(`<${this.#element.name}> has more than ${most} <${name}>`);
    return found.map((child) => read(new Fields(child)));
  }

  /** Children of later versions are in their own namespaces; in ours only the named ones may stand. */
  allowOnly(names: readonly string[]): void {
    const stray = this.#own().find((child) => !names.includes(child.name));
    if (stray) throw malformed(`<${stray.name}> does not belong into <${this.#element.name}>`);
  }

  #own(): XmlElement[] {
    return this.#element.children.filter((child) => child.namespace === this.#element.namespace);
  }
}

export function malformed(why: string): ServiceError {
  return new ServiceError("bad-request", [why]);
}

export function handle(text: string, name: string): string {
  if (!HANDLE.test(text)) throw malformed(`${name} is not 1 to 64 of A-Z a-z 0-9 . _ -`);
  return text;
}

/** Text for people, at most 256 characters. */
export function label(text: string, name: string): string {
  if (text.length > 256) throw malformed(`${name} is longer than 256 characters`);
  return text;
}

/** A label that goes into a SIP header: one line. */
export function line(text: string, name: string): string {
  if (/[\p{Cc}\u2028\u2029]/u.test(text))
    throw malformed(`${name} has a line break or another control character`);
  return label(text, name);
}

export function deviceReference(text: string, name: string): string {
  if (text === "") throw malformed(`${name} is empty`);
  return label(text, name);
}

export function flag(text: string, name: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw malformed(`${name} is neither true nor false`);
}

/** A whole number of at least 1. */
export function positive(text: string, name: string): number {
  if (!/^\+?[0-9]{1,9}$/.test(text) || Number(text) === 0)
    throw malformed(`${name} is not a positive number`);
  return Number(text);
}

/** A whole number, 0 too. */
export function whole(text: string, name: string): number {
  if (!/^\+?[0-9]{1,15}$/.test(text)) throw malformed(`${name} is not a whole number`);
  return Number(text);
}

/** One line without spaces, at most 256 characters. */
export function token(text: string, name: string): string {
  if (!/^[\x21-\x7e]{1,256}$/.test(text)) throw malformed(`${name} is not one word`);
  return text;
}

/** A media type with its parameters (RFC 2045 §5.1), at most 256 characters. */
export function mediaType(text: string, name: string): string {
  if (!/^[\x21-\x7e][\x20-\x7e]{0,255}$/.test(text)) throw malformed(`${name} is not a media type`);
  return text;
}

/** How long one digit sounds, in ms: what RFC 4733 §2.3.5 can say at 8000 Hz, and no more. */
export function toneMs(text: string, name: string): number {
  const ms = positive(text, name);
  if (ms > 8000) throw malformed(`${name} is longer than 8000 ms`);
  return ms;
}

/** What a telephone can dial (RFC 4733 §3.2); `,` is a second of silence. */
export function digits(text: string, name: string): string {
  if (!/^[0-9*#A-D,]{1,64}$/.test(text)) throw malformed(`${name} is not 1 to 64 of 0-9 * # A-D and comma`);
  return text;
}

export function oneOf<const Value extends string>(
  values: readonly Value[],
): (text: string, name: string) => Value {
  return (text, name) => {
    const value = values.find((known) => known === text);
    if (value === undefined) throw malformed(`${name} is none of ${values.join(", ")}`);
    return value;
  };
}

/** Where a command came from: an absolute http, https or extension URL. */
export function webOrigin(text: string, name: string): string {
  if (text.length > 2048 || !URL.canParse(text)) throw malformed(`${name} is not an address of a page`);
  return text;
}

/**
 * A SIP URI one may call (RFC 3261 §19.1). Its headers part and `method=` are refused: they would let a link write
 * headers of our INVITE.
 */
export function callUri(text: string): SipUri {
  const scheme = CALL_URI.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || text.length > 1024)
    throw new ServiceError("bad-uri", [text.slice(0, 80), "it is not a SIP URI"]);
  if (scheme === "tel") return telephoneUri(text);
  const uri = parseUri(text);
  if (!uri || uri.host === "") throw new ServiceError("bad-uri", [text.slice(0, 80), "it is not a SIP URI"]);
  if (uri.headers !== undefined) throw new ServiceError("bad-uri", [text.slice(0, 80), "it brings headers"]);
  if (Object.hasOwn(uri.params, "method"))
    throw new ServiceError("bad-uri", [text.slice(0, 80), "it names a method"]);
  // The scheme was matched above, in whatever case it was written.
  return `${scheme}${text.slice(scheme.length)}` as SipUri;
}

/** A telephone number (RFC 3966 §3), global or local: whoever places the call knows what a local one means. */
function telephoneUri(text: string): SipUri {
  const number = /^tel:(\+?[0-9A-D*#().-]+)(;[A-Za-z0-9-]+(=[A-Za-z0-9+.%-]+)?)*$/i.exec(text)?.[1] ?? "";
  if (!/[0-9*#]/.test(number))
    throw new ServiceError("bad-uri", [text.slice(0, 80), "it is not a telephone number"]);
  // The scheme in small letters, as a SIP URI's above.
  return `tel:${text.slice("tel:".length)}` as SipUri;
}
