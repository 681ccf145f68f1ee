/** Refer-To and Referred-By: whom a peer is asked to contact, how, and by whom it was asked (RFC 3515 §2.1, RFC 3892). */
import { formatReplaces, oneLine, parseReplaces } from "./header-values.ts";
import type { DialogId, ExtraHeaders } from "./leg.ts";
import type { SipUri } from "./message.ts";
import { isToken, quote } from "./params.ts";
import { formatUri, isSipUri, parseNameAddrs, parseUri } from "./uri.ts";

export interface ReferTo {
  /** Without method and headers. */
  readonly uri: SipUri;
  /** What people call whoever is there. */
  readonly name?: string;
  /** Upper case; INVITE unless the peer says otherwise. */
  readonly method: string;
  /** What the referred request shall carry besides Replaces; names in lower case. */
  readonly headers: ExtraHeaders;
  /** The dialog the referred call takes over, as `InviteOptions.replaces` wants it. */
  readonly replaces?: DialogId;
}

/** Headers a peer may have us send to somebody else; all others would speak in our name. */
const SAFE: ReadonlySet<string> = new Set([
  "accept",
  "accept-contact",
  "answer-mode",
  "event",
  "expires",
  "in-reply-to",
  "join",
  "priv-answer-mode",
  "reject-contact",
  "replaces",
  "require",
  "subject",
  "target-dialog",
]);

/** One sip: or sips: URI with safe headers; `undefined` for anything else. */
export function parseReferTo(text: string): ReferTo | undefined {
  const [address, ...others] = parseNameAddrs(text) ?? [];
  const parsed = address && others.length === 0 ? parseUri(address.uri) : undefined;
  if (!parsed) return undefined;
  const { headers: written = "", ...bare } = parsed;
  const { method = "INVITE", ...params } = bare.params;
  const uri = formatUri({ ...bare, params });
  const all = parseHeaders(written);
  if (!isSipUri(uri) || method === null || !isToken(method) || !all) return undefined;
  const { replaces, ...headers } = all;
  const { name } = address ?? {};
  const place = { uri, method: method.toUpperCase(), headers, ...(name && { name }) };
  if (replaces === undefined) return place;
  const seen = parseReplaces(replaces);
  return seen && { ...place, replaces: turned(seen) };
}

/** The headers of a URI, unescaped (RFC 3261 §19.1.1). */
function parseHeaders(text: string): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const part of text === "" ? [] : text.split("&")) {
    const equals = part.indexOf("=");
    const name = unescaped(part.slice(0, equals))?.toLowerCase();
    const value = unescaped(part.slice(equals + 1));
    if (equals < 1 || name === undefined || value === undefined) return undefined;
    if (!SAFE.has(name) || name in headers || value !== oneLine(value)) return undefined;
    headers[name] = value;
  }
  return headers;
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Replaces names the dialog from the far end's side, its tag first; we take it as one of the referrer's. */
function turned({ callId, localTag, remoteTag }: DialogId): DialogId {
  return { callId, localTag: remoteTag, remoteTag: localTag };
}

/** What a REFER may ask for. */
export interface Referred {
  /** What people call the target. */
  readonly name?: string | undefined;
  /** What the peer shall send to the target; INVITE when missing. */
  readonly method?: string;
  /** The dialog of ours with the target that the peer takes over: attended transfer. */
  readonly replaces?: DialogId;
  /** Other headers of the referred request. */
  readonly targetHeaders?: ExtraHeaders;
}

/** The value of Refer-To, method and headers inside its brackets and escaped. */
export function formatReferTo(target: SipUri, { name, method, replaces, targetHeaders }: Referred): string {
  const headers = { ...targetHeaders, ...(replaces && { Replaces: formatReplaces(replaces) }) };
  const written = Object.entries(headers).map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  const own = parseUri(target)?.headers;
  const all = [...(own === undefined ? [] : [own]), ...written].join("&");
  const bare = own === undefined ? target : target.slice(0, target.indexOf("?"));
  const shown = name === undefined ? "" : `${quote(oneLine(name))} `;
  return `${shown}<${bare}${method === undefined ? "" : `;method=${method}`}${all === "" ? "" : `?${all}`}>`;
}

/** Only what a header of a URI may hold bare stays so (RFC 3261 §25.1 hvalue). */
function escaped(text: string): string {
  return encodeURIComponent(oneLine(text)).replace(/[()']/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}
