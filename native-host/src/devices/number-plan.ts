/** Telephone numbers as people write them, and where they are called: through one SIP gateway (RFC 3966, RFC 3261 §19.1.6). */

import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { formatUri, hostPort, isSipUri, parseUri, type Uri } from "../sip/uri.ts";

export interface NumberPlanConfig {
  /** Country code, digits only: 49. */
  readonly country: string;
  /** What is dialled before a country code; 00 when missing. */
  readonly international: string;
  /** What is dialled before an area code; "" where there is none. */
  readonly trunk: string;
  /** Where numbers are called: its host, port and parameters are used. */
  readonly gateway: SipUri;
  /** Patterns as in `isPattern`; all numbers when missing. */
  readonly allowed?: readonly string[];
  readonly blocked: readonly string[];
  /** Refused beside those that are always. */
  readonly emergency: readonly string[];
  /** The user's own numbers, called without a question. */
  readonly own: readonly string[];
}

/** A number that may be called. */
export interface Telephone {
  /** As people are asked about it: `tel:+4930123456`; a short number as it is dialled. */
  readonly tel: SipUri;
  readonly uri: SipUri;
  /** Nobody need be asked. */
  readonly own: boolean;
}

/** The emergency numbers of most of the world; dialled from here, nobody would know where the caller is. */
const EMERGENCY = "000 108 110 111 112 113 114 115 117 118 119 120 122 123 133 144 155 190 911 995 999".split(
  " ",
);

const SEPARATORS = /[-.() ]/g;

/** A number or the beginning of one: digits, `x` for any one, `*` at the end for any more. */
export function isPattern(text: string): boolean {
  return /^\+?[0-9x]*\*?$/.test(text) && text !== "";
}

export class NumberPlan {
  readonly #config: NumberPlanConfig;
  readonly #own: ReadonlySet<string>;
  readonly #emergency: ReadonlySet<string>;

  constructor(config: NumberPlanConfig) {
    this.#config = config;
    this.#own = new Set(config.own.map((number) => this.#global(bare(number))));
    this.#emergency = new Set([...EMERGENCY, ...config.emergency.map(bare)]);
  }

  /** Reads `tel:` and a number, or a number alone. Throws ServiceError `bad-uri`. */
  read(written: string): Telephone {
    const refuse = (why: string) => new ServiceError("bad-uri", [written.slice(0, 80), why]);
    const dialled = number(written);
    if (dialled === undefined) throw refuse("it is not a telephone number");
    if (/[*#A-D]/i.test(dialled)) throw refuse("service codes are not dialled, only numbers");
    const global = this.#global(dialled);
    if (this.#isEmergency(dialled, global)) {
      throw refuse(
        "emergency calls are not made from here, where nobody learns your place; take a telephone",
      );
    }
    if (!this.#isAllowed(global)) throw refuse("the number plan of the configuration does not allow it");
    return {
      // Of the scheme tel, which calls may have as well.
      tel: `tel:${global}` as SipUri,
      uri: this.#uri(global),
      own: this.#own.has(global),
    };
  }

  /** The number that a SIP URI at the gateway calls; undefined for every other URI, which is nobody's telephone. */
  numberAt(uri: string): string | undefined {
    const [called, gateway] = [parseUri(uri), parseUri(this.#config.gateway)];
    if (called?.user === undefined || !gateway || place(called) !== place(gateway)) return undefined;
    const user = unescaped(called.user);
    return called.params["user"] === "phone" || number(user) !== undefined ? user : undefined;
  }

  /** `+` and the country code, where the plan says how; a short number stays. */
  #global(dialled: string): string {
    const { country, international, trunk } = this.#config;
    if (dialled.startsWith("+")) return dialled;
    if (dialled.startsWith(international)) return `+${dialled.slice(international.length)}`;
    if (trunk !== "" && dialled.startsWith(trunk)) return `+${country}${dialled.slice(trunk.length)}`;
    return dialled;
  }

  #isEmergency(dialled: string, global: string): boolean {
    const home = `+${this.#config.country}`;
    const national = global.startsWith(home) ? global.slice(home.length) : global;
    return [dialled, global, national].some((one) => this.#emergency.has(one));
  }

  #isAllowed(global: string): boolean {
    const { allowed, blocked } = this.#config;
    const fits = (pattern: string) => matches(global, pattern);
    return !blocked.some(fits) && (allowed?.some(fits) ?? true);
  }

  #uri(global: string): SipUri {
    const gateway = parseUri(this.#config.gateway);
    const uri =
      gateway && formatUri({ ...gateway, user: global, params: { ...gateway.params, user: "phone" } });
    if (uri === undefined || !isSipUri(uri)) throw new TypeError(`${this.#config.gateway} is no SIP URI`);
    return uri;
  }
}

/** The digits of a tel: URI, with those of its context in front (RFC 3966 §5.1.5); undefined when it has none. */
function number(written: string): string | undefined {
  const [digits = "", ...params] = written.replace(/^tel:/i, "").split(";");
  const context = params.find((param) => /^phone-context=/i.test(param))?.slice("phone-context=".length);
  const prefix = context?.startsWith("+") && !digits.startsWith("+") ? bare(context) : "";
  const dialled = `${prefix}${bare(digits)}`;
  return /^\+?[0-9A-D*#]{1,32}$/i.test(dialled) ? dialled : undefined;
}

function place(uri: Uri): string {
  const { host, port } = hostPort(uri);
  return `${host.toLowerCase()}:${port}`;
}

function unescaped(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

function bare(text: string): string {
  return text.replace(SEPARATORS, "");
}

function matches(global: string, pattern: string): boolean {
  const source = bare(pattern).replace("+", "\\+").replaceAll("x", "\\d").replace(/\*$/, ".*");
  return new RegExp(`^${source}$`).test(global);
}
