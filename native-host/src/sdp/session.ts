/** What a session description says about audio (RFC 4566), read from a peer we do not trust. */
import { isIP } from "node:net";
import { type MediaDescription, parse, type SessionDescription } from "sdp-transform";
import type { Sdp } from "#sip/message.ts";
import { remembering } from "#sip/remember.ts";

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

export interface Codec {
  readonly payload: number;
  /** Upper case, as in `PCMU`. */
  readonly name: string;
  /** Clock rate in Hz. */
  readonly rate: number;
}

/** One side's audio: where it wants to receive, what it can decode, and which way it talks. */
export interface AudioMedia {
  readonly address: string;
  readonly port: number;
  readonly direction: Direction;
  /** In the sender's order of preference; telephone-event is not among them. */
  readonly codecs: readonly Codec[];
  /** The payload type of telephone-event (RFC 4733), where it is understood. */
  readonly telephoneEvent?: number;
  readonly ptimeMs: number;
  /** Whether it takes RTCP on the port of its RTP (RFC 5761). */
  readonly rtcpMux: boolean;
}

/** What we send: packets of 20 ms. */
const PTIME_MS = 20;

/** RTP payload types that look like RTCP where both share a port (RFC 5761 §4). */
const LIKE_RTCP = { first: 64, last: 95 } as const;

/** Payload types that need no rtpmap (RFC 3551 §6). */
const STATIC: Readonly<Record<number, Codec>> = {
  0: { payload: 0, name: "PCMU", rate: 8000 },
  8: { payload: 8, name: "PCMA", rate: 8000 },
};

const DIRECTIONS: readonly unknown[] = ["sendrecv", "sendonly", "recvonly", "inactive"];
export const sends = (direction: Direction): boolean => direction === "sendrecv" || direction === "sendonly";
export const receives = (direction: Direction): boolean =>
  direction === "sendrecv" || direction === "recvonly";

export function wayOf(send: boolean, receive: boolean): Direction {
  if (send) return receive ? "sendrecv" : "sendonly";
  return receive ? "recvonly" : "inactive";
}

const isDirection = (value: unknown): value is Direction => DIRECTIONS.includes(value);

/** sdp-transform's view of the text, or `undefined` when even its lines cannot be read. */
export function parseSession(sdp: Sdp): SessionDescription | undefined {
  try {
    return parse(sdp);
  } catch {
    return undefined;
  }
}

/** The first audio stream over plain RTP that could be used, with one of `codecs` if they are named. Never throws. */
export function readAudio(sdp: Sdp, codecs?: readonly string[]): AudioMedia | undefined {
  return codecs ? firstAudio(sdp, codecs) : anyAudio(sdp);
}

/** While a call is set up or moved, the same two descriptions are asked about a dozen times; a hundred may move at once. */
const anyAudio = remembering((sdp) => firstAudio(sdp), 200, 2_000);

function firstAudio(sdp: Sdp, codecs?: readonly string[]): AudioMedia | undefined {
  const session = parseSession(sdp);
  if (!session) return undefined;
  for (const media of session.media) {
    const audio = readMedia(session, media);
    if (audio && (!codecs || audio.codecs.some(({ name }) => codecs.includes(name)))) return audio;
  }
  return undefined;
}

/** One m-line as audio, or `undefined` when it is something else, refused or unusable. */
export function readMedia(session: SessionDescription, media: MediaDescription): AudioMedia | undefined {
  const address = literalAddress(media) ?? literalAddress(session);
  if (media.type !== "audio" || media.protocol !== "RTP/AVP" || !isPort(media.port) || !address) {
    return undefined;
  }
  const formats = readFormats(media);
  const codecs = formats.filter(({ name }) => name !== "TELEPHONE-EVENT");
  if (codecs.length === 0 || !takesOurPackets(media)) return undefined;
  const events = formats.find(({ name, rate }) => name === "TELEPHONE-EVENT" && rate === 8000);
  return {
    address,
    port: media.port,
    direction: directionOf(session, media, address),
    codecs,
    ...(events && { telephoneEvent: events.payload }),
    ptimeMs: readPtime(media),
    rtcpMux: media.rtcpMux !== undefined && !formats.some(({ payload }) => looksLikeRtcp(payload)),
  };
}

function readFormats(media: MediaDescription): Codec[] {
  const payloads = String(media.payloads ?? "")
    .split(" ")
    .map(Number);
  const mapped = new Map(media.rtp.map((line) => [Number(line.payload), line]));
  return payloads.filter(isPayloadType).flatMap((payload) => {
    const line = mapped.get(payload);
    if (!line) return STATIC[payload] ?? [];
    return { payload, name: String(line.codec).toUpperCase(), rate: Number(line.rate) || 8000 };
  });
}

/** A c= of 0.0.0.0 is the old way to say "send me nothing" (RFC 3264 §8.4). */
function directionOf(session: SessionDescription, media: MediaDescription, address: string): Direction {
  const said = [media.direction, session.direction].find(isDirection) ?? "sendrecv";
  if (address !== "0.0.0.0" && address !== "::") return said;
  return wayOf(sends(said), false);
}

/** The literal address of a c= line; names would make us ask the DNS on a stranger's word. */
function literalAddress(part: SessionDescription | MediaDescription): string | undefined {
  const { ip, version } = part.connection ?? {};
  return typeof ip === "string" && isIP(ip) !== 0 && isIP(ip) === version ? ip : undefined;
}

const isPort = (port: unknown): port is number =>
  Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65535;
const isPayloadType = (payload: number): boolean =>
  Number.isInteger(payload) && payload >= 0 && payload <= 127;

function readPtime(media: MediaDescription): number {
  const ptime = Number(media.ptime);
  return Number.isInteger(ptime) && ptime >= 10 && ptime <= 200 ? ptime : PTIME_MS;
}

/** `maxptime` is how much audio a packet to it may hold (RFC 4566 §6). */
function takesOurPackets(media: MediaDescription): boolean {
  const most = Number(media.maxptime);
  return !(most > 0 && most < PTIME_MS);
}

function looksLikeRtcp(payload: number): boolean {
  return payload >= LIKE_RTCP.first && payload <= LIKE_RTCP.last;
}
