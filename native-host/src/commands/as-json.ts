/** Elements of the API as JSON for machines: what the schema calls a number or a boolean is one. */
import type { XmlElement } from "../xml/strict.ts";

const BOOLEANS = new Set(["focus", "muted", "default", "me", "talking", "on", "locked"]);
const NUMBERS = new Set(["gap", "seq", "version", "count", "sip", "retry", "expires", "lost"]);

type Plain = Readonly<Record<string, string | number | boolean>>;

/** The attributes, typed by their names. */
export function plainAttributes(attributes: XmlElement["attributes"]): Plain {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, typed(name, value)]));
}

/** The element with its children, without what is empty. */
export function plainElement({ name, attributes, children, text }: XmlElement): object {
  return {
    element: name,
    ...plainAttributes(attributes),
    ...(children.length > 0 && { children: children.map(plainElement) }),
    ...(text !== "" && { text }),
  };
}

function typed(name: string, value: string): string | number | boolean {
  if (BOOLEANS.has(name)) return value === "true" || value === "1";
  return NUMBERS.has(name) && /^[0-9]+$/.test(value) ? Number(value) : value;
}
