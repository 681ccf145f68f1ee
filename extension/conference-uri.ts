/** Conference addresses as pages may offer them: a strict subset of the SIP URI (RFC 3261 §19.1). */

/** A checked address; `host` is lower case and without the brackets of an IPv6 literal. */
export interface ConferenceUri {
  readonly uri: string;
  readonly user: string | undefined;
  readonly host: string;
}

const MAX_LENGTH = 1024;

// Scheme, user without a password, host or literal, port, parameters. No `?headers`: they could smuggle header fields.
const GRAMMAR =
  /^(?<scheme>sips?):(?:(?<user>[A-Za-z0-9\-_.!~*'()&=+$,;/%]{1,256})@)?(?<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::(?<port>\d{1,5}))?(?<params>(?:;[A-Za-z0-9\-_.!~*'()%[\]/:&+$=]+)*)$/i;

/** Reads what a page offers; `undefined` for another scheme, headers, `method=`, a password or a broken form. */
export function readConferenceUri(text: unknown): ConferenceUri | undefined {
  if (typeof text !== "string" || text.length > MAX_LENGTH) return undefined;
  const trimmed = text.trim();
  const parts = GRAMMAR.exec(trimmed)?.groups;
  if (!parts || Number(parts["port"] ?? 1) > 65_535) return undefined;
  if (/;method=/i.test(parts["params"] ?? "")) return undefined;
  const host = (parts["host"] ?? "").toLowerCase().replace(/^\[|\]$/g, "");
  return { uri: trimmed, user: parts["user"], host };
}

/** Whether two addresses name the same conference: same user, host and port; parameters do not count. */
export function sameConference(one: string, other: string): boolean {
  return essence(one) === essence(other);
}

/** The part of an address that names the conference: without parameters, scheme and host in lower case. */
export function essence(uri: string): string {
  const [bare = ""] = uri.split(";");
  const at = bare.indexOf("@");
  return at < 0 ? bare.toLowerCase() : bare.slice(0, at) + bare.slice(at).toLowerCase();
}
