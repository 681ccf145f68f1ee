/** What an INVITE outside a dialog says: offer, further parts, and the call it takes over (RFC 3261 §13.2.1, RFC 3891). */
import type { Core } from "./core.ts";
import { extraHeaders, formatReplaces, sdpBody } from "./header-values.ts";
import { recvInfo } from "./info.ts";
import type { InviteOptions } from "./leg.ts";
import type { NameAddr, Sdp, SipRequest, SipUri } from "./message.ts";
import { type BodyPart, formatParts } from "./multipart.ts";

interface Said {
  readonly options: InviteOptions;
  readonly contact: NameAddr;
  /** Our description, "" when the peer is to offer. */
  readonly sdp: Sdp;
  /** How often the session is refreshed. */
  readonly headers: Readonly<Record<string, string>>;
}

export function firstInvite(core: Core, target: SipUri, said: Said): SipRequest {
  const { from, proxy, headers, replaces, handlers, parts = [] } = said.options;
  const required = [headers?.["require"], "replaces"].filter(Boolean).join(", ");
  const takeOver = replaces && { replaces: formatReplaces(replaces), require: required };
  return core.first("INVITE", target, {
    from: from && { ...from, params: {} },
    routes: byProxy(proxy),
    headers: {
      contact: [said.contact],
      ...recvInfo(handlers),
      ...said.headers,
      ...extraHeaders(headers),
      ...takeOver,
    },
    body: parts.length === 0 ? sdpBody(said.sdp) : formatParts([...sdpPart(said.sdp), ...parts]),
  });
}

/** The way by one proxy; the usual one without. */
export function byProxy(proxy: SipUri | undefined): readonly NameAddr[] | undefined {
  return proxy && [{ uri: proxy, params: {} }];
}

function sdpPart(sdp: Sdp): BodyPart[] {
  return sdp === "" ? [] : [{ type: "application/sdp", disposition: "session", content: sdp }];
}
