/** Offers and answers of one audio stream (RFC 3264). */
import { isIPv6 } from "node:net";
import { type MediaDescription, type SessionDescription, write } from "sdp-transform";
import type { Sdp } from "#sip/message.ts";
import {
  type AudioMedia,
  type Codec,
  type Direction,
  parseSession,
  readMedia,
  receives,
  sends,
  wayOf,
} from "./session.ts";

/** Our audio: where we listen and what we can decode, best first. */
export interface LocalAudio {
  readonly address: string;
  readonly port: number;
  readonly codecs: readonly ("PCMU" | "PCMA")[];
  readonly telephoneEvent: boolean;
  /** The payload type of telephone-event in an offer; 101 when missing. */
  readonly eventsPayload?: number;
  /** Whose order of codecs an answer has, the first being what is used: the offerer's when missing (RFC 3264 §6.1). */
  readonly order?: "theirs" | "ours";
  /** What we want; `sendrecv` when missing. */
  readonly direction?: Direction;
}

/** The payload types that need no word (RFC 3551 §6). */
export const PAYLOAD = { PCMU: 0, PCMA: 8 } as const;

/** The dynamic payload type nearly everyone offers telephone-event under. */
export const TELEPHONE_EVENT = 101;

/** More m-lines than any phone sends; answering each would only make a long message longer. */
const MOST_MEDIA = 16;

/** An offer of one audio stream. Its o= line is completed by the leg that sends it (`Origin`). */
export function makeOffer(local: LocalAudio): Sdp {
  const codecs = local.codecs.map((name) => ({ payload: PAYLOAD[name], name, rate: 8000 }));
  const events = local.telephoneEvent ? (local.eventsPayload ?? TELEPHONE_EVENT) : undefined;
  const direction = local.direction ?? "sendrecv";
  return write(session(local, [audioLine(local, { codecs, events, direction, rtcpMux: true })]));
}

/**
 * The answer to `offer`, or `undefined` when nothing in it can be used (488). Keeps the number and the
 * order of the m-lines and refuses all but one with port 0 (§6). Never throws.
 */
export function makeAnswer(offer: Sdp, local: LocalAudio): Sdp | undefined {
  const offered = parseSession(offer);
  if (!offered || offered.media.length > MOST_MEDIA || !offered.media.every(isWhole)) return undefined;
  let chosen = false;
  const media = offered.media.map((line) => {
    const answer = chosen ? undefined : answerMedia(readMedia(offered, line), local);
    chosen ||= answer !== undefined;
    return answer ?? refusal(line);
  });
  return chosen ? write(session(local, media)) : undefined;
}

function answerMedia(remote: AudioMedia | undefined, local: LocalAudio): MediaDescription | undefined {
  if (!remote) return undefined;
  const known: readonly string[] = local.codecs;
  const common = remote.codecs.filter(({ name, rate }) => known.includes(name) && rate === 8000);
  if (common.length === 0) return undefined;
  const rank = ({ name }: Codec) => known.indexOf(name);
  const codecs = local.order === "ours" ? common.toSorted((one, other) => rank(one) - rank(other)) : common;
  const events = local.telephoneEvent ? remote.telephoneEvent : undefined;
  const direction = answerDirection(remote.direction, local.direction ?? "sendrecv");
  return audioLine(local, { codecs, events, direction, rtcpMux: remote.rtcpMux });
}

/** What we may still do: we send only what they receive, and receive only what they send (§6.1). */
export function answerDirection(offered: Direction, wanted: Direction): Direction {
  return wayOf(sends(wanted) && receives(offered), receives(wanted) && sends(offered));
}

interface AudioLine {
  readonly codecs: readonly Codec[];
  readonly events: number | undefined;
  readonly direction: Direction;
  readonly rtcpMux: boolean;
}

/** RTCP comes to the port of RTP either way: multiplexed (RFC 5761) or, for others, because we say so (RFC 3605). */
function audioLine(
  { port }: LocalAudio,
  { codecs, events, direction, rtcpMux }: AudioLine,
): MediaDescription {
  const rtp = codecs.map(({ payload, name, rate }) => ({ payload, codec: name, rate }));
  const eventsMap = { payload: events ?? 0, codec: "telephone-event", rate: 8000 };
  const all = events === undefined ? rtp : [...rtp, eventsMap];
  return {
    type: "audio",
    port,
    protocol: "RTP/AVP",
    payloads: all.map(({ payload }) => payload).join(" "),
    rtp: all,
    fmtp: events === undefined ? [] : [{ payload: events, config: "0-15" }],
    ptime: 20,
    direction,
    rtcp: { port },
    ...(rtcpMux && { rtcpMux: "rtcp-mux" }),
  };
}

const isWhole = (line: MediaDescription): boolean =>
  typeof line.type === "string" && typeof line.protocol === "string";

/** The same m-line with port 0: seen, understood, not wanted. */
function refusal({ type, protocol, payloads }: MediaDescription): MediaDescription {
  return { type, port: 0, protocol, payloads: String(payloads ?? "0"), rtp: [], fmtp: [] };
}

function session(local: LocalAudio, media: MediaDescription[]): SessionDescription {
  const ipVer = isIPv6(local.address) ? 6 : 4;
  return {
    version: 0,
    origin: { username: "-", sessionId: 0, sessionVersion: 0, netType: "IN", ipVer, address: local.address },
    name: "-",
    connection: { version: ipVer, ip: local.address },
    timing: { start: 0, stop: 0 },
    media,
  };
}
