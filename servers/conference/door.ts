/** What a conference asks of whoever wants to come in: its PIN, or one of its tokens, in the URI that they call or by keys. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { formatUri, parseUri } from "#sip/uri.ts";
import { Lockout } from "../lockout.ts";
import type { Policy } from "./policy.ts";

/** Somebody at a door: who guesses at one is not listened to there for a while. */
export interface Caller {
  readonly address: string;
  readonly conference: string;
}

type Asked = Pick<Policy, "pin" | "tokens">;

export class Door {
  readonly #lockout = new Lockout();

  /**
   * `open` when the URI has what is asked for, as `;pin=` or `;token=`, or nothing is; `ask` when it has neither and a PIN
   * can be typed. Throws SipError 403.
   */
  judge(policy: Asked, target: SipUri, caller: Caller): "open" | "ask" {
    if (policy.pin === undefined && policy.tokens.length === 0) return "open";
    this.#checkGuesser(caller);
    const { pin, token } = parseUri(target)?.params ?? {};
    if (pin == null && token == null) {
      if (policy.pin === undefined) throw new SipError(403, "A Token Is Needed");
      return "ask";
    }
    if (this.#fits(caller, isSame(pin, policy.pin) || policy.tokens.some((known) => isSame(token, known))))
      return "open";
    throw new SipError(403, "Wrong PIN Or Token");
  }

  /** Whether these digits are the PIN. */
  opens({ pin }: Asked, digits: string, caller: Caller): boolean {
    return !this.#lockout.isLocked(guesser(caller)) && this.#fits(caller, isSame(digits, pin));
  }

  #fits(caller: Caller, fits: boolean): boolean {
    if (fits) this.#lockout.forget(guesser(caller));
    else this.#lockout.failed(guesser(caller));
    return fits;
  }

  #checkGuesser(caller: Caller): void {
    if (this.#lockout.isLocked(guesser(caller))) throw new SipError(403, "Too Many Wrong PINs");
  }
}

/** An address as a roster may show it: what opens the door there is for whoever calls it. */
export function withoutKeys(target: SipUri): string {
  const uri = parseUri(target);
  if (!uri) return target;
  const { pin: _, token: __, ...params } = uri.params;
  return formatUri({ ...uri, params });
}

function guesser({ address, conference }: Caller): string {
  return `${address} ${conference}`;
}

/** Takes as long for a guess that is nearly right as for any other. */
function isSame(shown: string | null | undefined, known: string | undefined): boolean {
  if (shown == null || known === undefined) return false;
  return timingSafeEqual(digest(shown), digest(known));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
