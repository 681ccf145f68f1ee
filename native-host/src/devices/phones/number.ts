/** Whom a phone is told to dial: what its keypad could have entered, or an address it can take apart again. */

import { ServiceError } from "../../errors.ts";
import { parseUri, type Uri } from "../../sip/uri.ts";

/** Nothing that separates keys, fields or parameters in any dialect. */
const ADDRESS = /^[\w.+*#~!'()[\]@:%-]{1,256}$/;
const DIGITS = /^\+?[0-9*#]{1,64}$/;

/** The number in each of the ways templates ask for it. */
export interface Dialled {
  readonly number: string;
  readonly uri: string;
  readonly kind: "SIP" | "TEL";
}

type Unable = (what: string) => ServiceError;

export interface Dialling {
  /** The device, for sentences. */
  readonly id: string;
  readonly dials: "addresses" | "digits";
  /** The domain of the phone's own line: there the user part alone is dialled. */
  readonly domain?: string | undefined;
}

/** Throws ServiceError `device-unsupported` for what this phone cannot dial. */
export function dialled(target: string, phone: Dialling): Dialled {
  const unable: Unable = (what) => new ServiceError("device-unsupported", [phone.id, what]);
  const uri = parseUri(target);
  if (uri?.scheme === "tel") return byDigits((uri.user ?? "").replace(/[-.()]/g, ""), unable);
  if (uri?.scheme === "sips") throw unable("be told to call by TLS only");
  if (uri?.scheme !== "sip" || uri.user === undefined) throw unable("dial what is no name or number");
  if (uri.headers !== undefined || Object.keys(uri.params).length > 0) {
    throw unable("dial an address with parameters");
  }
  return bySip({ ...uri, user: uri.user }, phone, unable);
}

function bySip(uri: Uri & { readonly user: string }, { dials, domain }: Dialling, unable: Unable): Dialled {
  const { user, host, port } = uri;
  if (domain !== undefined && host === domain.toLowerCase()) {
    return dials === "digits" ? byDigits(user, unable) : byAddress(user, unable);
  }
  if (dials === "addresses")
    return byAddress(`${user}@${host}${port === undefined ? "" : `:${port}`}`, unable);
  const where =
    domain === undefined ? 'SIP addresses; say its own domain in "domain"' : `outside of ${domain}`;
  throw unable(`dial ${where}`);
}

function byDigits(number: string, unable: Unable): Dialled {
  if (!DIGITS.test(number)) throw unable("dial anything but digits");
  return { number, uri: `tel:${number}`, kind: "TEL" };
}

function byAddress(number: string, unable: Unable): Dialled {
  if (!ADDRESS.test(number)) throw unable("dial an address with such characters");
  return { number, uri: `sip:${number}`, kind: DIGITS.test(number) ? "TEL" : "SIP" };
}
