/** What must hold of an XML text before any parser sees it: well-formed, one root, no DTD, no instruction, within limits. */

export interface XmlLimits {
  /** UTF-8 bytes of the whole document; 64 KiB when missing. */
  readonly maxBytes?: number;
  /** Elements inside one another, the root being 1; 8 when missing. */
  readonly maxDepth?: number;
  /** Attributes of the whole document; one for every 256 bytes allowed, so 256, when missing. */
  readonly maxAttributes?: number;
}

/** The text is not XML as Partyline reads it; the message starts with line and column, both from 1. */
export class XmlError extends Error {
  override readonly name = "XmlError";
  readonly line: number;
  readonly column: number;
  /** The text ends too early: more of it might make a document. */
  readonly incomplete: boolean;

  constructor(why: string, text: string, offset: number, incomplete = false) {
    const before = text.slice(0, offset).split("\n");
    const line = before.length;
    const column = (before.at(-1) ?? "").length + 1;
    super(`line ${line}, column ${column}: ${why}`);
    this.line = line;
    this.column = column;
    this.incomplete = incomplete;
  }
}

const NAME = String.raw`[\p{L}_][\p{L}\p{N}._\-]*(?::[\p{L}_][\p{L}\p{N}._\-]*)?`;
const ATTRIBUTE = String.raw`\s+${NAME}\s*=\s*(?:"[^"<]*"|'[^'<]*')`;
const TOKENS = {
  comment: /<!--(?:[^-]|-(?!-))*-->/y,
  cdata: /<!\[CDATA\[[\s\S]*?\]\]>/y,
  close: new RegExp(String.raw`</(${NAME})\s*>`, "uy"),
  open: new RegExp(String.raw`<(${NAME})((?:${ATTRIBUTE})*)\s*(/?)>`, "uy"),
  text: /[^<]+/y,
} as const;
const ATTRIBUTES = new RegExp(String.raw`(${NAME})\s*=\s*(?:"([^"]*)"|'([^']*)')`, "gu");
const DECLARATION =
  /^<\?xml\s+version\s*=\s*["']1\.[0-9]["'](?:\s+[a-z]+\s*=\s*["'][A-Za-z0-9._-]*["'])*\s*\?>/;

// C0 and C1 controls but tab, LF and CR, DEL, lone surrogates and the two non-characters (XML 1.0 §2.2, and its note on C1).
const FORBIDDEN = /(?![\t\n\r])[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u;
const BAD_REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)/;
const NUMERIC_REFERENCE = /&#(x[0-9A-Fa-f]+|[0-9]+);/g;
// Names an object of JavaScript inherits: as keys they would reach its prototype.
const RESERVED = new Set(["__proto__", "constructor", "prototype"]);

interface Scan {
  readonly text: string;
  readonly limits: Required<XmlLimits>;
  readonly open: string[];
  offset: number;
  roots: number;
  attributes: number;
}

/**
 * Checks a text with `\n` line ends; the declaration `<?xml …?>` may stand at its very start.
 * Returns where the document begins behind the declaration. Throws XmlError.
 */
export function scanXml(text: string, limits: XmlLimits = {}): number {
  const maxBytes = limits.maxBytes ?? 65_536;
  const maxAttributes = limits.maxAttributes ?? Math.max(256, Math.floor(maxBytes / 256));
  if (Buffer.byteLength(text) > maxBytes)
    throw new XmlError(`the document is longer than ${maxBytes} bytes`, text, 0);
  const forbidden = FORBIDDEN.exec(text);
  if (forbidden) throw new XmlError("control characters are not allowed", text, forbidden.index);
  const start = DECLARATION.exec(text)?.[0].length ?? 0;
  const scan: Scan = {
    text,
    limits: { maxBytes, maxDepth: limits.maxDepth ?? 8, maxAttributes },
    open: [],
    offset: start,
    roots: 0,
    attributes: 0,
  };
  while (scan.offset < text.length) scan.offset += readToken(scan);
  const unclosed = scan.open.at(-1);
  if (unclosed !== undefined) throw new XmlError(`<${unclosed}> is not closed`, text, text.length, true);
  if (scan.roots === 0) throw new XmlError("there is no element", text, text.length, true);
  return start;
}

/** Reads the token at the offset and returns its length. */
function readToken(scan: Scan): number {
  const text = match(scan, TOKENS.text);
  if (text) return readText(scan, text[0]);
  const open = match(scan, TOKENS.open);
  if (open) return readOpen(scan, open);
  const close = match(scan, TOKENS.close);
  if (close) return readClose(scan, close);
  const cdata = match(scan, TOKENS.cdata);
  if (cdata) return inRoot(scan, cdata[0]);
  const comment = match(scan, TOKENS.comment);
  return comment ? comment[0].length : failTag(scan);
}

function match(scan: Scan, token: RegExp): RegExpExecArray | null {
  token.lastIndex = scan.offset;
  return token.exec(scan.text);
}

function readText(scan: Scan, text: string): number {
  checkReferences(scan, text, scan.offset);
  const cdataEnd = text.indexOf("]]>");
  if (cdataEnd >= 0) fail(scan, '"]]>" is not allowed in text', scan.offset + cdataEnd);
  return text.trim() === "" ? text.length : inRoot(scan, text);
}

function inRoot(scan: Scan, text: string): number {
  if (scan.open.length === 0) fail(scan, "there is text outside the root element");
  return text.length;
}

function readOpen(scan: Scan, [whole, name = "", attributes = "", empty]: RegExpExecArray): number {
  if (scan.open.length === 0 && scan.roots > 0) fail(scan, "there is a second root element");
  if (scan.open.length >= scan.limits.maxDepth)
    fail(scan, `elements are nested deeper than ${scan.limits.maxDepth}`);
  checkName(scan, name, scan.offset + 1);
  checkAttributes(scan, attributes, scan.offset + 1 + name.length);
  if (scan.open.length === 0) scan.roots += 1;
  if (empty !== "/") scan.open.push(name);
  return whole.length;
}

function checkAttributes(scan: Scan, attributes: string, start: number): void {
  const seen = new Set<string>();
  for (const found of attributes.matchAll(ATTRIBUTES)) {
    const [, name = "", double, single] = found;
    const offset = start + found.index;
    checkName(scan, name, offset);
    if (seen.has(name)) fail(scan, `the attribute ${name} is given twice`, offset);
    seen.add(name);
    checkReferences(
      scan,
      double ?? single ?? "",
      offset + found[0].length - 1 - (double ?? single ?? "").length,
    );
  }
  scan.attributes += seen.size;
  if (scan.attributes > scan.limits.maxAttributes)
    fail(scan, `there are more than ${scan.limits.maxAttributes} attributes`);
}

function checkName(scan: Scan, name: string, offset: number): void {
  if (name.split(":").some((part) => RESERVED.has(part)))
    fail(scan, `the name ${name} is not allowed`, offset);
}

function checkReferences(scan: Scan, text: string, start: number): void {
  const bad = BAD_REFERENCE.exec(text);
  if (bad)
    fail(scan, '"&" does not begin one of the five entities or a character reference', start + bad.index);
  for (const found of text.matchAll(NUMERIC_REFERENCE)) {
    if (characterOf(found[1] ?? "") === undefined)
      fail(scan, `${found[0]} is not a character`, start + found.index);
  }
}

function readClose(scan: Scan, [whole, name]: RegExpExecArray): number {
  const expected = scan.open.pop();
  if (expected === undefined) fail(scan, `</${name}> closes nothing`);
  if (expected !== name) fail(scan, `</${name}> stands where <${expected}> should be closed`);
  return whole.length;
}

/** The character a reference such as `x41` or `65` names, or undefined when XML does not allow it. */
export function characterOf(reference: string): string | undefined {
  const code = reference.startsWith("x")
    ? Number.parseInt(reference.slice(1), 16)
    : Number.parseInt(reference, 10);
  if (code > 0x10ffff) return undefined;
  const character = String.fromCodePoint(code);
  return FORBIDDEN.test(character) ? undefined : character;
}

/** The text with every character XML forbids replaced by U+FFFD. */
export function withoutForbidden(text: string): string {
  return text.replace(new RegExp(FORBIDDEN, "gu"), "\uFFFD");
}

/** Fails with what the text at the offset seems to have been meant as. */
function failTag(scan: Scan): never {
  const tag = /^<[^>]*/.exec(scan.text.slice(scan.offset))?.[0] ?? "";
  const quoted = tag.replace(/"[^"]*"|'[^']*'/g, (value) => `"${"x".repeat(value.length - 2)}"`);
  const unquoted = /=\s*(?=[^\s"'])/.exec(quoted);
  if (tag.startsWith("<!DOCTYPE")) fail(scan, "DOCTYPE is not allowed");
  if (tag.startsWith("<?")) fail(scan, "processing instructions are not allowed");
  if (tag.startsWith("<!")) fail(scan, "only comments and CDATA may begin with <!");
  if (unquoted)
    fail(scan, "attribute value must be quoted", scan.offset + unquoted.index + unquoted[0].length);
  const nested = tag.indexOf("<", 1);
  if (nested > 0) fail(scan, '"<" is not allowed inside a tag', scan.offset + nested);
  if (!scan.text.includes(">", scan.offset))
    throw new XmlError("the tag does not end", scan.text, scan.offset, true);
  fail(scan, "the tag cannot be read");
}

function fail(scan: Scan, why: string, offset = scan.offset): never {
  throw new XmlError(why, scan.text, offset);
}
