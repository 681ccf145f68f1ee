/** Why an INVITE is cancelled, as the phone that rang is told (RFC 3326). */
import { parseParameters } from "./header-values.ts";

/** For `AbortController.abort`: the CANCEL that follows carries it as its Reason header. */
export class CancelReason extends Error {
  override readonly name = "CancelReason";
  readonly header: string;

  /** `cause` is the SIP status the phone may show the call under: 200 for one that was answered elsewhere. */
  constructor(cause: number, text: string) {
    super(text);
    this.header = `SIP;cause=${cause};text="${text}"`;
  }
}

/** The phone that rang need not list the call as missed (RFC 3326 §3.1). */
export const COMPLETED_ELSEWHERE = new CancelReason(200, "Call completed elsewhere");

/** The Reason header of a CANCEL whose signal was aborted for `why`; undefined when that says nothing to a peer. */
export function reasonHeader(why: unknown): string | undefined {
  return why instanceof CancelReason ? why.header : undefined;
}

/** Whether a Reason header tells that another phone of ours has the call. */
export function isCompletedElsewhere(reason: string | undefined): boolean {
  if (reason === undefined) return false;
  const { value, params } = parseParameters(reason);
  return value.toLowerCase() === "sip" && params.get("cause") === "200";
}
