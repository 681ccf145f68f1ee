/** Fills the places of a template, each value escaped for where it stands; nothing of it can end a line or begin another field. */

import type { Template } from "./dialect.ts";

/** What is known in this call; what is missing cannot be filled in. */
export type Values = { readonly [Name in Place]?: string | undefined };
type Place = "number" | "uri" | "kind" | "account" | "call" | "digit" | "username" | "password";

const PLACE = /\{(number|uri|kind|account|call|digit|username|password)\}/g;
/** Left out when something in it is not known. */
const OPTIONAL = /\[([^[\]]*)\]/g;
const CONTROL = /\p{Cc}/u;
const FORM = "application/x-www-form-urlencoded";

type Escape = (value: string) => string;

/** A value is not known, or cannot be written there. */
export class UnfillableError extends Error {
  override readonly name = "UnfillableError";
  readonly place: string;

  constructor(place: string) {
    super(`there is no ${place} that could be written there`);
    this.place = place;
  }
}

export interface Filled {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly type?: string;
  readonly body?: string;
}

/** Whether the template has this place. */
export function wants({ path, body = "" }: Template, place: Place): boolean {
  return `${path}${body}`.includes(`{${place}}`);
}

/** Throws UnfillableError. */
export function fill({ method, path, type, body }: Template, values: Values): Filled {
  const filled = { method, path: fillIn(withoutUnknown(path, values), values, encodeURIComponent) };
  if (type === undefined || body === undefined) return filled;
  return { ...filled, type, body: fillBody(body, type, values) };
}

/** A body alone, e.g. of a NOTIFY. Throws UnfillableError. */
export function fillBody(body: string, type: string, values: Values): string {
  if (/json/i.test(type)) return fillIn(body, values, escapeJson);
  if (type === FORM) {
    const [name = "", value = ""] = splitOnce(body, "=");
    return `${name}=${encodeURIComponent(fillIn(value, values, escapeXml))}`;
  }
  if (/xml|spipx/i.test(type)) return fillIn(body, values, escapeXml);
  return fillIn(withoutUnknown(body, values), values, plainWord);
}

function withoutUnknown(text: string, values: Values): string {
  const known = (part: string) => placesOf(part).every((place) => values[place] !== undefined);
  return text.replace(OPTIONAL, (_all, part: string) => (known(part) ? part : ""));
}

function placesOf(text: string): Place[] {
  // The pattern lets nothing else through.
  return Array.from(text.matchAll(PLACE), ([, place]) => place as Place);
}

function fillIn(text: string, values: Values, escaped: Escape): string {
  return text.replace(PLACE, (_all, place: Place) => {
    const value = values[place];
    if (value === undefined || value === "" || CONTROL.test(value)) throw new UnfillableError(place);
    return escaped(value);
  });
}

const escapeJson: Escape = (value) => JSON.stringify(value).slice(1, -1);

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
const escapeXml: Escape = (value) => value.replace(/[&<>"']/g, (one) => ENTITIES[one] ?? one);

/** Where nothing can be escaped, nothing may need it. */
const plainWord: Escape = (value) => {
  if (/[\s&;?<>"]/.test(value)) throw new UnfillableError("address");
  return value;
};

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
