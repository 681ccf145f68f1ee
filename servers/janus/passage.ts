/** What passes between a phone and its seat in Janus: what is admitted, and back the one stream it hears all its life. */
import { g711 } from "#rtp/g711.ts";
import { HEADER_BYTES, type RtpHeader, readRtp, writeRtp } from "#rtp/packet.ts";
import { ContinuousStream } from "#rtp/stream.ts";
import { type Address, AddressLock, sameAddress } from "../media-server/address-lock.ts";
import { FRAME } from "../media-server/frame.ts";
import { KeyEvents } from "../media-server/keys.ts";
import type { Media, PlayEnd } from "../media-server/media-engine.ts";
import { PromptPlayer, type Samples } from "../media-server/prompt-player.ts";
import { Voice } from "../media-server/voice.ts";
import type { MixMode } from "../mscml/request.ts";
import { asPcmu, encoded, Framer, fromPcmu, levelOf, under } from "./frames.ts";

export interface PassageEvents {
  toPhone(packet: Buffer, to: Address): void;
  toBridge(packet: Buffer): void;
  onTalking(talking: boolean): void;
  /** What the phone sends is passed on to Janus from now on, or no longer; it is so at first. */
  onHeard(heard: boolean): void;
  /** One of `0-9`, `*`, `#`, `A-D`, so long after the one before it. */
  onKey(key: string, sinceMs: number | undefined): void;
  onPlayed(ask: number, end: PlayEnd): void;
}

/** How long a new listener is waited for before he is spoken to, and a talker whose packets stay away counts as one. */
const PATIENCE_MS = 200;
const SILENT_MS = 300;
const TICK_MS = 20;

export class Passage {
  readonly #events: PassageEvents;
  readonly #in = new Framer();
  readonly #out = new ContinuousStream();
  readonly #keys = new KeyEvents();
  readonly #prompt = new PromptPlayer();
  /** Until when time has gone on for the keys. */
  #keyClock = performance.now();
  #voice = new Voice();
  #media: Media | undefined;
  #lock: AddressLock | undefined;
  #mode: MixMode = "full";
  #heard = true;
  /** Counts the times that sending to the phone began anew, so that nothing seems lost in between. */
  #spell = 0;
  #sending = false;
  #mayBeForged = true;
  #woken = false;
  #heardAt = 0;
  #patience: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;

  constructor(events: PassageEvents) {
    this.#events = events;
  }

  get talking(): boolean {
    return this.#voice.talking;
  }

  get mode(): MixMode {
    return this.#mode;
  }

  set mode(mode: MixMode) {
    this.#mode = mode;
    this.#listen();
  }

  /** Whether what the phone sends is passed on. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Takes what was negotiated, first or anew; the same address keeps its lock. */
  agree(media: Media): void {
    if (!this.#lock || !sameAddress(this.#lock.negotiated, media.remote))
      this.#lock = new AddressLock(media.remote);
    this.#media = media;
    this.#listen();
  }

  /** He has shown that he hears our signalling: audio may go to the address he named. */
  speak(): void {
    this.#mayBeForged = false;
    this.#patience ??= setTimeout(() => this.wake(), PATIENCE_MS);
  }

  /** Janus sends nothing to who has not sent: a listener's first packet is made for him. */
  wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    this.#events.toBridge(this.#in.silence());
  }

  /** One datagram at the phone's port. */
  fromPhone(packet: Uint8Array, address: string, port: number): void {
    if (!this.#lock?.admits(address, port)) return;
    const header = readRtp(packet);
    const type = this.#media?.payloads.find(({ payload }) => payload === header?.payloadType)?.codec;
    if (!header || !type) return;
    this.wake();
    const payload = packet.subarray(header.payloadStart, header.payloadEnd);
    if (type === "telephone-event") this.#pressed(header, packet);
    else if (this.#heard) for (const frame of this.#in.take(header, asPcmu(payload, type))) this.#hear(frame);
  }

  /** One datagram of the seat in Janus. */
  fromBridge(packet: Uint8Array): void {
    const header = readRtp(packet);
    if (!header) return;
    const mix = packet.subarray(header.payloadStart, header.payloadEnd);
    const media = this.#media;
    if (!this.#lock || !media?.speaks || this.#mayBeForged || !this.#woken) {
      this.#sending = false;
      // A prompt that he began to hear goes on, unheard, while he is on hold.
      if (this.#spell > 0) this.#played(mix);
      return;
    }
    if (!this.#sending) this.#spell++;
    this.#sending = true;
    const { sequence, timestamp, ssrc } = header;
    const fields = { payloadType: media.payload, marker: false, sequence, timestamp, ssrc };
    const out = writeRtp(fields, fromPcmu(this.#played(mix), media.codec));
    this.#events.toPhone(this.#out.forward(out, this.#spell), this.#lock.target);
  }

  /** Plays to the phone alone, in place of what was playing; `onPlayed` names `ask` when it ends. */
  play(ask: number, pieces: readonly Samples[]): void {
    this.stopPlaying();
    this.#prompt.start(ask, pieces);
    this.wake();
  }

  stopPlaying(): void {
    this.#endPlaying("stopped");
  }

  close(): void {
    clearTimeout(this.#patience);
    clearTimeout(this.#silence);
  }

  /** What of the mix the phone hears, and the prompt over it. */
  #played(mix: Uint8Array): Uint8Array {
    const parked = this.#mode === "parked";
    if (this.#prompt.ask === undefined)
      return parked ? new Uint8Array(mix.length).fill(g711.PCMU.silence) : mix;
    const frame = parked ? new Int32Array(FRAME) : under(mix);
    if (!this.#prompt.addTo(frame)) this.#endPlaying("EOF");
    return encoded(frame);
  }

  #endPlaying(end: PlayEnd): void {
    const { ask } = this.#prompt;
    if (ask === undefined) return;
    this.#prompt.stop();
    this.#events.onPlayed(ask, end);
  }

  #listen(): void {
    const heard = this.#mode === "full" && this.#media?.hears === true;
    if (!heard) this.#hush();
    if (heard === this.#heard) return;
    this.#heard = heard;
    this.#events.onHeard(heard);
  }

  #hear(packet: Buffer): void {
    this.#heardAt = performance.now();
    this.#events.toBridge(packet);
    if (!this.#voice.hear(levelOf(packet.subarray(HEADER_BYTES, HEADER_BYTES + FRAME)))) return;
    this.#events.onTalking(this.talking);
    clearTimeout(this.#silence);
    if (this.talking) this.#awaitSilence();
  }

  /** Phones that send nothing while nobody speaks do not say when that begins. */
  #awaitSilence(): void {
    const quietForMs = performance.now() - this.#heardAt;
    if (quietForMs >= SILENT_MS) this.#hush();
    else this.#silence = setTimeout(() => this.#awaitSilence(), SILENT_MS - quietForMs);
  }

  #hush(): void {
    clearTimeout(this.#silence);
    const { talking } = this;
    this.#voice = new Voice();
    if (talking) this.#events.onTalking(false);
  }

  /** Keys are the focus's: they never get into the mix. */
  #pressed(header: RtpHeader, packet: Uint8Array): void {
    const ticks = Math.floor((performance.now() - this.#keyClock) / TICK_MS);
    this.#keyClock += ticks * TICK_MS;
    this.#keys.tick(ticks);
    const key = this.#keys.read(header, packet);
    if (key !== undefined) this.#events.onKey(key, this.#keys.sinceMs);
  }
}
