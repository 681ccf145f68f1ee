/** What mixes behind the SIP face of a media server: our own thread, or an engine of somebody else's. */
import type { Codec } from "#rtp/g711.ts";
import type { MixMode } from "../mscml/request.ts";
import type { Address } from "./address-lock.ts";
import type { Samples } from "./prompt-player.ts";

/** What offer and answer agreed on, seen from the mixer. */
export interface Media {
  /** Where the participant listens, and from where he sends. */
  readonly remote: Address;
  /** False: he is muted, and what he sends is dropped. */
  readonly hears: boolean;
  /** False: he is on hold, and nothing is sent to him. */
  readonly speaks: boolean;
  /** What is sent to him, and its payload type. */
  readonly codec: Codec;
  readonly payload: number;
  /** Payload types he may send. */
  readonly payloads: readonly { readonly payload: number; readonly codec: Codec | "telephone-event" }[];
}

/** What is to change of a stream; what is left out stays. */
export interface StreamSettings {
  readonly mixMode?: MixMode | undefined;
  /** Whether each key pressed is reported. */
  readonly keypresses?: boolean | undefined;
}

/** Why playing ended: at its end, or because it was stopped, or another took its place. */
export type PlayEnd = "EOF" | "stopped";

/** Orders for streams; one for a stream that is gone does nothing. */
export interface MediaEngine {
  /** A new stream and the port it has; nothing is heard on it before `agree` and `move`, nothing said before `speak`. Rejects when there is no room. */
  open(): Promise<{ stream: number; port: number }>;
  /** What was negotiated for a stream, first or anew. */
  agree(stream: number, media: Media): void;
  /** The participant has shown to be there: he may be spoken to. */
  speak(stream: number): void;
  /** Puts a stream into a room, or takes it over to another; what he hears goes on without a break. */
  move(stream: number, room: string): void;
  /** Takes a stream into the mix or out of it, and has its keys told or not. */
  configure(stream: number, settings: StreamSettings): void;
  /** Plays to this stream alone, in place of what was playing; returns the number that is told when it ends. */
  play(stream: number, pieces: readonly Samples[]): number;
  stopPlaying(stream: number): void;
  /** Ends a stream and frees its port. */
  close(stream: number): void;
}

/** What an engine tells of its streams. */
export interface MediaEvents {
  /** A participant began or stopped talking; `talkers` is how many of his conference talk now. */
  onTalking(stream: number, on: boolean, talkers: number): void;
  /** A key was pressed, `sinceMs` after the one before it. */
  onKey(stream: number, key: string, sinceMs: number | undefined): void;
  /** What `play` began has ended. */
  onPlayed(stream: number, ask: number, end: PlayEnd): void;
  /** A stream is gone, and not because its owner wished it. */
  onFailed(stream: number, cause: unknown): void;
  /** What mixed died, and all streams with it; another one takes its place. */
  onCrash(cause: unknown): void;
}
