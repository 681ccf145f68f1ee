/** `node scripts/api-reference.ts`: writes the reference of docs/xml-api.md, every element and attribute, out of the schema. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseXml, type XmlElement } from "#xml/strict.ts";

const ROOT = join(import.meta.dirname, "..");
const SCHEMA = join(ROOT, "native-host/api/partyline-1.xsd");
const DOCS = join(ROOT, "docs/xml-api.md");
const BEGIN = "<!-- reference: node scripts/api-reference.ts -->";
const END = "<!-- end of reference -->";

export interface Attribute {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default: string | undefined;
}

export interface Element {
  readonly name: string;
  /** Takes `req` and `timeout` beside its attributes. */
  readonly isCommand: boolean;
  readonly attributes: readonly Attribute[];
  readonly contains: readonly string[];
  /** Elements that stand only inside this one. */
  readonly inner: readonly Element[];
}

type Named = ReadonlyMap<string, XmlElement>;

/** Every element of the schema that may be a document, or stand in one. */
export function readSchema(text = readFileSync(SCHEMA, "utf8")): readonly Element[] {
  const { children } = parseXml(text, { maxBytes: 2 ** 20, maxDepth: 32 });
  const types = new Map(children.filter(({ name }) => name !== "element").map((one) => [nameOf(one), one]));
  return children.filter(({ name }) => name === "element").map((one) => readElement(one, types));
}

const nameOf = ({ attributes }: XmlElement) => attributes["name"] ?? "";

function deep(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...deep(child, name)]);
}

/** As `deep`, but not into the elements inside. */
function own(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => {
    if (child.name === name) return [child];
    return child.name === "element" ? [] : own(child, name);
  });
}

function readElement(element: XmlElement, types: Named): Element {
  const type = types.get(element.attributes["type"] ?? "");
  const body = type ?? element;
  const inside = own(body, "element");
  return {
    name: nameOf(element),
    isCommand: own(body, "attributeGroup").length > 0,
    attributes: own(body, "attribute").map(readAttribute),
    contains: inside.map(({ attributes: { name, ref } }) => name ?? ref ?? ""),
    inner: inside.filter(({ attributes }) => attributes["name"]).map((one) => readElement(one, types)),
  };
}

function readAttribute(attribute: XmlElement): Attribute {
  const { type, use, default: byDefault, fixed } = attribute.attributes;
  return {
    name: nameOf(attribute),
    type: type?.replace(/^xs:/, "") ?? localType(attribute),
    required: use === "required",
    default: byDefault ?? fixed,
  };
}

/** A type of this attribute alone: its values, or its range. */
function localType(attribute: XmlElement): string {
  const values = deep(attribute, "enumeration").map(({ attributes }) => attributes["value"]);
  if (values.length > 0) return values.join(", ");
  const [restriction] = deep(attribute, "restriction");
  const facets = restriction?.children.map((facet) => `${facet.name} ${facet.attributes["value"]}`) ?? [];
  return [restriction?.attributes["base"]?.replace(/^xs:/, ""), ...facets].join(", ");
}

/** Every named type, and what its values are. */
function readTypes(
  text = readFileSync(SCHEMA, "utf8"),
): readonly (readonly [name: string, values: string])[] {
  const { children } = parseXml(text, { maxBytes: 2 ** 20, maxDepth: 32 });
  return children.filter(({ name }) => name === "simpleType").map((type) => [nameOf(type), localType(type)]);
}

/** The reference as Markdown: elements, then types. */
function reference(): string {
  const elements = readSchema().flatMap((element) => rowsOf(element, ""));
  const types = readTypes().map(([name, values]) => [`\`${name}\``, `\`${values}\``.replaceAll("|", "\\|")]);
  return [
    ...table([["Element", "Contains", "Attributes"], ...elements]),
    "",
    ...table([["Type", "Values"], ...types]),
  ].join("\n");
}

function rowsOf(element: Element, within: string): string[][] {
  const place = within === "" ? `\`${element.name}\`` : `\`${element.name}\` in \`${within}\``;
  const contains = element.contains.map((name) => `\`${name}\``).join(", ");
  return [
    [element.isCommand ? `${place}, a command` : place, contains, element.attributes.map(written).join("; ")],
    ...element.inner.flatMap((one) => rowsOf(one, element.name)),
  ];
}

function written({ name, type, required, default: byDefault }: Attribute): string {
  const how = required ? ", required" : byDefault === undefined ? "" : `, else ${byDefault}`;
  return `\`${name}\` (${type}${how})`.replaceAll("|", "\\|");
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`);
  return [lines[0] ?? "", `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...lines.slice(1)];
}

/** The document with its reference as it should be. */
export function withReference(docs: string): string {
  const [before = "", rest = ""] = docs.split(BEGIN);
  const [, after = ""] = rest.split(END);
  return `${before}${BEGIN}\n\n${reference()}\n\n${END}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(DOCS, withReference(readFileSync(DOCS, "utf8")));
