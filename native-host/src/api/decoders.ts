/** One decoder for each command: from an element to the command as data; everything wrong is `bad-request` or `bad-uri`. */
import { isErrorCode } from "../errors.ts";
import type { XmlElement } from "../xml/strict.ts";
import type { CommandName, CommandOf } from "./command.ts";
import {
  callUri,
  deviceReference,
  digits,
  Fields,
  flag,
  handle,
  label,
  line,
  malformed,
  mediaType,
  oneOf,
  positive,
  token,
  toneMs,
  webOrigin,
  whole,
} from "./fields.ts";
import type { Invitee } from "./requests.ts";

type Decoders = { readonly [Name in CommandName]: (fields: Fields) => CommandOf<Name> };

const mode = oneOf(["auto", "loop", "transfer"]);
const fallback = oneOf(["external", "error", "redial"]);
const topic = oneOf(["calls", "devices", "roster", "talking", "presence", "prompts", "trace", "accounts"]);
const encoding = oneOf(["text", "base64"]);
const remember = oneOf(["no", "origin", "always"]);

/** One per command. */
export const DECODERS: Decoders = {
  Hello: (fields) => ({
    name: "Hello",
    versions: fields.required("versions", versions),
    ...fields.maybe("client", label),
    ...fields.maybe("token", token),
    ...fields.maybe("resume", handle),
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
  Answer: (fields) => ({
    name: "Answer",
    call: fields.required("call", handle),
    ...optionalDevice(fields),
  }),
  Decline: (fields) => ({
    name: "Decline",
    call: fields.required("call", handle),
    code: declineCode(fields.optional("code", positive) ?? 603),
  }),
  Hold: (fields) => ({ name: "Hold", ...onCall(fields) }),
  Resume: (fields) => ({ name: "Resume", ...onCall(fields) }),
  Mute: (fields) => ({ name: "Mute", ...onCall(fields), ...fields.maybe("user", callUri) }),
  Unmute: (fields) => ({ name: "Unmute", ...onCall(fields), ...fields.maybe("user", callUri) }),
  Hand: (fields) => ({
    name: "Hand",
    raised: fields.optional("raised", flag) ?? true,
    ...onCall(fields),
    ...fields.maybe("user", callUri),
  }),
  Lock: (fields) => ({ name: "Lock", ...onCall(fields) }),
  Unlock: (fields) => ({ name: "Unlock", ...onCall(fields) }),
  Dtmf: (fields) => {
    const durationMs = fields.optional("duration", toneMs);
    return {
      name: "Dtmf",
      digits: fields.required("digits", digits),
      ...(durationMs !== undefined && { durationMs }),
      ...onCall(fields),
    };
  },
  Invite: (fields) => ({
    name: "Invite",
    invitees: fields.many("Add", [1, MOST_NAMED], invitee),
    ...optionalDevice(fields),
    ...onCall(fields),
  }),
  Remove: (fields) => ({
    name: "Remove",
    users: fields.many("User", [1, MOST_NAMED], (user) => user.required("id", callUri)),
    ...onCall(fields),
  }),
  Tunnel: tunnel,
  Test: (fields) => ({ name: "Test", device: fields.required("dev", deviceReference) }),
  Devices: () => ({ name: "Devices" }),
  Status: () => ({ name: "Status" }),
  Subscribe: (fields) => ({
    name: "Subscribe",
    topic: fields.required("to", topic),
    ...fields.maybe("id", callUri),
    ...fields.maybe("since", whole),
  }),
  Unsubscribe: (fields) => ({ name: "Unsubscribe", sub: fields.required("sub", handle) }),
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
export const CHILDREN: { readonly [Name in CommandName]?: readonly string[] } = {
  Join: ["Use"],
  Invite: ["Add"],
  Remove: ["User"],
  Tunnel: ["Data"],
  WebOffer: ["Sdp", "Error"],
  Devices: ["Device"],
  Status: ["Account", "Call"],
};

/** Roots that are read without namespace and without `req`: the paper's own notation. */
export const PAPER_ROOTS: Readonly<Record<string, readonly string[]>> = {
  ExternalJoin: ["id", "mode", "origin", "muted", "display", "timeout"],
  Join: ["id", "mode", "origin", "muted", "display", "timeout"],
  SameDeviceJoin: ["id", "call", "fallback", "origin", "muted", "display", "timeout"],
  Invite: ["call", "dev", "timeout"],
  Tunnel: ["plugin", "channel", "call", "close", "timeout"],
};

function target(fields: Fields) {
  return {
    target: fields.required("id", callUri),
    ...fields.maybe("origin", webOrigin),
    ...fields.maybe("display", line),
    ...fields.maybe("muted", flag),
  };
}

/** As many as the API's schema allows in one command. */
const MOST_NAMED = 64;

function onCall(fields: Fields): { readonly call?: string } {
  return fields.maybe("call", handle);
}

function optionalDevice(fields: Fields): { readonly device?: string } {
  const device = fields.optional("dev", deviceReference);
  return device === undefined ? {} : { device };
}

function invitee(fields: Fields): Invitee {
  return { id: fields.required("id", callUri), ...fields.maybe("display", line) };
}

/** A final refusal (RFC 3261 §21.4 to §21.6). */
function declineCode(code: number): number {
  if (code < 400 || code > 699) throw malformed("code is not 400 to 699");
  return code;
}

function tunnel(fields: Fields): CommandOf<"Tunnel"> {
  const data = fields.child("Data");
  return {
    name: "Tunnel",
    plugin: fields.optional("plugin", handle) ?? "sip",
    close: fields.optional("close", flag) ?? false,
    ...fields.maybe("channel", handle),
    ...onCall(fields),
    ...(data && { data: tunnelData(data) }),
  };
}

function tunnelData(element: XmlElement) {
  const fields = new Fields(element);
  const type = fields.optional("type", mediaType) ?? "message/sipfrag";
  if ((fields.optional("encoding", encoding) ?? "text") === "text")
    return { type, body: Buffer.from(element.text) };
  const text = element.text.replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw malformed("<Data> is not base64");
  return { type, body: Buffer.from(text, "base64") };
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
