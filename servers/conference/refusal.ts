/** What an operator asked for and does not get: a status as HTTP has them, and one sentence for a person. */

import { asSipError, type SipError } from "#sip/sip-error.ts";

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly retryAfterS: number | undefined;

  constructor(status: number, sentence: string, options: ErrorOptions & { retryAfterS?: number } = {}) {
    super(sentence, options);
    this.status = status;
    this.retryAfterS = options.retryAfterS;
  }
}

/** How long somebody should wait who is told that there is no room. */
const RETRY_AFTER_S = 10;

/** What the focus, the mixer or a phone refused, in a sentence. */
export function asRefusal(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  const { status } = asSipError(cause);
  const sentence = sentenceOf(asSipError(cause));
  if (status === 503) return new Refusal(503, sentence, { cause, retryAfterS: RETRY_AFTER_S });
  return new Refusal(status === 403 ? 403 : status === 481 ? 404 : 502, sentence, { cause });
}

export function sentenceOf({ status, reason }: SipError): string {
  if (status === 481) return "This participant has left meanwhile.";
  if (status === 503)
    return `There is no room for this now, or the mixer is away (503 ${reason}); try again later.`;
  if (status === 403) return `The conference server does not allow this: ${reason}.`;
  return `The mixer or the phone answered ${status} ${reason}.`;
}
