/** Secrets of a message made unreadable, each character by a star, so that lengths and everything else stay true. */

/** Header lines that carry what proves a password (RFC 7616 §3.4, §3.5), also inside a message/sipfrag. */
const CREDENTIALS = /^((?:Proxy-)?(?:Authorization|Authentication-Info) *:)(.*)$/gim;
const DIGEST_SECRETS = /\b((?:response|rspauth|cnonce|nextnonce|opaque) *= *"?)([^",\r\n]*)/gi;
/** What follows any other scheme: the secret itself, as for Basic and Bearer. */
const OTHER_SCHEME = /^( *(?!Digest\b)[A-Za-z]+ +)(\S.*)$/i;

/** A password in a URI (RFC 3261 §19.1.1). */
const URI_PASSWORD = /\b(sips?:[^\s:@<>;,"]{1,200}:)([^\s@<>;,"]{1,200})(?=@)/gi;

/** What opens the door of a conference, as a parameter of its URI. */
const URI_DOOR = /(;(?:pin|token)=)([^\s;?&,<>"]{1,200})/gi;

/** Keys in a session description: SDES (RFC 4568), k= (RFC 4566 §5.12), ICE, MIKEY. */
const SDP_KEYS = [/^(a=crypto:\S+ \S+ )(.*)$/gim, /^(k=)(.*)$/gim, /^(a=(?:ice-pwd|key-mgmt):)(.*)$/gim];

/** The text of a whole message without its secrets; as long as it was. */
export function masked(text: string): string {
  const named = text.replace(CREDENTIALS, (_, name: string, value: string) => name + withoutProof(value));
  const keyless = SDP_KEYS.reduce((one, pattern) => one.replace(pattern, starred), named);
  return keyless.replace(URI_PASSWORD, starred).replace(URI_DOOR, starred);
}

function withoutProof(value: string): string {
  const ending = value.endsWith("\r") ? "\r" : "";
  const plain = ending === "" ? value : value.slice(0, -1);
  return plain.replace(OTHER_SCHEME, starred).replace(DIGEST_SECRETS, starred) + ending;
}

function starred(_: string, kept: string, secret: string): string {
  return kept + secret.replace(/[^\r\n]/g, "*");
}
