/** What the service says to a command: Welcome, Accepted, Result, and errors as elements. */
import { asServiceError } from "../errors.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import type { Failure } from "./call-control.ts";

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a command came to, before it is addressed to its `req`. */
export interface Answer {
  /** Attributes of the Result beside `req` and `status`. */
  readonly attributes?: Attributes;
  readonly children?: readonly XmlElement[];
  /** The command did part of its work: the Result is an error with this, and has the attributes and children too. */
  readonly failure?: Failure;
  /** Answer with this instead of a Result; only Hello does. */
  readonly welcome?: Attributes;
  /** Runs when the answer has been sent. */
  readonly afterwards?: () => void;
}

export function accepted(req: string | undefined, call: string): XmlElement {
  return el("Accepted", { req, call });
}

export function answered(req: string | undefined, answer: Answer): XmlElement {
  if (answer.welcome) return el("Welcome", { req, ...answer.welcome });
  const { failure, attributes, children = [] } = answer;
  if (!failure) return el("Result", { req, status: "ok", ...attributes }, children);
  return el("Result", { req, status: "error", ...attributes }, [errorElement(failure), ...children]);
}

export function refused(req: string | undefined, failure: Failure, call?: string): XmlElement {
  return el("Result", { req, status: "error", call }, [errorElement(failure)]);
}

export function errorElement(failure: Failure & { readonly retryS?: number }): XmlElement {
  return el("Error", {
    code: failure.code,
    sip: failure.sip,
    reason: shortened(failure.reason),
    detail: shortened(failure.detail),
    retry: failure.retryS,
  });
}

/** What was thrown, as data; anything but a ServiceError is a mistake of ours and tells nothing. */
export function failureOf(thrown: unknown): Failure & { readonly retryS?: number } {
  const error = asServiceError(thrown);
  return {
    code: error.code,
    detail: error.message,
    ...(error.sip !== undefined && { sip: error.sip }),
    ...(error.reason !== undefined && { reason: error.reason }),
    ...(error.retryS !== undefined && { retryS: error.retryS }),
  };
}

/** A label holds at most 256 characters; a pair of surrogates is not cut in two. */
export function shortened(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= 256) return text;
  return `${text.slice(0, 255).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
