/** A phone told by NOTIFY, out of any dialog, as its SIP server tells it (RFC 6665 §3.2.1 knows no such thing; vendors do). */

import { ServiceError } from "../../errors.ts";
import type { Body } from "../../sip/header-values.ts";
import type { ExtraHeaders } from "../../sip/leg.ts";
import { type SipResponse, type SipUri, textHeader } from "../../sip/message.ts";
import type { Action, Dialect } from "./dialect.ts";
import { fillBody, type Values } from "./fill.ts";

const ANSWER_MS = 10_000;
const OPTIONS_MS = 2000;

/** The user agent's requests outside a dialog. */
export interface PhoneRequester {
  request(
    method: string,
    target: SipUri,
    options: { readonly body?: Body; readonly headers?: ExtraHeaders; readonly timeoutMs?: number },
  ): Promise<SipResponse>;
}

export interface PhoneNotifyOptions {
  readonly id: string;
  readonly uri: SipUri;
  readonly requester: PhoneRequester;
  readonly answerMs?: number;
}

/** Resolves when the phone took it; what comes of it, it does not tell. Throws ServiceError. */
export async function notifyPhone(
  { id, uri, requester, answerMs = ANSWER_MS }: PhoneNotifyOptions,
  {
    dialect,
    action,
    values,
  }: { readonly dialect: Dialect; readonly action: Action; readonly values: Values },
): Promise<void> {
  const { notify } = dialect;
  const body = notify?.bodies[action];
  if (!notify || body === undefined)
    throw new ServiceError("device-unsupported", [id, "be told that by NOTIFY"]);
  const response = await requester.request("NOTIFY", uri, {
    headers: { event: notify.event, "subscription-state": "terminated" },
    body: { type: notify.type, content: fillBody(body, notify.type, values) },
    timeoutMs: answerMs,
  });
  const refusal = refusalOf(id, response, dialect);
  if (refusal) throw refusal;
}

/** What the phone says of itself by SIP; undefined when it is not there. */
export async function userAgentOf(
  { uri, requester }: PhoneNotifyOptions,
  timeoutMs = OPTIONS_MS,
): Promise<string | undefined> {
  const response = await requester.request("OPTIONS", uri, { timeoutMs });
  if (response.status === 408 || response.status === 503) return undefined;
  return textHeader(response, "user-agent") ?? textHeader(response, "server") ?? "";
}

function refusalOf(
  id: string,
  { status, reason }: SipResponse,
  { vendor }: Dialect,
): ServiceError | undefined {
  if (status < 300) return undefined;
  const options = { sip: status, reason };
  if (status === 408 || status === 503) return new ServiceError("device-offline", [id], options);
  const why =
    status === 489
      ? `its firmware does not know this NOTIFY; update it, or set "by" to "http"`
      : `it answered ${status}; a ${vendor} phone obeys only the SIP server it is registered with ("Accept SIP Trust Server Only")`;
  return new ServiceError("device-refused", [id, why], options);
}
