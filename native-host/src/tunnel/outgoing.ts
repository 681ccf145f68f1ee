/** What a plug-in may send, and what of it: the service's own headers and dialogs are out of its reach (promise W7). */

import { ServiceError } from "../errors.ts";
import { hasControl } from "../sip/params.ts";
import { parseUri } from "../sip/uri.ts";
import type { PluginHeaders, PluginRequest, PluginRight } from "./plugin.ts";

/** Made by the service for every request: routing, identity, order, credentials, and whom a dialog is with. */
const OURS: ReadonlySet<string> = new Set(
  `via from to call-id cseq contact route record-route max-forwards content-length path service-route authorization
  proxy-authorization replaces target-dialog p-asserted-identity p-preferred-identity identity refer-sub`.split(
    /\s+/,
  ),
);

/** They make, keep or end calls and registrations, which are the service's alone. */
const NEVER: ReadonlySet<string> = new Set([
  "INVITE",
  "ACK",
  "CANCEL",
  "PRACK",
  "UPDATE",
  "REGISTER",
  "SUBSCRIBE",
]);

/** They change or end what others have made. */
const OF_DIALOGS: ReadonlySet<string> = new Set(["BYE", "REFER", "NOTIFY"]);

/** Throws ServiceError unless a plug-in with these rights may send it. */
export function checkOutgoing(request: PluginRequest, rights: ReadonlySet<PluginRight>): void {
  const { method, headers = {}, body = "" } = request;
  const denied = NEVER.has(method) || (OF_DIALOGS.has(method) && !rights.has("dialog"));
  if (!rights.has("request") || denied) throw new ServiceError("tunnel-denied", []);
  for (const [name, value] of Object.entries(headers)) {
    if (OURS.has(name.toLowerCase())) throw mistake(`the header ${name} is the service's to set`);
    if (hasControl(value)) throw mistake(`the header ${name} is more than one line`);
  }
  if (Buffer.byteLength(body) > MOST_BODY_BYTES)
    throw mistake(`its body has more than ${MOST_BODY_BYTES} bytes`);
}

const MOST_BODY_BYTES = 32_768;

/** Whether a URI is at the host of one of those the user has to do with. */
export function isKnownHost(uri: string, known: readonly { readonly id: string }[]): boolean {
  const host = hostOf(uri);
  return host !== undefined && known.some(({ id }) => hostOf(id) === host);
}

function hostOf(uri: string): string | undefined {
  return parseUri(uri)?.host.toLowerCase();
}

/** The headers of a received message that a plug-in is shown: all that are text and not about the way it came. */
export function shownHeaders(headers: Readonly<Record<string, unknown>>): PluginHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (header): header is [string, string] => typeof header[1] === "string" && !OURS.has(header[0]),
    ),
  );
}

function mistake(why: string): ServiceError {
  return new ServiceError("bad-request", [why]);
}
