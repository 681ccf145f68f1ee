/** XML text <-> elements for talking with the host; the only file of the extension that knows the parser. */
import { XMLParser, XMLValidator } from "fast-xml-parser";

/** One element; `text` is its own character data, trimmed of nothing. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

export class XmlError extends Error {
  override readonly name = "XmlError";
}

type Attribute = string | number | boolean | undefined;

const NAMESPACE = "urn:partyline:api:1";
const ATTRIBUTES = ":@";
const TEXT = "#text";

// Entities are decoded below: the parser's own way would also expand those of a DTD.
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  processEntities: false,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  removeNSPrefix: true,
});

/** An element to be written; attributes that are `undefined` are left out. */
export function el(
  name: string,
  attributes: Readonly<Record<string, Attribute>> = {},
  children: readonly XmlElement[] = [],
  text = "",
): XmlElement {
  const present = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as const],
  );
  return { name, attributes: Object.fromEntries(present), children, text };
}

/** One document on one line, in the API's namespace (docs/xml-api.md). */
export function writeXml(root: XmlElement): string {
  return write({ ...root, attributes: { xmlns: NAMESPACE, ...root.attributes } });
}

function write({ name, attributes, children, text }: XmlElement): string {
  const start = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const inside = escapeXml(text) + children.map(write).join("");
  return `<${name}${start.join("")}${inside ? `>${inside}</${name}>` : "/>"}`;
}

/** Reads the host's document; throws XmlError for anything but one well-formed element without a DTD. */
export function readXml(text: string): XmlElement {
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) throw new XmlError("The host's document has a DTD.");
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw new XmlError(`The host's document is broken: ${verdict.err.msg}`);
  const roots = readNodes(parser.parse(text)).children;
  const [root, second] = roots;
  if (!root || second) throw new XmlError("The host's document has not exactly one root.");
  return root;
}

// With preserveOrder a node is `{ Name: [nodes], ":@": { attribute: value } }` or `{ "#text": "…" }`.
function readNodes(nodes: unknown): { children: XmlElement[]; text: string } {
  const list: object[] = Array.isArray(nodes) ? nodes : [];
  return { children: list.flatMap(readNode), text: list.map(readText).join("") };
}

function readNode(node: object): XmlElement[] {
  const named = Object.entries(node).filter(
    ([key]) => key !== ATTRIBUTES && key !== TEXT && !key.startsWith("?"),
  );
  return named.map(([name, value]) => ({ name, attributes: readAttributes(node), ...readNodes(value) }));
}

function readText(node: object): string {
  return TEXT in node ? decode(String(node[TEXT])) : "";
}

function readAttributes(node: object): Record<string, string> {
  const attributes = ATTRIBUTES in node && node[ATTRIBUTES] instanceof Object ? node[ATTRIBUTES] : {};
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, decode(String(value))]));
}

const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return point <= 0x10_ff_ff ? String.fromCodePoint(point) : whole;
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

// Characters XML 1.0 cannot carry at all are dropped; line ends are kept by reference, since SDP needs its CRLF.
function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 §2.2 forbids them
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replace(/[<>&"\t\n\r]/g, (character) => ESCAPES[character] ?? character)
  );
}

/** The first child of that name. */
export function child(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.find((element) => element.name === name);
}

/** All children of that name. */
export function childrenOf(parent: XmlElement, name: string): XmlElement[] {
  return parent.children.filter((element) => element.name === name);
}
