/** As much of JSON Schema as docs/config.schema.json uses. */

export interface Schema {
  readonly type?: string;
  readonly const?: string | boolean;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly uniqueItems?: boolean;
  readonly oneOf?: readonly Schema[];
}

/** Whether the value is one the schema describes. */
export function accepts(schema: Schema, value: unknown): boolean {
  if (schema.oneOf) return schema.oneOf.filter((one) => accepts(one, value)).length === 1;
  if (schema.const !== undefined) return value === schema.const;
  if (schema.enum) return typeof value === "string" && schema.enum.includes(value);
  return schema.type === undefined || acceptsType(schema, value);
}

function acceptsType(schema: Schema, value: unknown): boolean {
  switch (schema.type) {
    case "object":
      return (
        typeof value === "object" && value !== null && !Array.isArray(value) && acceptsObject(schema, value)
      );
    case "array":
      return Array.isArray(value) && acceptsList(schema, value);
    case "string":
      return typeof value === "string" && acceptsText(schema, value);
    case "integer":
      return (
        Number.isInteger(value) &&
        Number(value) >= (schema.minimum ?? 0) &&
        Number(value) <= (schema.maximum ?? 0)
      );
    default:
      return typeof value === schema.type;
  }
}

function acceptsObject(schema: Schema, value: object): boolean {
  const known = schema.properties ?? {};
  const keys = Object.entries(value);
  const fits = keys.every(([key, one]) => key in known && accepts(known[key] ?? {}, one));
  return fits && (schema.required ?? []).every((key) => key in value);
}

function acceptsList({ items = {}, uniqueItems }: Schema, list: readonly unknown[]): boolean {
  const fits = uniqueItems !== true || new Set(list).size === list.length;
  return fits && list.every((one) => accepts(items, one));
}

function acceptsText(
  { pattern, minLength = 0, maxLength = Number.MAX_SAFE_INTEGER }: Schema,
  text: string,
): boolean {
  const length = text.length >= minLength && text.length <= maxLength;
  return length && (pattern === undefined || new RegExp(pattern, "u").test(text));
}
