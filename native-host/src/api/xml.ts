/** Text to request: the strict reader, then the decoder of the command. */
import { ServiceError } from "../errors.ts";
import { XmlError } from "../xml/scan.ts";
import { parseXml, type XmlElement } from "../xml/strict.ts";
import { API_NAMESPACE, type CommandName, type Request } from "./command.ts";
import { CHILDREN, DECODERS, PAPER_ROOTS } from "./decoders.ts";
import { Fields, malformed, positive } from "./fields.ts";

/** A document as it came: the request, or why there is none; `req` in both cases, so that the refusal finds its way. */
export type Incoming =
  | { readonly req: string | undefined; readonly namespaced: boolean; readonly request: Request }
  | { readonly req: string | undefined; readonly namespaced: boolean; readonly refusal: ServiceError };

/** Reads one document of a client; never throws. */
export function readRequest(text: string): Incoming {
  try {
    return readRoot(parseXml(text));
  } catch (cause) {
    const why = cause instanceof XmlError ? cause.message : "it cannot be read";
    return { req: undefined, namespaced: false, refusal: new ServiceError("bad-xml", [why], { cause }) };
  }
}

/** The same for a document that is already an element. */
export function readRoot(root: XmlElement): Incoming {
  const namespaced = root.namespace === API_NAMESPACE;
  const { req } = root.attributes;
  const sound = req === undefined || /^[A-Za-z0-9._-]{1,64}$/.test(req);
  const addressed = { req: sound ? req : undefined, namespaced };
  try {
    if (!sound) throw malformed("req is not 1 to 64 of A-Z a-z 0-9 . _ -");
    return { ...addressed, request: decode(root, req) };
  } catch (cause) {
    if (cause instanceof ServiceError) return { ...addressed, refusal: cause };
    return { ...addressed, refusal: new ServiceError("internal", [], { cause }) };
  }
}

function decode(root: XmlElement, req: string | undefined): Request {
  const foreign = root.namespace !== undefined && root.namespace !== API_NAMESPACE;
  if (foreign || !isCommandName(root.name))
    throw new ServiceError("unknown-command", [root.name.slice(0, 80)]);
  checkPaperProfile(root);
  const fields = new Fields(root);
  fields.allowOnly(CHILDREN[root.name] ?? []);
  const timeoutMs = fields.optional("timeout", positive);
  return {
    req,
    timeoutMs: timeoutMs && Math.min(timeoutMs, MAX_TIMEOUT_MS),
    command: DECODERS[root.name](fields),
  };
}

const MAX_TIMEOUT_MS = 180_000;

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(DECODERS, name);
}

/** The paper's notation is closed, so what is not in it is a slip; attributes of later versions need the namespace or a `req`. */
function checkPaperProfile({ name, namespace, attributes }: XmlElement): void {
  const known = PAPER_ROOTS[name];
  if (namespace !== undefined || Object.hasOwn(attributes, "req") || known === undefined) return;
  const stray = Object.keys(attributes).find((attribute) => !known.includes(attribute));
  if (stray !== undefined) throw malformed(`<${name}> has no attribute ${stray}`);
}
