/** XML text to elements and back, strictly: the only door through which XML enters or leaves the host and the servers. */
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { characterOf, scanXml, withoutForbidden, XmlError, type XmlLimits } from "./scan.ts";

/** One element with its namespace resolved; comments are dropped. */
export interface XmlElement {
  /** Local name, without prefix. */
  readonly name: string;
  /** Missing: in no namespace as parsed; in that of its parent when formatted. "" is an explicit `xmlns=""`. */
  readonly namespace?: string;
  /** By name as written (`xml:lang` keeps its prefix), without the `xmlns` declarations. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All text directly inside, put together; "" when it is only the white space between children. */
  readonly text: string;
}

const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  processEntities: false,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  cdataPropName: "#cdata",
  maxNestedTags: 256,
  // Else `toString` silently becomes `__toString`; the names that could do harm are refused by the scan.
  onDangerousProperty: (name) => name,
});

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace";
type Scope = ReadonlyMap<string, string>;

/**
 * Reads one document: one root, no DOCTYPE, no processing instruction, nothing undefined, nothing twice.
 * Throws XmlError with line and column.
 */
export function parseXml(text: string, limits?: XmlLimits): XmlElement {
  const source = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const body = source.slice(scanXml(source, limits));
  const verdict = XMLValidator.validate(body);
  if (verdict !== true) throw new XmlError(verdict.err.msg, source, source.length - body.length);
  const reader = new Reader(source);
  const [root] = readNodes(body, source).flatMap((node) =>
    reader.read(node, new Map([["xml", XML_NAMESPACE]])),
  );
  if (root === undefined) throw new XmlError("there is no element", source, 0);
  return root;
}

function readNodes(body: string, source: string): Node[] {
  try {
    return PARSER.parse(body);
  } catch (cause) {
    // The parser refuses a few harmless names on its own; it does not say where.
    throw new XmlError(cause instanceof Error ? cause.message : "it cannot be read", source, 0);
  }
}

/** What the parser gives with `preserveOrder`: one key for the name, `:@` for the attributes. */
type Node = Readonly<Record<string, unknown>>;

class Reader {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  /** The element in this node, or nothing for text and comments. */
  read(node: Node, outer: Scope): XmlElement[] {
    const name = Object.keys(node).find((key) => key !== ":@" && !key.startsWith("#"));
    if (name === undefined) return [];
    const written = attributesOf(node);
    const scope = this.#scopeInside(written, outer);
    const nodes = nodesOf(node[name]);
    const children = nodes.flatMap((child) => this.read(child, scope));
    const text = nodes.map(textOf).join("");
    const namespace = this.#resolve(name, scope, outer.get(""));
    return [
      {
        name: localName(name),
        ...(namespace !== undefined && { namespace }),
        attributes: this.#plainAttributes(written, scope),
        children,
        text: children.length > 0 && text.trim() === "" ? "" : text,
      },
    ];
  }

  #scopeInside(written: ReadonlyMap<string, string>, outer: Scope): Scope {
    const declared = [...written].filter(([name]) => isDeclaration(name));
    if (declared.length === 0) return outer;
    const scope = new Map(outer);
    for (const [name, uri] of declared) {
      const prefix = name === "xmlns" ? "" : localName(name);
      const reserved = prefix === "xml" || prefix === "xmlns" || (prefix !== "" && uri === "");
      if (reserved) this.#fail(`${name}="${uri}" is not allowed`, name);
      scope.set(prefix, uri);
    }
    return scope;
  }

  #resolve(name: string, scope: Scope, inherited: string | undefined): string | undefined {
    const prefix = prefixOf(name);
    const namespace = scope.get(prefix);
    if (prefix !== "" && namespace === undefined) this.#fail(`the prefix of ${name} is not declared`, name);
    return namespace === "" && !inherited ? undefined : namespace;
  }

  #plainAttributes(written: ReadonlyMap<string, string>, scope: Scope): Record<string, string> {
    const plain = [...written].filter(([name]) => !isDeclaration(name));
    const seen = new Set<string>();
    for (const [name] of plain) {
      if (!name.includes(":")) continue;
      const full = `${this.#resolve(name, scope, undefined)} ${localName(name)}`;
      if (seen.has(full)) this.#fail(`the attribute ${name} is given twice`, name);
      seen.add(full);
    }
    return Object.fromEntries(plain);
  }

  #fail(why: string, name: string): never {
    throw new XmlError(why, this.#source, Math.max(0, this.#source.indexOf(name)));
  }
}

function attributesOf(node: Node): Map<string, string> {
  const attributes = node[":@"];
  if (typeof attributes !== "object" || attributes === null) return new Map();
  return new Map(
    Object.entries(attributes).map(([name, value]) => [name, decode(normalized(String(value)))]),
  );
}

/** A line break or tab written literally in an attribute is a space (XML 1.0 §3.3.3); a reference to one stays. */
function normalized(value: string): string {
  return value.replace(/[\t\n]/g, " ");
}

function nodesOf(value: unknown): Node[] {
  // `preserveOrder` gives an array of nodes for every element.
  return Array.isArray(value) ? (value as Node[]) : [];
}

function textOf(node: Node): string {
  const text = node["#text"];
  if (text !== undefined) return decode(String(text));
  return nodesOf(node["#cdata"])
    .map((part) => String(part["#text"] ?? ""))
    .join("");
}

function decode(text: string): string {
  return text.replace(/&(?:#([x0-9A-Fa-f]+)|([a-z]+));/g, (_whole, reference?: string, entity?: string) =>
    reference === undefined ? (ENTITIES[entity ?? ""] ?? "") : (characterOf(reference) ?? ""),
  );
}

function isDeclaration(name: string): boolean {
  return name === "xmlns" || name.startsWith("xmlns:");
}

function prefixOf(name: string): string {
  return name.includes(":") ? name.slice(0, name.indexOf(":")) : "";
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** Makes an element: attributes that are `undefined` are left out, `xmlns` becomes its namespace, strings its text. */
export function el(
  name: string,
  attributes: Readonly<Record<string, string | number | boolean | undefined>> = {},
  content: readonly (XmlElement | string)[] = [],
): XmlElement {
  const { xmlns, ...rest } = attributes;
  const present = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    name,
    ...(xmlns !== undefined && { namespace: String(xmlns) }),
    attributes: Object.fromEntries(present.map(([key, value]) => [key, String(value)])),
    children: content.filter((part) => typeof part !== "string"),
    text: content.filter((part) => typeof part === "string").join(""),
  };
}

/** The element as one document on one line; characters XML cannot carry become U+FFFD. */
export function formatXml(element: XmlElement): string {
  return format(element, undefined);
}

function format(element: XmlElement, inherited: string | undefined): string {
  const { name, namespace, attributes, children, text } = element;
  const declared = namespace !== undefined && namespace !== (inherited ?? "");
  const written = Object.entries(declared ? { xmlns: namespace, ...attributes } : attributes);
  const head = written.map(([key, value]) => ` ${key}="${escapeText(value)}"`).join("");
  const inside = escapeText(text) + children.map((child) => format(child, namespace ?? inherited)).join("");
  return inside === "" ? `<${name}${head}/>` : `<${name}${head}>${inside}</${name}>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** As the text of an element or the value of an attribute. */
export function escapeText(text: string): string {
  return withoutForbidden(text).replace(/[&<>"\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
