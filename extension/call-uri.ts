/** Addresses that a link, a missed call or another program may name: sip:, sips: and tel: (RFC 3261 §19.1, RFC 3966). */
import { readConferenceUri } from "./conference-uri.ts";
import { label } from "./label.ts";

/** A checked address; `host` is missing for a telephone number. */
export interface CallUri {
  readonly uri: string;
  readonly host: string | undefined;
}

const MAX_LENGTH = 1024;
const TEL = /^tel:(\+?[0-9*#().-]{1,40})((?:;[A-Za-z0-9-]{1,32}(?:=[A-Za-z0-9+.%-]{1,64})?){0,8})$/i;

/** Reads a link's address; `undefined` for another scheme, headers, a password or a broken form. */
export function readCallUri(text: unknown): CallUri | undefined {
  if (typeof text !== "string" || text.length > MAX_LENGTH) return undefined;
  const sip = readConferenceUri(text);
  if (sip) return { uri: sip.uri, host: sip.host };
  const [, digits, params = ""] = TEL.exec(withoutSpaces(text)) ?? [];
  if (digits === undefined || !/\d|[*#]/.test(digits)) return undefined;
  return { uri: `tel:${digits}${params}`, host: undefined };
}

/** People write telephone numbers with spaces, and a link has them as %20. */
function withoutSpaces(text: string): string {
  return text.replace(/(?:%20|\s)+/g, "");
}

/** An address as people say it: without scheme and parameters, at most 128 characters. */
export function spoken(uri: string): string {
  const [bare = ""] = uri.replace(/^(?:sips?|tel):/i, "").split(/[;?]/);
  return label(bare, 128);
}
