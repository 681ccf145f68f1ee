/** Text to request: the strict reader, then one decoder for each command. */
import { isErrorCode, ServiceError } from "../errors.ts";
import { XmlError } from "../xml/scan.ts";
import { parseXml, type XmlElement } from "../xml/strict.ts";
import { API_NAMESPACE, type CommandName, type CommandOf, type Request } from "./command.ts";
import {
  callUri,
  deviceReference,
  Fields,
  flag,
  handle,
  label,
  malformed,
  oneOf,
  positive,
  webOrigin,
} from "./fields.ts";

type Decoders = { readonly [Name in CommandName]: (fields: Fields) => CommandOf<Name> };

const mode = oneOf(["auto", "loop", "transfer"]);
const fallback = oneOf(["external", "error", "redial"]);
const topic = oneOf(["calls", "devices", "roster", "talking", "prompts", "trace", "accounts"]);
const remember = oneOf(["no", "origin", "always"]);

const DECODERS: Decoders = {
  Hello: (fields) => ({
    name: "Hello",
    versions: fields.required("versions", versions),
    ...fields.maybe("client", label),
  }),
  Ping: () => ({ name: "Ping" }),
  ExternalJoin: (fields) => ({
    name: "ExternalJoin",
    mode: fields.optional("mode", mode) ?? "auto",
    ...target(fields),
  }),
  Join: (fields) => {
    const use = fields.child("Use");
    const device = use && new Fields(use).required("dev", deviceReference);
    const how = fields.optional("mode", mode) ?? "auto";
    return { name: "Join", ...(device !== undefined && { device }), mode: how, ...target(fields) };
  },
  SameDeviceJoin: (fields) => ({
    name: "SameDeviceJoin",
    ...fields.maybe("call", handle),
    fallback: fields.optional("fallback", fallback) ?? "external",
    ...target(fields),
  }),
  Use: (fields) => ({
    name: "Use",
    device: fields.required("dev", deviceReference),
    ...fields.maybe("call", handle),
  }),
  Leave: (fields) => ({
    name: "Leave",
    ...fields.maybe("call", handle),
    all: fields.optional("all", flag) ?? false,
    hangup: fields.optional("hangup", flag) ?? true,
  }),
  Mute: (fields) => ({ name: "Mute", ...ownCall(fields) }),
  Unmute: (fields) => ({ name: "Unmute", ...ownCall(fields) }),
  Devices: () => ({ name: "Devices" }),
  Status: () => ({ name: "Status" }),
  Subscribe: (fields) => ({
    name: "Subscribe",
    topic: fields.required("to", topic),
    ...fields.maybe("id", callUri),
  }),
  Choose: choose,
  WebPhone: (fields) => {
    const name = fields.optional("name", label);
    return {
      name: "WebPhone",
      dev: fields.required("dev", webDevice),
      ...(name !== undefined && { label: name }),
    };
  },
  WebOffer: webOffer,
};

/** What may stand inside a command; Devices and Status have children in answers. */
const CHILDREN: { readonly [Name in CommandName]?: readonly string[] } = {
  Join: ["Use"],
  WebOffer: ["Sdp", "Error"],
  Devices: ["Device"],
  Status: ["Account", "Call"],
};

/** Roots that are read without namespace and without `req`: the paper's own notation. */
const PAPER_ROOTS: Readonly<Record<string, readonly string[]>> = {
  ExternalJoin: ["id", "mode", "origin", "muted", "display", "timeout"],
  Join: ["id", "mode", "origin", "muted", "display", "timeout"],
  SameDeviceJoin: ["id", "call", "fallback", "origin", "muted", "display", "timeout"],
};

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

function target(fields: Fields) {
  return {
    target: fields.required("id", callUri),
    ...fields.maybe("origin", webOrigin),
    ...fields.maybe("display", label),
    ...fields.maybe("muted", flag),
  };
}

function ownCall(fields: Fields): { readonly call?: string } {
  if (fields.optional("user", callUri)) throw new ServiceError("forbidden", ["mute somebody else"]);
  return fields.maybe("call", handle);
}

function versions(text: string): number[] {
  const tokens = text.trim().split(/\s+/);
  if (!tokens.every((token) => /^[0-9]{1,4}$/.test(token)))
    throw malformed("versions is not a list of numbers");
  return tokens.map(Number);
}

function choose(fields: Fields): CommandOf<"Choose"> {
  const device = fields.optional("dev", deviceReference);
  const cancel = fields.optional("cancel", flag) ?? false;
  if (cancel === (device !== undefined)) throw malformed("<Choose> needs either dev or cancel");
  return {
    name: "Choose",
    prompt: fields.required("prompt", handle),
    ...(device !== undefined && { device }),
    cancel,
    remember: fields.optional("remember", remember) ?? "no",
  };
}

function webDevice(text: string, name: string): string {
  if (!/^web-[0-9a-f]{8}$/.test(text)) throw malformed(`${name} is not web- and 8 hex digits`);
  return text;
}

function webOffer(fields: Fields): CommandOf<"WebOffer"> {
  const sdp = fields.child("Sdp")?.text;
  const error = fields.child("Error");
  if ((sdp === undefined) === (error === undefined))
    throw malformed("<WebOffer> needs either <Sdp> or <Error>");
  return {
    name: "WebOffer",
    dev: fields.required("dev", webDevice),
    session: fields.required("session", handle),
    ...(sdp !== undefined && { sdp }),
    ...(error !== undefined && { error: failure(new Fields(error)) }),
  };
}

function failure(fields: Fields) {
  const code = fields.required("code", (text) => text);
  if (!isErrorCode(code)) throw malformed(`"${code.slice(0, 80)}" is not an error code`);
  return { code, ...fields.maybe("detail", label) };
}
