/** Header and URI parameters, and the tokens and lists they are made of (RFC 3261 §25.1). */
import type { Params } from "./message.ts";

const TOKEN = /^[\w\-.!%*+`'~]+$/;
/** Token, host, IPv6 literal or any other run without separators; or a quoted string. */
const VALUE = /^(?:[^\s"<>;,]+|"(?:[^"\\]|\\.)*")$/s;
/** Anything but tab below space, and DEL: no header holds them bare (RFC 3261 §25.1). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
/** Parameters that stand in most messages, as they are written. */
const USUAL = new Set([
  "branch",
  "rport",
  "received",
  "tag",
  "lr",
  "transport",
  "expires",
  "q",
  "ob",
  "maddr",
  "ttl",
]);
const [QUOTE, OPEN, BACKSLASH] = [0x22, 0x3c, 0x5c];
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** Whether `text` may name a header or parameter; names that would reach into an object's prototype may not. */
export function isSafeName(text: string): boolean {
  return TOKEN.test(text) && !FORBIDDEN.has(text.toLowerCase());
}

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Splits at `separator`, but not inside quotes or angle brackets. */
export function splitOutside(text: string, separator: "," | ";"): string[] {
  if (!text.includes(separator)) return [text];
  if (!text.includes('"') && !text.includes("<")) return text.split(separator);
  const split = separator.charCodeAt(0);
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipQuoted(text, at);
    else if (code === OPEN) at = skipTo(text, at, ">");
    else if (code === split) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** The index of the quote that ends the string begun at `start`, or the last index when none does. */
export function skipQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return text.length - 1;
}

function skipTo(text: string, start: number, end: string): number {
  const at = text.indexOf(end, start);
  return at < 0 ? text.length - 1 : at;
}

/** Reads `a=1`, `b`, `c="x"` after the first part; undefined when one is malformed or named twice. Names become lower case. */
export function readParams(parts: readonly string[]): Params | undefined {
  const params: Params = {};
  for (let at = 1; at < parts.length; at++) {
    const part = parts[at] ?? "";
    const equals = part.indexOf("=");
    const name = readName(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? null : part.slice(equals + 1).trim();
    if (name === undefined || name in params || (value !== null && !VALUE.test(value))) return undefined;
    params[name] = value;
  }
  return params;
}

function readName(written: string): string | undefined {
  if (USUAL.has(written)) return written;
  const name = written.trim().toLowerCase();
  return isSafeName(name) ? name : undefined;
}

/** `;a=1;b`, values quoted where they must be. */
export function formatParams(params: Params): string {
  let text = "";
  for (const name of Object.keys(params)) {
    const value = params[name];
    if (value === undefined) continue;
    text += value === null ? `;${name}` : `;${name}=${VALUE.test(value) ? value : quote(value)}`;
  }
  return text;
}

/** A quoted string (RFC 3261 §25.1); control characters too are legal there once escaped. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]|[^\P{Cc}\t]/gu, "\\$&")}"`;
}

/** Whether a value holds a control character that is neither a tab nor escaped by a backslash. */
export function hasControl(text: string): boolean {
  return CONTROL.test(text) && CONTROL.test(text.replace(/\\[^\r\n]/g, ""));
}

/** The text of a quoted string, quotes and escapes taken off; undefined when it is not one. */
export function unquote(text: string): string | undefined {
  if (text.length < 2 || text[0] !== '"' || skipQuoted(text, 0) !== text.length - 1 || !text.endsWith('"')) {
    return undefined;
  }
  const inside = text.slice(1, -1);
  return inside.includes("\\") ? inside.replace(/\\(.)/gs, "$1") : inside;
}
