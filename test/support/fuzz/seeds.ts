/** The messages that the mutator breaks: those of the torture RFCs, and one of each kind that a peer of ours sends. */
import { readdirSync, readFileSync } from "node:fs";
import { makeOffer } from "#sdp/offer-answer.ts";

const CORPUS = new URL("../../corpus/torture/", import.meta.url);

const SDP = makeOffer({ address: "127.0.0.1", port: 40_000, codecs: ["PCMU", "PCMA"], telephoneEvent: true });
const ROSTER = '<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:films@h"/>';

interface Kind {
  readonly lines?: readonly string[];
  readonly type?: string;
  readonly body?: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  INVITE: {
    lines: ["Supported: 100rel, timer, replaces", "Session-Expires: 1800;refresher=uac"],
    type: "application/sdp",
    body: SDP,
  },
  "INVITE ": {
    lines: ["Replaces: x@y;to-tag=1;from-tag=2", "Require: replaces"],
    type: "application/sdp",
    body: SDP,
  },
  ACK: {},
  BYE: { lines: ['Reason: SIP;cause=200;text="Done"'] },
  CANCEL: {},
  OPTIONS: { lines: ["Accept: application/sdp"] },
  REGISTER: { lines: ["Expires: 60", "Path: <sip:edge@127.0.0.1;lr>"] },
  "REGISTER ": {
    lines: [
      'Authorization: Digest username="alice", realm="h", nonce="n", uri="sip:h", response="00000000000000000000000000000000", qop=auth, nc=00000001, cnonce="c", algorithm=SHA-256',
    ],
  },
  SUBSCRIBE: { lines: ["Event: conference;id=1", "Accept: application/conference-info+xml", "Expires: 600"] },
  NOTIFY: {
    lines: ["Event: conference", "Subscription-State: active;expires=60"],
    type: "application/conference-info+xml",
    body: ROSTER,
  },
  REFER: {
    lines: ["Refer-To: <sip:bob@h?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>", "Referred-By: <sip:alice@h>"],
  },
  MESSAGE: { type: "text/plain;charset=utf-8", body: "hallo, schöne Welt" },
  INFO: {
    lines: ["Info-Package: dtmf-relay"],
    type: "application/dtmf-relay",
    body: "Signal=5\r\nDuration=160\r\n",
  },
  UPDATE: { lines: ["Session-Expires: 90", "Min-SE: 90"], type: "application/sdp", body: SDP },
  PRACK: { lines: ["RAck: 1 1 INVITE"] },
};

/** The torture messages, byte for byte. */
function torture(): Buffer[] {
  return ["rfc4475", "rfc5118"].flatMap((rfc) =>
    readdirSync(new URL(rfc, CORPUS)).map((file) => readFileSync(new URL(`${rfc}/${file}`, CORPUS))),
  );
}

/** Whom the good requests among the seeds go to. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** A good request; `id` makes it one of its own, its Contact is where `contact` listens. */
export function goodRequest(method: string, id: string, target: Target, contact: number): string {
  const { lines = [], type, body = "" } = KINDS[method] ?? {};
  const name = method.trim();
  const { host, port, user } = target;
  return [
    `${name} sip:${user}@${host}:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP ${host}:${contact};branch=z9hG4bK${id};rport`,
    "Max-Forwards: 70",
    `From: "Alice" <sip:alice@${host}>;tag=a${id}`,
    `To: <sip:${user}@${host}:${port}>`,
    `Call-ID: ${id}@${host}`,
    `CSeq: 1 ${name}`,
    `Contact: <sip:alice@${host}:${contact}>`,
    ...lines,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}

/** All that is there to be broken; the good ones go to `target`. */
export function seeds(target: Target, contact: number): Buffer[] {
  const good = Object.keys(KINDS).map((method) => Buffer.from(goodRequest(method, "seed", target, contact)));
  // Good ones weigh as much as the strange ones, for what is nearly right goes deepest.
  return [...torture(), ...good, ...good, ...good, ...good];
}

/** What a response of this status says besides. */
const SAYS: Readonly<Record<number, readonly string[]>> = {
  183: ["Require: 100rel", "RSeq: 1"],
  200: ["Expires: 60", "Session-Expires: 90;refresher=uas", "Record-Route: <sip:127.0.0.1:9;lr>"],
  302: ["Contact: <sip:carol@127.0.0.1:9>"],
  401: ['WWW-Authenticate: Digest realm="h", nonce="n", qop="auth,auth-int", algorithm=MD5'],
  422: ["Min-SE: 3600"],
  503: ["Retry-After: 1"],
};

/** The statuses a peer answers with. */
export const STATUSES = [100, 180, 183, 200, 200, 200, 302, 401, 422, 481, 486, 491, 503, 603];

/** The response a peer would give to a request that came as this text; its Contact is where `contact` listens. */
export function goodResponse(request: string, status: number, contact: number): string {
  const line = (name: string) => new RegExp(`^${name}:[^\r]*`, "im").exec(request)?.[0] ?? `${name}: x`;
  const to = line("To");
  const describes = request.startsWith("INVITE ") && status >= 180 && status < 300;
  const body = describes ? SDP : "";
  return [
    `SIP/2.0 ${status} Whatever`,
    ...(request.match(/^Via:[^\r]*/gim) ?? []),
    line("From"),
    /;tag=/i.test(to) ? to : `${to};tag=fuzz`,
    line("Call-ID"),
    line("CSeq"),
    `Contact: <sip:fuzz@127.0.0.1:${contact}>`,
    ...(SAYS[status] ?? []),
    ...(describes ? ["Content-Type: application/sdp"] : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}

/** A request within the dialog that this response to a request of ours has made. */
export function inDialog(method: string, response: string, target: Target, contact: number): string {
  const line = (name: string) => new RegExp(`^${name}:[^\r]*`, "im").exec(response)?.[0] ?? `${name}: x`;
  return goodRequest(method, `d${Math.random().toString(36).slice(2)}`, target, contact)
    .replace(/^To:.*$/m, line("To"))
    .replace(/^From:.*$/m, line("From"))
    .replace(/^Call-ID:.*$/m, line("Call-ID"))
    .replace(/^CSeq: 1 /m, method === "ACK" ? "CSeq: 1 " : "CSeq: 2 ");
}
