/** What can go wrong between the worker and the service. */

/** The service refused a command: the `<Error>` of its Result (docs/xml-api.md, errors). */
export class HostError extends Error {
  override readonly name = "HostError";
  readonly code: string;
  readonly detail: string;
  /** What the far end said, in its own words; "" when it said nothing. */
  readonly reason: string;

  constructor({
    code = "internal",
    detail = "",
    reason = "",
  }: { code?: string; detail?: string; reason?: string }) {
    super(detail || reason || code);
    this.code = code;
    this.detail = detail || reason;
    this.reason = reason;
  }
}

/** The native host closed, or could not be started. */
export class HostGoneError extends Error {
  override readonly name = "HostGoneError";

  constructor(message = "The native host closed.") {
    super(message);
  }
}
