/** What a phone's refusal means to the user. */

import { ServiceError, type ServiceErrorOptions } from "../errors.ts";
import { SipError } from "../sip/sip-error.ts";

const TIMED_OUT: readonly number[] = [408, 430, 480, 487];
const BUSY: readonly number[] = [486, 600];

/** The ServiceError for a device that could not be called; one that is already a ServiceError stays as it is. */
export function deviceFailure(id: string, cause: unknown): ServiceError {
  if (cause instanceof ServiceError) return cause;
  if (!(cause instanceof SipError)) return new ServiceError("internal", [], { cause });
  const { status, reason } = cause;
  const options: ServiceErrorOptions = { cause, sip: status, reason };
  if (BUSY.includes(status)) return new ServiceError("device-busy", [id], options);
  if (TIMED_OUT.includes(status)) return new ServiceError("device-timeout", [id], options);
  if (status === 503) return new ServiceError("device-offline", [id], options);
  return new ServiceError("device-refused", [id, `${status} ${reason}`], options);
}
