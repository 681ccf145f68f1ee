/** An OpenAPI document as a judge of answers: whether each is one that it describes. */
import assert from "node:assert/strict";
import { accepts, type Schema } from "./json-schema.ts";

interface Operation {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: Referring }>> }>>;
}

/** A schema with references to the named ones. */
interface Referring extends Schema {
  readonly $ref?: string;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Referring>> };
}

/** An answer as far as it is judged. */
interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

export async function readDocument(url: string): Promise<OpenApi> {
  // What it says is held against what the server does, route by route.
  return new OpenApi((await (await fetch(url)).json()) as Document);
}

export class OpenApi {
  readonly document: Document;
  /** `METHOD /path status` of all answers that were judged. */
  readonly judged = new Set<string>();

  constructor(document: Document) {
    this.document = document;
  }

  /** Every operation, as `GET /conferences/{id}`. */
  get operations(): string[] {
    const { paths } = this.document;
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  operation(method: string, path: string): Operation | undefined {
    const { paths } = this.document;
    const [plain = ""] = path.split("?");
    const template = Object.keys(paths).find((one) => patternOf(one).test(plain));
    return paths[template ?? ""]?.[method.toLowerCase()];
  }

  /** Fails when the document has no such operation, status, type or value. */
  check(method: string, path: string, { status, headers, text, body }: Answered): void {
    const operation = this.operation(method, path);
    if (!operation && [401, 404, 405].includes(status)) return;
    assert.ok(operation, `${method} ${path} is not in the document`);
    const response = operation.responses[status];
    assert.ok(response, `${method} ${path} is not said to answer ${status}: ${text}`);
    this.judged.add(`${operation.operationId} ${status}`);
    if (!response.content) {
      assert.equal(text, "");
      return;
    }
    const [type = "", { schema } = { schema: {} }] = Object.entries(response.content)[0] ?? [];
    const own = headers.get("content-type") ?? "";
    assert.equal(own.split(";")[0], type.split(";")[0]);
    const value = own.includes("json") ? body : text;
    if (type.includes("json") && this.#whole(schema).properties)
      assert.ok(accepts(this.#whole(schema), value), `${method} ${path} ${status}: ${text}`);
  }

  /** With references replaced by what they refer to. */
  #whole(schema: Referring): Schema {
    const { $ref, properties, items } = schema;
    const name = $ref?.replace("#/components/schemas/", "");
    if (name !== undefined) {
      const meant = this.document.components.schemas[name];
      assert.ok(meant, `${$ref} refers to nothing`);
      return this.#whole(meant);
    }
    const parts = Object.entries(properties ?? {}).map(([key, one]) => [key, this.#whole(one)]);
    return {
      ...schema,
      ...(properties && { properties: Object.fromEntries(parts) }),
      ...(items && { items: this.#whole(items) }),
    };
  }
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+")}$`);
}
