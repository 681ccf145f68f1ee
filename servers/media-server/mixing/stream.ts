/** One participant's RTP, in and out: what is admitted and played, and the one stream he hears for all his life. */

import { type Codec, g711 } from "#rtp/g711.ts";
import { emptyHeader, HEADER_BYTES, isRtcp, type RtpHeader, readRtpInto } from "#rtp/packet.ts";
import type { MixMode } from "../../mscml/request.ts";
import { type Address, AddressLock, sameAddress } from "../address-lock.ts";
import { FRAME } from "../frame.ts";
import { KeyEvents } from "../keys.ts";
import type { Media } from "../media-engine.ts";
import { PromptPlayer } from "../prompt-player.ts";
import { Voice } from "../voice.ts";
import { JitterBuffer } from "./jitter-buffer.ts";

/** How a stream's numbers begin: random by rule (RFC 3550 §5.1), chosen in tests. */
export interface StreamStart {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
}

/** Ticks to wait, once he is there, for the device's first packet before speaking to it: 200 ms. */
const PATIENCE_TICKS = 10;

/** A packet may still be on its way out when the next is written. */
const SPARE_PACKETS = 4;

/** Packets by what became of them. */
export interface StreamCounters {
  received: number;
  sent: number;
  strangers: number;
  malformed: number;
  muted: number;
  otherPayload: number;
}

export class Stream {
  readonly id: number;
  readonly voice = new Voice();
  readonly jitter = new JitterBuffer();
  readonly keys = new KeyEvents();
  readonly prompt = new PromptPlayer();
  mixMode: MixMode = "full";
  /** Whether keys are told. */
  keypresses = false;
  readonly counters: StreamCounters = {
    received: 0,
    sent: 0,
    strangers: 0,
    malformed: 0,
    muted: 0,
    otherPayload: 0,
  };
  #media: Media | undefined;
  #lock: AddressLock | undefined;
  /** By payload type: how its bytes are decoded, "event", or nothing. */
  readonly #decoders: (Int16Array | "event" | undefined)[] = new Array(128).fill(undefined);
  readonly #header: RtpHeader = emptyHeader();
  readonly #packets: Buffer[];
  readonly #ssrc: number;
  #sequence: number;
  #timestamp: number;
  #patience = PATIENCE_TICKS;
  #mayBeForged = true;

  constructor(id: number, { ssrc, sequence, timestamp }: StreamStart) {
    this.id = id;
    this.#ssrc = ssrc;
    this.#sequence = sequence;
    this.#timestamp = timestamp;
    this.#packets = Array.from({ length: SPARE_PACKETS }, () => this.#blankPacket());
  }

  get codec(): Codec {
    return this.#media?.codec ?? "PCMU";
  }

  /** Where the next packet goes; `undefined` as long as none may be sent. */
  get target(): Address | undefined {
    const ready = this.#media?.speaks && !this.#mayBeForged && this.#patience <= 0;
    return ready ? this.#lock?.target : undefined;
  }

  /** Takes what was negotiated, first or anew; the same address keeps its lock. Says whether that ended his talking. */
  agree(media: Media): boolean {
    if (!this.#lock || !sameAddress(this.#lock.negotiated, media.remote)) {
      this.#lock = new AddressLock(media.remote);
    }
    this.#media = media;
    this.#decoders.fill(undefined);
    for (const { payload, codec } of media.payloads) {
      this.#decoders[payload] = codec === "telephone-event" ? "event" : g711[codec].decode;
    }
    return media.hears ? false : this.#hush();
  }

  /** He has shown that he hears our signalling: what he asked for may be sent to the address he named (promise A1). */
  speak(): void {
    this.#mayBeForged = false;
  }

  /** Puts him into the mix, or takes him out of it; says whether that ended his talking. */
  mix(mode: MixMode): boolean {
    this.mixMode = mode;
    return mode === "full" ? false : this.#hush();
  }

  /** Takes one datagram as it came; returns the key it presses, if any, and only if keys are to be told. */
  receive(packet: Uint8Array, address: string, port: number): string | undefined {
    if (!this.#lock?.admits(address, port)) {
      this.counters.strangers++;
      return undefined;
    }
    if (!readRtpInto(packet, this.#header)) {
      if (!isRtcp(packet)) this.counters.malformed++;
      return undefined;
    }
    this.#patience = 0;
    this.counters.received++;
    return this.#accept(packet);
  }

  /** One tick of listening; says whether he began or stopped talking. The frame is then in `jitter.frame`. */
  listen(): boolean {
    this.keys.tick();
    return this.voice.hear(this.jitter.read());
  }

  /** Whether anything was ever sent to him, or may be now. */
  get reached(): boolean {
    return this.counters.sent > 0 || this.target !== undefined;
  }

  /** One tick of speaking: the packet to send with this payload of one frame, if one is to be sent. */
  next(payload: Uint8Array): Buffer | undefined {
    const speaking = this.target !== undefined;
    if (!speaking && this.counters.sent === 0) {
      if (this.#media && !this.#mayBeForged) this.#patience--;
      return undefined;
    }
    const packet = this.#packets[this.counters.sent % SPARE_PACKETS] as Buffer;
    const timestamp = this.#timestamp;
    // Time goes on while he is on hold, the sequence does not (RFC 3550 §5.1).
    this.#timestamp = (timestamp + FRAME) >>> 0;
    if (!speaking) return undefined;
    this.#write(packet, timestamp, payload);
    return packet;
  }

  /** What was not played yet is never played. */
  #hush(): boolean {
    this.jitter.reset();
    return this.voice.hush();
  }

  /** Keys are heard of one who is muted as well: with them he asks to be heard again. */
  #accept(packet: Uint8Array): string | undefined {
    const header = this.#header;
    const decoder = this.#decoders[header.payloadType];
    if (decoder === "event") {
      const key = this.keys.read(header, packet);
      return this.keypresses ? key : undefined;
    }
    if (!this.#media?.hears || this.mixMode !== "full") this.counters.muted++;
    else if (decoder === undefined) this.counters.otherPayload++;
    else this.jitter.write(header, packet, decoder);
    return undefined;
  }

  #write(packet: Buffer, timestamp: number, payload: Uint8Array): void {
    const first = this.counters.sent++ === 0;
    const payloadType = this.#media?.payload ?? 0;
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 65_535;
    packet[1] = first ? payloadType | 128 : payloadType;
    packet[2] = sequence >> 8;
    packet[3] = sequence;
    packet[4] = timestamp >>> 24;
    packet[5] = timestamp >>> 16;
    packet[6] = timestamp >>> 8;
    packet[7] = timestamp;
    packet.set(payload, HEADER_BYTES);
  }

  #blankPacket(): Buffer {
    const packet = Buffer.alloc(HEADER_BYTES + FRAME);
    packet[0] = 0x80;
    packet.writeUInt32BE(this.#ssrc >>> 0, 8);
    return packet;
  }
}
