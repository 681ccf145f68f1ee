/** A phone without SIP: sends a tone on a steady clock and keeps what it hears. */
import dgram from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { Codec } from "#rtp/g711.ts";
import { writeRtp } from "#rtp/packet.ts";
import { type ReceivedPacket, RtpRecording } from "./rtp-recording.ts";
import { FRAME_MS, FRAME_SAMPLES, toneFrame } from "./tone.ts";

export interface RtpPartyOptions {
  /** The tone it sends; without one it sends silence. Multiples of 50 Hz are told apart best. */
  readonly hz?: number;
  readonly codec?: Codec;
  readonly host?: string;
}

/** Behind its clock by more frames than this it skips them, as a phone does after a stall. */
const MAX_CATCH_UP = 10;

export class RtpParty {
  readonly address: string;
  readonly port: number;
  readonly codec: Codec;
  /** All that was received; reset by `forget()`. */
  heard = new RtpRecording();
  hz: number | undefined;
  readonly ssrc = Math.floor(Math.random() * 2 ** 32);
  sequence = Math.floor(Math.random() * 65_536);
  timestamp = Math.floor(Math.random() * 2 ** 32);
  readonly #socket: dgram.Socket;
  readonly #waiting = new Set<(packet: ReceivedPacket) => void>();
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  private constructor(socket: dgram.Socket, options: RtpPartyOptions) {
    this.#socket = socket;
    this.address = socket.address().address;
    this.port = socket.address().port;
    this.codec = options.codec ?? "PCMU";
    this.hz = options.hz;
    socket.on("message", (datagram, from) => this.#receive(datagram, from));
  }

  static async open(options: RtpPartyOptions = {}): Promise<RtpParty> {
    const host = options.host ?? "127.0.0.1";
    const socket = dgram.createSocket({ type: isIPv6(host) ? "udp6" : "udp4", recvBufferSize: 1 << 20 });
    socket.bind(0, host);
    await once(socket, "listening");
    return new RtpParty(socket, options);
  }

  /** An SDP offer for this endpoint, with telephone-event under the number `events`. */
  offer(direction = "sendrecv", events = 101): string {
    const payload = this.codec === "PCMA" ? 8 : 0;
    const where = `IN IP${isIPv6(this.address) ? 6 : 4} ${this.address}`;
    const lines = [
      "v=0",
      `o=- ${this.ssrc} 1 ${where}`,
      "s=-",
      `c=${where}`,
      "t=0 0",
      `m=audio ${this.port} RTP/AVP ${payload} ${events}`,
      `a=rtpmap:${payload} ${this.codec}/8000`,
      `a=rtpmap:${events} telephone-event/8000`,
      `a=fmtp:${events} 0-15`,
      "a=ptime:20",
      `a=${direction}`,
    ];
    return `${lines.join("\r\n")}\r\n`;
  }

  /** Sends a frame every 20 ms to where an SDP says, until `stop()`; a second call changes the target only. */
  talkTo(target: string | { address: string; port: number }): void {
    const to = typeof target === "string" ? mediaOf(target) : target;
    this.stop();
    const start = performance.now();
    let sent = 0;
    const turn = () => {
      const due = Math.floor((performance.now() - start) / FRAME_MS) + 1;
      if (due - sent > MAX_CATCH_UP) sent += this.#skip(due - sent - 1);
      for (; sent < due; sent++) this.#sendFrame(to);
      this.#timer = setTimeout(turn, Math.max(0, start + sent * FRAME_MS - performance.now()));
    };
    turn();
  }

  /** Stops sending; goes on hearing. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Sends one datagram as it is. */
  send(datagram: Uint8Array, to: { address: string; port: number }): void {
    this.#socket.send(datagram, to.port, to.address);
  }

  /** Forgets all that was received; returns the time from which the new recording counts. */
  forget(): number {
    this.heard = new RtpRecording();
    return performance.now();
  }

  /** The first packet from now on that fits; rejects after `timeoutMs`. */
  next(fits: (packet: ReceivedPacket) => boolean = () => true, timeoutMs = 10_000): Promise<ReceivedPacket> {
    const { promise, resolve, reject } = Promise.withResolvers<ReceivedPacket>();
    const timer = setTimeout(() => done(() => reject(new Error("no such packet came"))), timeoutMs);
    const listener = (packet: ReceivedPacket) => {
      if (fits(packet)) done(() => resolve(packet));
    };
    const done = (settle: () => void) => {
      clearTimeout(timer);
      this.#waiting.delete(listener);
      settle();
    };
    this.#waiting.add(listener);
    return promise;
  }

  /** Resolves when `count` more packets have come: time as the stream tells it, not the wall clock. */
  async frames(count: number): Promise<void> {
    let left = count;
    await this.next(() => --left <= 0, 10_000 + count * FRAME_MS * 5);
  }

  /** Resolves when `hz` is heard (again) from now on. */
  async hears(hz: number, timeoutMs = 10_000): Promise<ReceivedPacket> {
    const only = new RtpRecording();
    return this.next((packet) => {
      only.packets[0] = packet;
      return only.tonesHeard().includes(hz);
    }, timeoutMs);
  }

  close(): void {
    this.stop();
    this.#socket.close();
  }

  #receive(datagram: Buffer, from: dgram.RemoteInfo): void {
    const packet = this.heard.add(datagram, from, performance.now());
    if (packet) for (const listener of [...this.#waiting]) listener(packet);
  }

  #sendFrame(to: { address: string; port: number }): void {
    const payloadType = this.codec === "PCMA" ? 8 : 0;
    const { sequence, timestamp, ssrc } = this;
    const packet = writeRtp({ payloadType, marker: false, sequence, timestamp, ssrc }, this.#nextFrame());
    this.sequence = (sequence + 1) & 65_535;
    this.timestamp = (timestamp + FRAME_SAMPLES) >>> 0;
    this.send(packet, to);
  }

  #nextFrame(): Uint8Array {
    return toneFrame(this.hz, this.#frame++, this.codec);
  }

  #skip(frames: number): number {
    this.timestamp = (this.timestamp + frames * FRAME_SAMPLES) >>> 0;
    return frames;
  }
}

/** Address and port of the first audio line of an SDP. */
export function mediaOf(sdp: string): { address: string; port: number } {
  const address = /^c=IN IP[46] (\S+)/m.exec(sdp)?.[1];
  const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
  if (address === undefined || !port) throw new Error(`no audio in this SDP:\n${sdp}`);
  return { address, port };
}
