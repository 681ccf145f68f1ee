/** The daemon's end of a browser's peer connection: answers its offer, hands out its RTP (RFC 8829, RFC 8834). */

import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import type { PeerConnection, Track } from "node-datachannel";
import { isRtcp } from "../rtp/packet.ts";
import { parseSession } from "../sdp/session.ts";
import type { Sdp } from "../sip/message.ts";
import type { Codec } from "./device.ts";
import type { MediaPort } from "./media-port.ts";

/** Gathering only asks this machine for its addresses. */
const GATHER_WITHIN_MS = 2000;
const OPEN_WITHIN_MS = 10_000;
/** ICE may find its way back until then (RFC 8445 §14); a closed connection cannot. */
const RETURN_WITHIN_MS = 5000;

/**
 * A browser sends audio all the time, also when muted; one that was closed or crashed is silent long before ICE
 * notices (30 s). Counted in ticks, so that a computer's sleep is not taken for the browser's end.
 */
const TICK_MS = 1000;
const SILENT_TICKS = 8;

export interface Peer {
  readonly answer: Sdp;
  readonly port: MediaPort;
  readonly codec: Codec;
  readonly telephoneEvent: number | undefined;
  /** Set by the owner: the browser closed the connection, or it did not come back. */
  onLost: (reason: string) => void;
  close(): void;
}

interface OfferedAudio {
  readonly mid: string;
  readonly codec: Codec;
  readonly telephoneEvent: number | undefined;
}

/** Answers with the first of `codecs` in the offer; undefined when there is none, or no audio. Throws on an offer beyond reading. */
export async function answerPeer(offer: Sdp, codecs: readonly Codec[]): Promise<Peer | undefined> {
  const audio = offeredAudio(offer, codecs);
  if (!audio) return undefined;
  // Loaded at first use: most services never meet a browser that is a phone.
  const { Audio, PeerConnection } = await import("node-datachannel");
  const connection = new PeerConnection("browser", {
    iceServers: [],
    disableAutoNegotiation: true,
    ...(isOnline() ? {} : { bindAddress: "127.0.0.1" }),
  });
  try {
    const gathered = untilGathered(connection);
    const ssrc = randomBytes(4).readUInt32BE();
    const description = new Audio(audio.mid, "SendRecv");
    description.addAudioCodec(PAYLOAD[audio.codec], `${audio.codec}/8000`);
    if (audio.telephoneEvent) description.addAudioCodec(audio.telephoneEvent, "telephone-event/8000");
    description.addSSRC(ssrc, "partyline", "partyline", "far-end");
    connection.setRemoteDescription(offer, "offer");
    const peer = new BrowserPeer(connection, connection.addTrack(description), { ...audio, ssrc });
    connection.setLocalDescription("answer");
    await gathered;
    peer.answer = withLoopback(connection.localDescription()?.sdp ?? "");
    return peer;
  } catch (unreadable) {
    connection.close();
    throw unreadable;
  }
}

const PAYLOAD = { PCMU: 0, PCMA: 8 } as const;

function offeredAudio(offer: Sdp, codecs: readonly Codec[]): OfferedAudio | undefined {
  const media = parseSession(offer)?.media.find(({ type }) => type === "audio");
  const codec = codecs.find((name) => media?.rtp.some((line) => isCodec(line, name)));
  if (media?.mid === undefined || !codec) return undefined;
  const events = media.rtp.find((line) => line.codec === "telephone-event" && line.rate === 8000);
  return { mid: String(media.mid), codec, telephoneEvent: events?.payload };
}

const isCodec = (line: { payload: number; codec: string }, name: Codec): boolean =>
  String(line.codec).toUpperCase() === name && line.payload === PAYLOAD[name];

async function untilGathered(connection: PeerConnection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const overdue = setTimeout(resolve, GATHER_WITHIN_MS);
  connection.onGatheringStateChange(guarded((state) => state === "complete" && resolve()));
  await promise;
  clearTimeout(overdue);
}

class BrowserPeer implements Peer, MediaPort {
  answer: Sdp = "";
  readonly port = this;
  readonly codec: Codec;
  readonly telephoneEvent: number | undefined;
  onLost: (reason: string) => void = () => undefined;
  onPacket: (packet: Uint8Array) => void = () => undefined;
  readonly counts = { received: 0, sent: 0, rtcp: 0 };
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #ssrc: number;
  #lossTimer: NodeJS.Timeout | undefined;
  #ticks: NodeJS.Timeout | undefined;
  #silentTicks = 0;
  #closed = false;

  constructor(connection: PeerConnection, track: Track, audio: OfferedAudio & { readonly ssrc: number }) {
    this.#connection = connection;
    this.#track = track;
    this.#ssrc = audio.ssrc;
    this.codec = audio.codec;
    this.telephoneEvent = audio.telephoneEvent;
    track.onMessage(guarded((packet) => this.#receive(packet)));
    connection.onStateChange(guarded((state) => this.#entered(state)));
    this.#loseAfter(OPEN_WITHIN_MS, "the connection to the browser did not come up");
  }

  send(packet: Uint8Array): void {
    if (this.#closed || !this.#track.isOpen()) return;
    const out = Buffer.from(packet);
    // The browser plays the source its answer named.
    out.writeUInt32BE(this.#ssrc, 8);
    this.counts.sent += 1;
    this.#track.sendMessageBinary(out);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#lossTimer);
    clearInterval(this.#ticks);
    this.#connection.close();
  }

  #receive(packet: Uint8Array): void {
    if (this.#closed) return;
    if (isRtcp(packet)) {
      this.counts.rtcp += 1;
    } else {
      this.counts.received += 1;
      this.#silentTicks = 0;
      this.#ticks ??= setInterval(() => this.#tick(), TICK_MS);
      this.onPacket(packet);
    }
  }

  #entered(state: string): void {
    if (this.#closed) return;
    if (state === "connected") clearTimeout(this.#lossTimer);
    if (state === "closed") this.#lost("the browser closed the connection");
    if (state === "disconnected" || state === "failed") {
      this.#loseAfter(RETURN_WITHIN_MS, "the connection to the browser was lost");
    }
  }

  #tick(): void {
    this.#silentTicks += 1;
    if (this.#silentTicks > SILENT_TICKS) this.#lost("the browser fell silent");
  }

  #loseAfter(ms: number, reason: string): void {
    clearTimeout(this.#lossTimer);
    this.#lossTimer = setTimeout(() => this.#lost(reason), ms);
  }

  #lost(reason: string): void {
    this.close();
    this.onLost(reason);
  }
}

/** An exception that leaves a callback of the native library ends the process: none may. */
function guarded<Value>(act: (value: Value) => unknown): (value: Value) => void {
  return (value) => {
    try {
      act(value);
    } catch (bug) {
      queueMicrotask(() => {
        throw bug;
      });
    }
  };
}

function isOnline(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal));
}

/** The loopback address as one more host candidate: the library leaves it out, and it is where the browser is. */
function withLoopback(answer: Sdp): Sdp {
  const host = /^a=candidate:\S+ 1 UDP \d+ [\d.]+ (\d+) typ host/im.exec(answer);
  if (!host || answer.includes(" 127.0.0.1 ")) return answer;
  const loopback = `a=candidate:100 1 UDP 2122317823 127.0.0.1 ${host[1]} typ host`;
  return answer.replace(/^a=candidate:/m, `${loopback}\r\na=candidate:`);
}
