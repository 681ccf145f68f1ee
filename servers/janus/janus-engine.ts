/** Janus as what mixes behind the mixer's SIP face: each stream is a line of ours to its phone and a seat in Janus. */
import type { Media, MediaEngine, MediaEvents, StreamSettings } from "../media-server/media-engine.ts";
import type { Samples } from "../media-server/prompt-player.ts";
import { AudioBridge, type AudioBridgeOptions, LOBBY, type Seat } from "./audio-bridge.ts";
import { JanusError } from "./janus-session.ts";
import { type Line, MediaPorts, type MediaPortsOptions } from "./media-ports.ts";

export interface JanusEngineEvents extends MediaEvents {
  /** Janus, which had gone, is there again; it is sought until stop(). */
  onBack(): void;
}

export interface JanusEngineOptions extends MediaPortsOptions, Omit<AudioBridgeOptions, "onLost"> {
  readonly events: JanusEngineEvents;
}

interface Stream {
  readonly line: Line;
  readonly seat: Seat;
  room: string;
  keypresses: boolean;
}

/** Between two attempts to reach Janus. */
const RETRY_MS = 1_000;

export class JanusEngine implements MediaEngine {
  readonly #options: JanusEngineOptions;
  readonly #ports: MediaPorts;
  readonly #streams = new Map<number, Stream>();
  #bridge: AudioBridge | undefined;
  #retry: NodeJS.Timeout | undefined;
  #next = 1;
  #closed = false;

  private constructor(options: JanusEngineOptions) {
    this.#options = options;
    this.#ports = new MediaPorts(options);
  }

  /** Rejects with JanusError when Janus cannot be reached. */
  static async open(options: JanusEngineOptions): Promise<JanusEngine> {
    const engine = new JanusEngine(options);
    try {
      await engine.#connect();
      return engine;
    } catch (cause) {
      await engine.stop();
      throw cause;
    }
  }

  /** Whether Janus is there. */
  get connected(): boolean {
    return this.#bridge !== undefined;
  }

  /** Throws JanusError or NoPortError. */
  async open(): Promise<{ stream: number; port: number }> {
    const bridge = this.#bridge;
    if (!bridge) throw new JanusError("Janus is not there");
    const stream = this.#next++;
    const line = await this.#line(stream);
    try {
      const gone = () => this.#fail(stream, new JanusError("Janus ended the participant"));
      const seat = await bridge.seat(line.inside, gone);
      line.connect(seat.media);
      this.#streams.set(stream, { line, seat, room: LOBBY, keypresses: false });
      return { stream, port: line.port };
    } catch (cause) {
      line.close();
      throw cause;
    }
  }

  agree(stream: number, media: Media): void {
    this.#streams.get(stream)?.line.passage.agree(media);
  }

  speak(stream: number): void {
    this.#streams.get(stream)?.line.passage.speak();
  }

  move(stream: number, room: string): void {
    const found = this.#streams.get(stream);
    if (!found) return;
    found.room = room;
    found.seat.move(room).catch((cause) => this.#fail(stream, cause));
  }

  configure(stream: number, { mixMode, keypresses }: StreamSettings): void {
    const found = this.#streams.get(stream);
    if (!found) return;
    if (mixMode !== undefined) found.line.passage.mode = mixMode;
    found.keypresses = keypresses ?? found.keypresses;
  }

  play(stream: number, pieces: readonly Samples[]): number {
    const ask = this.#next++;
    this.#streams.get(stream)?.line.passage.play(ask, pieces);
    return ask;
  }

  stopPlaying(stream: number): void {
    this.#streams.get(stream)?.line.passage.stopPlaying();
  }

  close(stream: number): void {
    const found = this.#streams.get(stream);
    if (!found) return;
    this.#streams.delete(stream);
    found.line.close();
    void found.seat.leave();
  }

  /** For a person who looks for a fault. */
  dump() {
    const streams = [...this.#streams].map(([stream, { room, line, seat }]) => ({
      stream,
      room,
      port: line.port,
      mode: line.passage.mode,
      janus: seat.media,
    }));
    return { connected: this.connected, rooms: this.#bridge?.dump() ?? [], streams };
  }

  /** Ends all streams and leaves Janus. */
  async stop(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const { line } of this.#streams.values()) line.close();
    this.#streams.clear();
    await this.#bridge?.close();
    this.#bridge = undefined;
  }

  #line(stream: number): Promise<Line> {
    const { events } = this.#options;
    return this.#ports.line({
      onTalking: (on) => events.onTalking(stream, on, this.#talkersBeside(stream)),
      onHeard: (heard) => this.#heard(stream, heard),
      onKey: (key, sinceMs) => {
        if (this.#streams.get(stream)?.keypresses) events.onKey(stream, key, sinceMs);
      },
      onPlayed: (ask, end) => events.onPlayed(stream, ask, end),
    });
  }

  /** Our own gate shuts at once; Janus is told so that what it has taken in already is dropped as well. */
  #heard(stream: number, heard: boolean): void {
    this.#streams
      .get(stream)
      ?.seat.mute(!heard)
      .catch((cause) => this.#fail(stream, cause));
  }

  /** How many talk in the room of this one. */
  #talkersBeside(stream: number): number {
    const room = this.#streams.get(stream)?.room;
    const all = [...this.#streams.values()];
    return all.filter((one) => one.room === room && one.line.passage.talking).length;
  }

  #fail(stream: number, cause: unknown): void {
    if (!this.#streams.has(stream)) return;
    this.#options.events.onFailed(stream, cause);
    this.close(stream);
  }

  async #connect(): Promise<void> {
    const { url, secret } = this.#options;
    const bridge = await AudioBridge.open({ url, secret, onLost: (why) => this.#lost(why) });
    if (this.#closed) await bridge.close();
    else this.#bridge = bridge;
  }

  /** Lost before it was ready, it is the failure of #connect. */
  #lost(why: string): void {
    if (!this.#bridge) return;
    this.#bridge = undefined;
    for (const { line } of this.#streams.values()) line.close();
    this.#streams.clear();
    this.#options.events.onCrash(new JanusError(why));
    this.#again();
  }

  #again(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#connect().then(
        () => this.connected && this.#options.events.onBack(),
        () => this.#again(),
      );
    }, RETRY_MS);
  }
}
