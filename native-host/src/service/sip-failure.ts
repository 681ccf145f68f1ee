/** SIP statuses as the errors of the service: the one place where a far end's refusal gets its name. */

import type { Failure } from "../api/call-control.ts";
import { type ErrorCode, ServiceError, type ServiceErrorOptions } from "../errors.ts";
import { textHeader } from "../sip/message.ts";
import { SipError } from "../sip/sip-error.ts";

type FarEndCode = Extract<
  ErrorCode,
  | "authentication-failed"
  | "not-found"
  | "no-answer"
  | "media-mismatch"
  | "busy"
  | "declined"
  | "unreachable"
  | "rejected"
>;

const CODES: Readonly<Record<number, FarEndCode>> = {
  401: "authentication-failed",
  407: "authentication-failed",
  404: "not-found",
  410: "not-found",
  484: "not-found",
  604: "not-found",
  408: "no-answer",
  480: "no-answer",
  430: "no-answer",
  415: "media-mismatch",
  488: "media-mismatch",
  606: "media-mismatch",
  486: "busy",
  600: "busy",
  603: "declined",
  607: "declined",
  608: "declined",
};

function codeOf(status: number): FarEndCode {
  const known = CODES[status];
  if (known) return known;
  return status >= 500 && status < 600 ? "unreachable" : "rejected";
}

/** Why `who` could not be called; a ServiceError stays as it is. */
export function callFailure(who: string, cause: unknown): ServiceError {
  if (cause instanceof ServiceError) return cause;
  if (!(cause instanceof SipError)) return new ServiceError("internal", [], { cause });
  if (cause.status === 487) return new ServiceError("cancelled", [], { cause });
  const code = codeOf(cause.status);
  if (code === "rejected") return new ServiceError(code, [who, wordsOf(cause.reason)], peerSaid(cause));
  return new ServiceError(code, [who], peerSaid(cause));
}

/** Phrases that say no more than their status. */
const EMPTY_PHRASES = /^(?:forbidden|refused|rejected|bad request|not allowed)?$/i;
const MAX_WORDS = 100;

/** What a server says in words of its own: that a conference is locked, or asks for a PIN. */
function wordsOf(phrase: string): string {
  return EMPTY_PHRASES.test(phrase.trim()) ? "" : phrase.trim().slice(0, MAX_WORDS);
}

/** Why a conference has ended the call, where it says so (Reason, RFC 3326). */
export function goodbye(who: string, reason: string): ServiceError | undefined {
  const words = /;\s*text="([^"\\]+)"/i.exec(reason)?.[1];
  if (words === undefined) return undefined;
  return new ServiceError("rejected", [who, words.slice(0, MAX_WORDS), "ended the call"], {
    reason: words.slice(0, MAX_WORDS),
  });
}

/** Why a command whose signal is aborted was given up: what the signal says, or `cancelled`. */
export function givenUp({ reason }: AbortSignal): ServiceError {
  return reason instanceof ServiceError ? reason : new ServiceError("cancelled", []);
}

/** Why the user is still in `current`. */
export function switchFailure(current: string, cause: ServiceError): ServiceError {
  return new ServiceError("switch-failed", [current, cause.message], peerSaid(cause));
}

/** What the peer answered, to be handed on with an error of ours. */
export function peerSaid(cause: unknown): ServiceErrorOptions {
  if (cause instanceof SipError) {
    const retryS = cause.response && Number.parseInt(textHeader(cause.response, "retry-after") ?? "", 10);
    const said = { cause, sip: cause.status, reason: cause.reason };
    return retryS ? { ...said, retryS } : said;
  }
  if (!(cause instanceof ServiceError)) return { cause };
  const { sip, reason } = cause;
  return { cause, ...(sip === undefined ? {} : { sip }), ...(reason === undefined ? {} : { reason }) };
}

/** An error as data, for the views. */
export function asFailure(error: unknown): Failure {
  if (!(error instanceof ServiceError)) return { code: "internal" };
  const { code, sip, reason, message } = error;
  return {
    code,
    ...(sip === undefined ? {} : { sip }),
    ...(reason === undefined ? {} : { reason }),
    detail: message,
  };
}
