/** Header values beyond the codec: option tags, Replaces, Target-Dialog, parameters, media types. */
import type { DialogId, ExtraHeaders } from "./leg.ts";
import { type NameAddr, type SipHeaders, type SipMessage, textHeader } from "./message.ts";
import { randomHex } from "./random.ts";
import { remembering } from "./remember.ts";

/** A message body and its media type. */
export interface Body {
  readonly type: string;
  readonly content: string;
}

/** A random token for tags and Call-IDs: 64 bits, hex. */
export function token(): string {
  return randomHex(8);
}

/** The tag of a From or To, `""` when there is none. */
export function tagOf(address: NameAddr): string {
  return address.params["tag"] ?? "";
}

/** The same address with another tag. */
export function withTag(address: NameAddr, tag: string): NameAddr {
  return { ...address, params: { ...address.params, tag } };
}

export const NO_TAGS: ReadonlySet<string> = new Set();
/** The devices that call are of few makes, and those of one make can do the same. */
const MOST_LISTS = 100;

const readTags = remembering((text: string): ReadonlySet<string> => {
  const tags = text.toLowerCase().split(/[\s,]+/);
  return new Set(tags.filter(Boolean));
}, MOST_LISTS);

/** A comma-separated header as a set of lower-case tokens, as in Supported and Require. */
export function optionTags(message: SipMessage, name: string): ReadonlySet<string> {
  const text = textHeader(message, name);
  return text === undefined ? NO_TAGS : (readTags(text) ?? NO_TAGS);
}

/** `type/subtype` of the body in lower case; "" when there is no body. */
export function mediaType(message: SipMessage): string {
  if (message.content === "") return "";
  const text = textHeader(message, "content-type") ?? "unknown";
  const end = text.indexOf(";");
  return (end < 0 ? text : text.slice(0, end)).trim().toLowerCase();
}

/** The media types of an Accept header, lower case, without parameters. */
export function mediaTypes(accept: string): ReadonlySet<string> {
  return new Set(accept.split(",").map((one) => parseParameters(one).value.toLowerCase()));
}

export interface Parameterised {
  readonly value: string;
  readonly params: ReadonlyMap<string, string>;
}

/** `value;name=text;flag` as in Subscription-State and Event; parameter names in lower case. */
export function parseParameters(text: string): Parameterised {
  const [value = "", ...rest] = text.split(";").map((part) => part.trim());
  const params = rest.map((part): [string, string] => {
    const equals = part.indexOf("=");
    if (equals < 0) return [part.toLowerCase(), ""];
    const written = part.slice(equals + 1).trim();
    return [part.slice(0, equals).trim().toLowerCase(), written.replace(/^"(.*)"$/, "$1")];
  });
  return { value, params: new Map(params) };
}

/** A whole number of seconds in a header, `undefined` when it is absent or no such number. */
export function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text.trim()) ? Number(text) : undefined;
}

/** Replaces (RFC 3891 §6.1) for the peer that shares this dialog with us: its own tag is to-tag. */
export function formatReplaces({ callId, localTag, remoteTag }: DialogId): string {
  return `${callId};to-tag=${remoteTag};from-tag=${localTag}`;
}

/** The dialog a received Replaces names, seen from us; `undefined` when it is not one well-formed value. */
export function parseReplaces(text: string): DialogId | undefined {
  return parseDialogId(text, "to-tag", "from-tag");
}

/** Target-Dialog (RFC 4538 §7): tags as the sender sees them. */
export function formatTargetDialog({ callId, localTag, remoteTag }: DialogId): string {
  return `${callId};local-tag=${localTag};remote-tag=${remoteTag}`;
}

/** The dialog a received Target-Dialog names, turned so that our tag is `localTag`. */
export function parseTargetDialog(text: string): DialogId | undefined {
  return parseDialogId(text, "remote-tag", "local-tag");
}

function parseDialogId(text: string, ours: string, theirs: string): DialogId | undefined {
  const { value: callId, params } = parseParameters(text);
  const localTag = params.get(ours);
  const remoteTag = params.get(theirs);
  if (text.includes(",") || callId === "" || localTag === undefined || remoteTag === undefined)
    return undefined;
  return { callId, localTag, remoteTag };
}

/** Text that may stand in a header: no line ends, no control characters. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").trim();
}

/** What only the user agent may set: routing, identity and order of messages. */
const STRUCTURAL: ReadonlySet<string> = new Set(
  "via from to call-id cseq contact route record-route max-forwards content-length content-type".split(" "),
);

/** Headers from call control, made safe: names in lower case, one line each, structural ones left out. */
export function extraHeaders(headers: ExtraHeaders | undefined): Partial<SipHeaders> {
  if (headers === undefined) return {};
  const entries = Object.entries(headers).map(([name, text]) => [name.toLowerCase(), oneLine(text)] as const);
  return Object.fromEntries(entries.filter(([name]) => /^[a-z0-9-]+$/.test(name) && !STRUCTURAL.has(name)));
}

interface BodyParts {
  readonly headers: Readonly<Partial<SipHeaders>>;
  readonly content: string;
}

const NO_BODY: BodyParts = { headers: {}, content: "" };

/** The headers and text of a message body, nothing for none. */
export function bodyParts(body: Body | undefined): BodyParts {
  if (!body || body.content === "") return NO_BODY;
  return { headers: { "content-type": oneLine(body.type) }, content: body.content };
}

/** A session description as a body; none for "". */
export function sdpBody(sdp: string | undefined): Body | undefined {
  return sdp ? { type: "application/sdp", content: sdp } : undefined;
}
