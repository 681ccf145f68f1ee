/** SIP URIs and the name-addr around them, read without throwing and printed back (RFC 3261 §19.1, §20.10). */
import { isIPv4, isIPv6 } from "node:net";
import type { NameAddr, Params, SipUri } from "./message.ts";
import { formatParams, isSafeName, quote, readParams, skipQuoted, splitOutside, unquote } from "./params.ts";
import { remembering } from "./remember.ts";

export interface Uri {
  /** Lower case: sip, sips, tel, or one we only pass on. */
  readonly scheme: string;
  /** Still escaped, with its password if there is one. For schemes other than sip and sips: all but the parameters. */
  readonly user?: string;
  /** Lower case, IPv6 in brackets; "" for schemes other than sip and sips. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  /** What follows the question mark, as it stands. */
  readonly headers?: string;
}

const SCHEME = /^([a-z][a-z0-9+\-.]*):(.+)$/is;
/** unreserved, user-unreserved, the password's colon, escapes, and the # that phones dial (RFC 3261 §25.1). */
const USER = /^(?:[\w\-.!~*'()&=+$,;?/:#]|%[0-9a-f]{2})+$/i;
const PARAM = /^(?:[\w\-.!~*'()[\]/:&+$]|%[0-9a-f]{2})+$/i;
const HEADERS = /^(?:[\w\-.!~*'()[\]/:&+$?=]|%[0-9a-f]{2})+$/i;
const HOST_PORT = /^(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_\-.]{0,254}))(?::(\d{1,5}))?$/i;
const DISPLAY = /^[\w\-.!%*+`'~ \t\u0080-\uffff]*$/;

/** Undefined when the text is no URI, names an impossible port, or a parameter that is malformed or named twice. */
export const parseUri = remembering((text: string): Uri | undefined => {
  const uri = readUri(text);
  if (uri) Object.freeze(uri.params);
  return uri && Object.freeze(uri);
});

function readUri(text: string): Uri | undefined {
  const [, scheme, rest] = SCHEME.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  const lower = scheme.toLowerCase();
  if (lower === "sip" || lower === "sips") return parseSip(lower, rest);
  return /[\s<>"]/.test(rest) ? undefined : parseOpaque(lower, rest);
}

function parseOpaque(scheme: string, rest: string): Uri {
  const [user = "", ...parts] = scheme === "tel" ? rest.split(";") : [rest];
  const params = readUriParams(parts);
  return params ? { scheme, user, host: "", params } : { scheme, user: rest, host: "", params: {} };
}

function parseSip(scheme: string, rest: string): Uri | undefined {
  const at = rest.indexOf("@");
  const user = at < 0 ? undefined : rest.slice(0, at);
  if (user !== undefined && !USER.test(user)) return undefined;
  const [place = "", headers] = splitOnce(rest.slice(at + 1), "?");
  if (headers !== undefined && !HEADERS.test(headers)) return undefined;
  const [hostAndPort = "", ...parts] = place.split(";");
  const end = parseHostPort(hostAndPort);
  const params = readUriParams(parts);
  if (!end || !params) return undefined;
  return {
    scheme,
    ...(user === undefined ? {} : { user }),
    ...end,
    params,
    ...(headers === undefined ? {} : { headers }),
  };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function readUriParams(parts: readonly string[]): Params | undefined {
  const params: Params = {};
  for (const part of parts) {
    const [written, value = null] = splitOnce(part, "=");
    const name = written.toLowerCase();
    if (!PARAM.test(name) || !isSafeUriName(name) || name in params) return undefined;
    // `;ob=` of some phones: a flag with an equals sign.
    if (value !== null && value !== "" && !PARAM.test(value)) return undefined;
    params[name] = value === "" ? null : value;
  }
  return params;
}

function isSafeUriName(name: string): boolean {
  return isSafeName(name) || /[()[\]/:&$]/.test(name);
}

/** `host`, `host:5060`, `[::1]:5060`; undefined when either half is impossible. */
export function parseHostPort(text: string): { host: string; port?: number } | undefined {
  const [, written, digits] = HOST_PORT.exec(text) ?? [];
  if (written === undefined) return undefined;
  const host = written.toLowerCase();
  if (host.startsWith("[") && !isIPv6(host.slice(1, -1))) return undefined;
  if (digits === undefined) return { host };
  const port = Number(digits);
  return port >= 1 && port <= 65535 ? { host, port } : undefined;
}

export function formatUri(uri: Uri): string {
  if (uri.scheme !== "sip" && uri.scheme !== "sips") {
    return `${uri.scheme}:${uri.user ?? ""}${formatUriParams(uri.params)}`;
  }
  const user = uri.user === undefined ? "" : `${uri.user}@`;
  const port = uri.port === undefined ? "" : `:${uri.port}`;
  const headers = uri.headers === undefined ? "" : `?${uri.headers}`;
  return `${uri.scheme}:${user}${uri.host}${port}${formatUriParams(uri.params)}${headers}`;
}

function formatUriParams(params: Params): string {
  const one = ([name, value]: [string, string | null]) => (value === null ? `;${name}` : `;${name}=${value}`);
  return Object.entries(params).map(one).join("");
}

/** Whether `text` is a sip: or sips: URI we could send to. */
export function isSipUri(text: string): text is SipUri {
  const uri = parseUri(text);
  return uri !== undefined && uri.host !== "" && /^sips?:/.test(text);
}

/** Host without brackets, as sockets want it, and the port or the scheme's default. */
export function hostPort(uri: Uri): { host: string; port: number } {
  return { host: bareHost(uri.host), port: uri.port ?? (uri.scheme === "sips" ? 5061 : 5060) };
}

/** An IPv6 literal without its brackets; any other host as it is. */
export function bareHost(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

/** A literal address as URIs and Via want it: IPv6 in brackets. */
export function bracketed(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

export function isLiteral(host: string): boolean {
  return literal(host) ?? false;
}

const literal = remembering((host) => isIPv4(host) || isIPv6(host));

/** `"Alice" <sip:a@h>;tag=1`, `<sip:a@h>` or `sip:a@h;tag=1`; undefined when it is none of them. */
export function parseNameAddr(text: string): NameAddr | undefined {
  const trimmed = text.trim();
  const open = findBracket(trimmed);
  return open < 0 ? parseAddrSpec(trimmed) : parseBracketed(trimmed, open);
}

function findBracket(text: string): number {
  return text.indexOf("<", text.startsWith('"') ? skipQuoted(text, 0) : 0);
}

function parseBracketed(text: string, open: number): NameAddr | undefined {
  const close = text.indexOf(">", open);
  const uri = text.slice(open + 1, close);
  const name = readDisplay(text.slice(0, open).trim());
  if (close < 0 || name === undefined || parseUri(uri) === undefined) return undefined;
  const params = readTail(text.slice(close + 1));
  return params && (name === "" ? { uri, params } : { name, uri, params });
}

/** Without brackets all parameters are the header's, and the URI has neither comma nor question mark (§20). */
function parseAddrSpec(text: string): NameAddr | undefined {
  const semicolon = text.indexOf(";");
  const uri = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
  if (/[,?\s"]/.test(uri) || parseUri(uri) === undefined) return undefined;
  const params = readTail(semicolon < 0 ? "" : text.slice(semicolon));
  return params && { uri, params };
}

function readTail(text: string): Params | undefined {
  if (text === "") return {};
  const parts = splitOutside(text, ";");
  return parts[0]?.trim() === "" ? readParams(parts) : undefined;
}

function readDisplay(text: string): string | undefined {
  if (text.startsWith('"')) return unquote(text);
  return DISPLAY.test(text) ? text : undefined;
}

/** A comma-separated list of addresses; undefined when one is malformed. */
export function parseNameAddrs(text: string): NameAddr[] | undefined {
  const list: NameAddr[] = [];
  for (const part of splitOutside(text, ",")) {
    const value = parseNameAddr(part);
    if (!value) return undefined;
    list.push(value);
  }
  return list;
}

/** The name is always quoted, so that nothing in it can end it early. */
export function formatNameAddr(value: NameAddr): string {
  const name = value.name ? `${quote(value.name)} ` : "";
  return `${name}<${value.uri}>${formatParams(value.params)}`;
}
