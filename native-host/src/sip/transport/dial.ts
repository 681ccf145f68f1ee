/** Opens connections: TCP, TLS to who proves its name, and WebSocket over either (RFC 3261 §18.1, RFC 5922, RFC 7118). */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { WebSocket } from "ws";
import type { Limits } from "../limits.ts";
import type { Hop } from "../message.ts";
import { bracketed } from "../uri.ts";
import { isWildcard } from "./address.ts";
import { speaksFor, wrongName } from "./certificate.ts";
import type { Channel } from "./channel.ts";
import { StreamChannel } from "./stream-channel.ts";
import type { Trust } from "./trust.ts";
import { WebSocketChannel, webSocketLimits } from "./web-socket-channel.ts";

export interface DialOptions {
  /** Our own address, which connections come from. */
  readonly host: string;
  readonly limits: Limits;
  readonly trust: Trust;
}

/** What of `ws` we speak. */
export const SUBPROTOCOL = "sip";

/** A channel that is opening. Throws when what TLS needs is not good. */
export function dial(hop: Hop, options: DialOptions): Channel {
  const socket = dialSocket(hop, options);
  const { limits } = options;
  if (hop.protocol !== "WS" && hop.protocol !== "WSS") return new StreamChannel(socket, limits);
  const url = `${hop.protocol.toLowerCase()}://${bracketed(hop.name ?? hop.address)}:${hop.port}/`;
  const webSocket = new WebSocket(url, SUBPROTOCOL, {
    createConnection: () => socket,
    ...webSocketLimits(limits),
  });
  return new WebSocketChannel(webSocket, socket, limits);
}

function dialSocket(hop: Hop, { host, trust }: DialOptions): Socket {
  const from = isWildcard(host) ? {} : { localAddress: host };
  const to = { host: hop.address, port: hop.port, noDelay: true, ...from };
  if (hop.protocol !== "TLS" && hop.protocol !== "WSS") return connectTcp(to);
  const domain = hop.name ?? hop.address;
  return connectTls({
    ...to,
    secureContext: trust.client,
    // An address is no server name (RFC 6066 §3).
    servername: isIP(domain) === 0 ? domain : "",
    checkServerIdentity: (_host, certificate) =>
      speaksFor(certificate, domain) ? undefined : wrongName(domain),
  });
}
