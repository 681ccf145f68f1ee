/** The grammar of challenges and credentials: a scheme and its parameters, several in a row (RFC 3261 §25.1, RFC 7235 §2.1). */
import { quote, splitOutside, unquote } from "./params.ts";

/** One challenge or one set of credentials; scheme and parameter names in lower case, values unquoted. */
export interface AuthValue {
  readonly scheme: string;
  readonly params: ReadonlyMap<string, string>;
}

const TOKEN = "[\\w\\-.!%*+`'~]+";
const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';
const SCHEME = new RegExp(`\\s*(${TOKEN})\\s+(?=${TOKEN}\\s*=)`, "y");
const PARAM = new RegExp(`\\s*(${TOKEN})\\s*=\\s*(${QUOTED}|${TOKEN})\\s*(,|$)`, "ys");

/** A scheme and its first parameter, or a token in its place. */
const STARTS = new RegExp(`^\\s*${TOKEN}\\s+[^\\s=]`);

/** Parameters the grammar wants quoted, and those it wants bare (RFC 7616 §3.3, §3.4). */
const QUOTED_PARAMS = new Set([
  "username",
  "realm",
  "nonce",
  "uri",
  "response",
  "cnonce",
  "opaque",
  "domain",
]);
const BARE_PARAMS = new Set(["algorithm", "nc"]);

/** Undefined when one of them is malformed or names a parameter twice. */
export function parseAuth(text: string): AuthValue[] | undefined {
  const values: AuthValue[] = [];
  let at = 0;
  while (at < text.length) {
    const scheme = match(SCHEME, text, at);
    if (scheme?.[1] === undefined) return undefined;
    const read = readParams(text, at + scheme[0].length);
    if (!read) return undefined;
    values.push({ scheme: scheme[1].toLowerCase(), params: read.params });
    at = read.end;
  }
  return values.length > 0 ? values : undefined;
}

/** Several values joined by commas, each by itself, as they stand. */
export function splitAuth(text: string): string[] {
  const values: string[] = [];
  for (const part of splitOutside(text, ",")) {
    const last = values.length - 1;
    if (last < 0 || STARTS.test(part)) values.push(part.trim());
    else values[last] += `,${part}`;
  }
  return values;
}

/** Parameters up to the end or the next scheme; undefined when one is malformed, or a comma promised more. */
function readParams(text: string, start: number): { params: Map<string, string>; end: number } | undefined {
  const params = new Map<string, string>();
  let at = start;
  while (!match(SCHEME, text, at)) {
    const found = match(PARAM, text, at);
    if (!found || !take(params, found)) return undefined;
    at += found[0].length;
    if (found[3] === "") return { params, end: text.length };
  }
  return { params, end: at };
}

function take(params: Map<string, string>, [, written = "", raw = ""]: RegExpExecArray): boolean {
  const name = written.toLowerCase();
  const value = readValue(name, raw);
  if (value === undefined || params.has(name)) return false;
  params.set(name, value);
  return true;
}

function readValue(name: string, raw: string): string | undefined {
  const quoted = raw.startsWith('"');
  if (quoted ? BARE_PARAMS.has(name) && name !== "algorithm" : QUOTED_PARAMS.has(name)) return undefined;
  return quoted ? unquote(raw) : raw;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** `Digest username="alice", nc=00000001`; those the grammar wants quoted are. */
export function formatDigest(params: ReadonlyMap<string, string>): string {
  const one = ([name, value]: [string, string]) =>
    `${name}=${QUOTED_PARAMS.has(name) ? quote(value) : value}`;
  return `Digest ${Array.from(params, one).join(", ")}`;
}
