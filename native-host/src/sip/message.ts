/** SIP messages as values: the shape npm `sip` parses to and prints from, typed and without surprises (RFC 3261 §7). */

export type SipUri = `sip:${string}` | `sips:${string}`;
export type Sdp = string;

/** Parameters of a header or URI; `null` is a flag without a value, as in `;lr`. */
export type Params = Record<string, string | null>;

/** name-addr or addr-spec with its header parameters (RFC 3261 §20.10). `name` is plain text, unquoted. */
export interface NameAddr {
  readonly name?: string;
  readonly uri: string;
  readonly params: Params;
}

export interface Via {
  readonly version: string;
  readonly protocol: string;
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
}

export interface CSeq {
  readonly seq: number;
  readonly method: string;
}

/** Header names are lower case and long; those not listed are one string, several of a name joined by ", ". */
export interface SipHeaders {
  via: readonly Via[];
  from: NameAddr;
  to: NameAddr;
  "call-id": string;
  cseq: CSeq;
  contact?: readonly NameAddr[] | "*";
  route?: readonly NameAddr[];
  "record-route"?: readonly NameAddr[];
  [name: string]: unknown;
}

export interface SipRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: SipHeaders;
  readonly content: string;
}

export interface SipResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: SipHeaders;
  readonly content: string;
}

export type SipMessage = SipRequest | SipResponse;

/** The transports of SIP, as a Via names them (RFC 3261 §20.42, RFC 7118 §5). */
export type Transport = "UDP" | "TCP" | "TLS" | "WS" | "WSS";

/** Whether nothing is lost on the way, so that nothing is sent twice (RFC 3261 §17.1.1.1). */
export function isReliable(transport: Transport): boolean {
  return transport !== "UDP";
}

/** Where a message came from or goes to, below SIP: a literal address, never a name. */
export interface Hop {
  readonly protocol: Transport;
  readonly address: string;
  readonly port: number;
  /** The SIP domain this hop speaks for: what its certificate must prove, and what is sent as SNI (RFC 5922). */
  readonly name?: string;
}

/** One text header of a message, or undefined when it is absent or not text. */
export function textHeader(message: SipMessage, name: string): string | undefined {
  const value = message.headers[name];
  return typeof value === "string" ? value : undefined;
}
