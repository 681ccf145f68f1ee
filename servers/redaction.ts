/**
 * Keeps people out of logs: telephone numbers, names, the user parts of addresses and what opens doors leave no line of a
 * log. Each is replaced by a word that is the same wherever the same person is meant in one run of a server, and means
 * nothing elsewhere, so that a fault can still be followed from line to line.
 */

import { createHmac, randomBytes } from "node:crypto";
import { masked } from "#sip/masked.ts";

/** What a logger writes its lines to. */
interface Destination {
  write(line: string): void;
}

type Pseudonym = (text: string) => string;

/** What every line has of its logger, and of no person. */
const OF_THE_LOGGER: ReadonlySet<string> = new Set(["level", "time", "pid", "hostname", "name"]);

/** Fields that say who somebody is. */
const PERSONAL: ReadonlySet<string> = new Set([
  ..."name displayname displaytext user username caller callee subject title number phone".split(" "),
]);

/** Fields with what opens a door. */
const SECRET: ReadonlySet<string> = new Set("pin token tokens password secret authorization ha1".split(" "));

const HIDDEN = "[hidden]";
/** What is longer than any stack trace is cut, so that no text takes long to look through. */
const MOST_CHARS = 4_096;
/** Deeper than this no log goes on purpose. */
const MOST_LEVELS = 10;

/** A display name in front of an address, quoted or not (RFC 3261 §25.1). */
const DISPLAY_NAME =
  /(?:"(?:[^"\\]|\\.){0,256}"|[^\s<>",;:=]{1,64}(?: [^\s<>",;:=]{1,64}){0,5})(?=\s{0,4}<(?:sips?|tel|im|pres|mailto):)/giu;
/** PIN and token as an address may carry them. */
const DOOR_PARAMETER = /([;?&](?:pin|token)=)[^;?&>\s"]+/gi;
/** The user part of an address, with what URIs may have there, up to the last @ before the host. */
const ADDRESS = /\b((?:sips?|im|pres|mailto):)([^\s@<>"]{1,512})(?=@)/gi;
const TELEPHONE_URI = /\b(tel:)([^\s;<>",]{1,128})/gi;
/** An address without its scheme. */
const BARE_ADDRESS = /(?<![\w:~.%+-])([\w.%+-]{1,128})(?=@(?:[\w-]+\.)*[\w-]+)/g;
/** The name of a conference that only those know who are invited. */
const PRIVATE_CONFERENCE = /\b[A-Za-z0-9][A-Za-z0-9._~-]{0,63}-[0-9a-f]{16,}\b/g;
/** +49 30 123456, 0049301234567, 030/123456; no IP address, port, time or hexadecimal id looks so. */
const TELEPHONE_NUMBERS = [
  /(?<![\w~])\+\d[\d ()./-]{4,28}\d/g,
  /(?<![\w.:~-])\d{7,15}(?![\w.:-])/g,
  /(?<![\w.:~-])0\d{1,5}[ /-]\d{3,12}(?![\w.:])/g,
];

/** Nothing of all that is in a text without this: most are a word or two. */
const SUSPECT = /[@:<=]|\d[\d ()./-]{3,}\d|-[0-9a-f]{16}/;

/** Lines of a pino logger written to `destination` without the people in them. */
export function redacting(destination: Destination, key: Buffer = randomBytes(32)): Destination {
  const pseudonym: Pseudonym = (text) =>
    `~${createHmac("sha256", key).update(text.toLowerCase()).digest("hex").slice(0, 8)}`;
  return { write: (line) => destination.write(redacted(line, pseudonym)) };
}

function redacted(line: string, pseudonym: Pseudonym): string {
  const fields = parsed(line);
  if (!fields) return redactedText(line, pseudonym);
  const kept = Object.entries(fields).map(([key, value]) => [
    redactedText(key, pseudonym),
    OF_THE_LOGGER.has(key) ? value : redactedField(key, value, { pseudonym, level: 0 }),
  ]);
  return `${JSON.stringify(Object.fromEntries(kept))}\n`;
}

function parsed(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

interface Depth {
  readonly pseudonym: Pseudonym;
  readonly level: number;
}

function redactedField(key: string, value: unknown, depth: Depth): unknown {
  const kind = key.toLowerCase();
  if (SECRET.has(kind) && value !== undefined && typeof value !== "number") return HIDDEN;
  if (PERSONAL.has(kind) && typeof value === "string") return depth.pseudonym(value);
  return redactedValue(value, depth);
}

function redactedValue(value: unknown, { pseudonym, level }: Depth): unknown {
  if (typeof value === "string") return redactedText(value, pseudonym);
  if (typeof value !== "object" || value === null) return value;
  if (level >= MOST_LEVELS) return HIDDEN;
  const depth = { pseudonym, level: level + 1 };
  if (Array.isArray(value)) return value.map((one) => redactedValue(one, depth));
  // An address may stand in the place of a key, too.
  const fields = Object.entries(value).map(([key, one]) => [
    redactedText(key, pseudonym),
    redactedField(key, one, depth),
  ]);
  return Object.fromEntries(fields);
}

function redactedText(text: string, pseudonym: Pseudonym): string {
  if (!SUSPECT.test(text)) return text;
  const hidden = (_: string, kept: string, person: string) => kept + pseudonym(person);
  const whole = (person: string) => pseudonym(person);
  const short = text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text;
  const addressed = masked(short)
    .replace(DISPLAY_NAME, (name) => `"${pseudonym(name.replace(/^"|"$/g, ""))}"`)
    .replace(DOOR_PARAMETER, `$1${HIDDEN}`)
    .replace(ADDRESS, hidden)
    .replace(TELEPHONE_URI, hidden)
    .replace(BARE_ADDRESS, whole)
    .replace(PRIVATE_CONFERENCE, whole);
  return TELEPHONE_NUMBERS.reduce((one, pattern) => one.replace(pattern, whole), addressed);
}
