/** The failure of a SIP request, as a status: the peer's, or one made up here when no peer answered. */
import type { SipResponse } from "./message.ts";

export interface SipErrorOptions extends ErrorOptions {
  /** The response that said so; without it the status was made up locally. */
  readonly response?: SipResponse;
}

/** 3xx to 6xx from a peer; 408 for a timeout and 503 for a transport failure (RFC 3261 §8.1.3.1). */
export class SipError extends Error {
  override readonly name = "SipError";
  readonly status: number;
  readonly reason: string;
  readonly #response: SipResponse | undefined;

  constructor(status: number, reason: string, options: SipErrorOptions = {}) {
    super(`${status} ${reason}`, options);
    this.status = status;
    this.reason = reason;
    this.#response = options.response;
  }

  /** The peer's response. Not a field: a log that writes the fields of errors must not write keys and credentials. */
  get response(): SipResponse | undefined {
    return this.#response;
  }
}

/** What was thrown as a SipError; anything else failed before it was sent. */
export function asSipError(cause: unknown): SipError {
  return cause instanceof SipError ? cause : new SipError(503, "Not Sent", { cause });
}
