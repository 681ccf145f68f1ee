/** Everything that can go wrong on purpose, in one table. */

import { withoutSecrets } from "./secrets.ts";

/**
 * The code an application reads in `<Error code="…">`, the SIP status a peer would see, and the sentence a person
 * reads. The codes are those of the XML API (docs/xml-api.md); the list is closed.
 */
const CATALOGUE = {
  // Protocol
  "bad-xml": [400, (why: string) => `This is not XML the service reads: ${why}.`],
  "bad-request": [400, (why: string) => `The command could not be read: ${why}.`],
  "unknown-command": [501, (name: string) => `"${name}" is not a command of this service.`],
  "unsupported-version": [
    505,
    (offered: string) => `None of the versions "${offered}" is spoken here, only 1.`,
  ],
  "duplicate-request": [400, (req: string) => `The request "${req}" is still open.`],
  // Permission
  unauthorized: [401, () => "This client did not show the token it needs."],
  forbidden: [403, (what: string) => `This client may not ${what}.`],
  "rate-limited": [503, () => "These commands come too fast; try again in a moment."],
  // Naming
  "bad-uri": [416, (uri: string, why: string) => `"${uri}" cannot be called: ${why}.`],
  "no-such-call": [481, (call: string) => `There is no call "${call}".`],
  "no-such-device": [404, (device: string) => `There is no device called "${device}".`],
  "no-such-subscription": [481, (sub: string) => `There is no subscription "${sub}".`],
  "no-such-prompt": [404, (prompt: string) => `The question "${prompt}" is answered or gone.`],
  // Call
  "no-active-call": [481, () => "There is no call going on."],
  "no-control": [
    403,
    (call: string, why = "was handed to its device and is out of reach") => `The call "${call}" ${why}.`,
  ],
  "wrong-state": [491, (why: string) => `That cannot be done now: ${why}.`],
  superseded: [487, () => "A newer command took the place of this one."],
  cancelled: [487, () => "The call was cancelled before it was answered."],
  // Device
  "device-busy": [486, (device: string) => `"${device}" is in another call.`],
  "device-offline": [480, (device: string) => `"${device}" cannot be reached.`],
  "device-refused": [403, (device: string, why: string) => `"${device}" refused: ${why}.`],
  "device-timeout": [408, (device: string) => `"${device}" did not answer in time.`],
  "device-unsupported": [501, (device: string, what: string) => `"${device}" cannot ${what}.`],
  // The far end
  busy: [486, (who: string) => `${who} is busy.`],
  declined: [603, (who: string) => `${who} declined the call.`],
  "not-found": [404, (who: string) => `${who} was not found.`],
  "no-answer": [480, (who: string) => `${who} did not answer.`],
  unreachable: [503, (who: string) => `${who} cannot be reached.`],
  "authentication-failed": [401, (who: string) => `${who} did not accept our name and password.`],
  "media-mismatch": [488, (who: string) => `${who} and the device have no audio format in common.`],
  rejected: [403, (who: string, why = "", did = "rejected the call") => `${who} ${did}${why && `: ${why}`}.`],
  // Switching
  "switch-failed": [
    480,
    (current: string, why = "The switch failed.") => `${why.replace(/\.$/, "")}; still in ${current}.`,
  ],
  "switch-lost": [480, () => "The switch failed and the old call is gone too."],
  "partial-failure": [480, () => "Not everybody could be invited."],
  // Tunnel
  "tunnel-denied": [403, () => "This client may not send SIP of its own."],
  "no-such-plugin": [404, (plugin: string) => `There is no plug-in "${plugin}".`],
  // Service
  "limit-exceeded": [503, (what: string) => `That is more than the service takes: ${what}.`],
  "shutting-down": [503, () => "The service is shutting down."],
  internal: [500, () => "The service made a mistake; its log says more."],
} as const satisfies Record<string, readonly [status: number, say: (...details: never[]) => string]>;

export type ErrorCode = keyof typeof CATALOGUE;
type Details<Code extends ErrorCode> = Parameters<(typeof CATALOGUE)[Code][1]>;

export interface ServiceErrorOptions extends ErrorOptions {
  /** What the SIP peer answered, when one did: status and reason phrase. */
  readonly sip?: number;
  readonly reason?: string;
  /** Seconds after which trying again makes sense (Retry-After, RFC 3261 §20.33). */
  readonly retryS?: number;
}

/** A deliberate failure: `code` for programs, `status` for SIP peers, `message` for people. */
export class ServiceError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "ServiceError";
  readonly code: Code;
  readonly status: number;
  readonly sip: number | undefined;
  readonly reason: string | undefined;
  readonly retryS: number | undefined;

  constructor(code: Code, details: Details<Code>, options: ServiceErrorOptions = {}) {
    const [status, say] = CATALOGUE[code];
    // `Details` are the parameters of the sentence of this very code.
    super(withoutSecrets((say as (...given: Details<Code>) => string)(...details)), options);
    this.code = code;
    this.status = status;
    this.sip = options.sip;
    this.reason = options.reason;
    this.retryS = options.retryS;
  }
}

/** True for text that is one of the codes, e.g. from a document of the service. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(CATALOGUE, code);
}

// The keys of a const object are its key type.
export const errorCodes = Object.keys(CATALOGUE) as readonly ErrorCode[];

/** What was thrown, as an application may read it: anything unforeseen is `internal`, with its cause. */
export function asServiceError(thrown: unknown): ServiceError {
  return thrown instanceof ServiceError ? thrown : new ServiceError("internal", [], { cause: thrown });
}
