/** What an INVITE outside a dialog says: offer, further parts, and the call it takes over (RFC 3261 §13.2.1, RFC 3891). */
import type { Core } from "./core.ts";
import { extraHeaders, formatReplaces } from "./header-values.ts";
import { recvInfo } from "./info.ts";
import type { InviteOptions } from "./leg.ts";
import type { NameAddr, Sdp, SipRequest, SipUri } from "./message.ts";
import { describing } from "./multipart.ts";

interface Said {
  readonly options: InviteOptions;
  readonly contact: NameAddr;
  /** Our description, "" when the peer is to offer. */
  readonly sdp: Sdp;
  /** How often the session is refreshed. */
  readonly headers: Readonly<Record<string, string>>;
}

export function firstInvite(core: Core, target: SipUri, said: Said): SipRequest {
  const { from, proxy, headers, replaces, handlers, parts, brief = false } = said.options;
  const required = [headers?.["require"], "replaces"].filter(Boolean).join(", ");
  const takeOver = replaces && { replaces: formatReplaces(replaces), require: required };
  const request = core.first("INVITE", target, {
    from: from && { ...from, params: {} },
    routes: byProxy(proxy),
    headers: {
      contact: [said.contact],
      ...recvInfo(handlers),
      ...said.headers,
      ...extraHeaders(headers),
      ...takeOver,
    },
    body: describing(said.sdp, parts),
  });
  return brief ? shortened(request) : request;
}

function shortened(request: SipRequest): SipRequest {
  const { allow: _allow, "user-agent": _name, ...headers } = request.headers;
  return { ...request, headers };
}

/** The way by one proxy; the usual one without. */
export function byProxy(proxy: SipUri | undefined): readonly NameAddr[] | undefined {
  return proxy && [{ uri: proxy, params: {} }];
}
