/** One connection, over whatever channel, and the patience we have with its peer. */
import type { Limits } from "../limits.ts";
import { Machine, type Table } from "../machine.ts";
import type { Hop } from "../message.ts";
import { SipError } from "../sip-error.ts";
import { connectionFailure } from "./certificate.ts";
import type { Channel } from "./channel.ts";
import type { Frame } from "./framer.ts";
import { KeepAlive, PING, PONG } from "./keep-alive.ts";

/** How long what we still had to say may take to leave. */
const FINISH_MS = 1000;

/**
 * A peer has `slowPeerMs` to be connected, for its first message and for every message once begun.
 *
 *     connecting ──open──▶ idle ──partial──▶ reading ──whole──▶ idle
 *     fresh ──whole──▶ idle
 *     fresh, idle, reading ──stop──▶ draining (reads no more, answers what was asked) ──settled──▶ finishing
 *     every state ──finish──▶ finishing (lets leave what was written) ──late──▶ closed
 */
type State = "connecting" | "fresh" | "idle" | "reading" | "draining" | "finishing" | "closed";
type Event = "open" | "whole" | "partial" | "stop" | "settled" | "finish" | "late" | "closed";

const states = (limits: Limits): Table<State, Event> => {
  const slow = { ms: limits.slowPeerMs, event: "late" } as const;
  const leave = { stop: "draining", finish: "finishing", late: "closed", closed: "closed" } as const;
  return {
    connecting: { on: { open: "idle", finish: "finishing", late: "closed", closed: "closed" }, after: slow },
    fresh: { on: { whole: "idle", partial: "reading", ...leave }, after: slow },
    idle: {
      on: { whole: "idle", partial: "reading", ...leave },
      after: { ms: limits.idlePeerMs, event: "late" },
      rewind: "whole",
    },
    reading: { on: { whole: "idle", ...leave }, after: slow },
    draining: {
      on: { settled: "finishing", finish: "finishing", late: "finishing", closed: "closed" },
      after: slow,
    },
    finishing: { on: { late: "closed", closed: "closed" }, after: { ms: FINISH_MS, event: "late" } },
    closed: { on: {} },
  };
};

/** A peer that reads slower than this many bytes behind is cut. */
const MAX_UNREAD_BYTES = 4 << 20;

const FINAL_RESPONSE = /^SIP\/2\.0 [2-6]/;
const NEVER_ANSWERED = /^(?:ACK |SIP\/2\.0 )/;
const FIRST_BYTES = 10;

export interface ConnectionOptions {
  readonly start: "connecting" | "fresh" | "idle";
  readonly peer: Hop;
  readonly limits: Limits;
  /** Returns false to have the connection closed once all is sent. */
  onFrame(frame: Frame, source: Hop): boolean;
  /** So many more bytes of an unfinished message, or fewer; returns false when that is too much. */
  onUnfinished(bytes: number): boolean;
  onClosed(): void;
}

interface Waiting {
  readonly bytes: Buffer;
  onFailed(error: Error): void;
}

export class Connection {
  readonly peer: Hop;
  readonly #channel: Channel;
  readonly #options: ConnectionOptions;
  readonly #machine: Machine<State, Event>;
  readonly #opened = Promise.withResolvers<boolean>();
  #open: boolean;
  /** What is to be sent as soon as we are connected. */
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #unfinishedBytes = 0;
  /** Requests that want an answer, and final answers written. */
  #asked = 0;
  #answered = 0;
  #keepAlive: KeepAlive | undefined;
  #error = new SipError(503, "Connection Closed");

  constructor(channel: Channel, options: ConnectionOptions) {
    this.#channel = channel;
    this.#options = options;
    this.peer = options.peer;
    this.#open = options.start !== "connecting";
    this.#machine = new Machine(states(options.limits), options.start, (state, event) =>
      this.#entered(state, event),
    );
    channel.hear({
      onOpen: () => this.#start(),
      onRead: (frames, unfinishedBytes) => this.#read(frames, unfinishedBytes),
      onError: (cause) => {
        this.#error = connectionFailure(cause, this.peer.name ?? this.peer.address);
      },
      onClosed: () => this.#machine.send("closed"),
    });
  }

  /** Whether a message may still be written. */
  get usable(): boolean {
    return this.#machine.state !== "closed" && this.#machine.state !== "finishing";
  }

  /** Whether the peer came to us. */
  get accepted(): boolean {
    return this.#options.start !== "connecting";
  }

  /** Whether the peer is, or once connected will be, who it should be for what goes to this domain. */
  proves(domain: string): boolean {
    const { name, address } = this.peer;
    return (!this.accepted && (name ?? address) === domain) || this.#channel.proves(domain);
  }

  /** Resolves once connected, or false when that failed or took longer than `withinMs`. */
  async opened(withinMs: number): Promise<boolean> {
    if (this.#open) return true;
    const late = Promise.withResolvers<boolean>();
    setTimeout(() => late.resolve(false), withinMs).unref();
    return await Promise.race([this.#opened.promise, late.promise]);
  }

  /** Now or once connected. `onFailed` gets a SipError, at once or later. Returns whether `bytes` may be written over. */
  send(bytes: Buffer, onFailed: (error: Error) => void): boolean {
    if (this.#channel.unsentBytes + this.#waitingBytes > MAX_UNREAD_BYTES) this.cut("Peer Reads Too Slowly");
    if (!this.usable) onFailed(this.#error);
    else if (this.#open) return this.#write({ bytes, onFailed });
    else {
      this.#waiting.push({ bytes: Buffer.from(bytes), onFailed });
      this.#waitingBytes += bytes.length;
    }
    return true;
  }

  /** Pings the peer now and then, and counts the connection as dead when it does not answer. */
  keepAlive(everyMs?: number): void {
    this.#keepAlive ??= new KeepAlive({
      answered: true,
      everyMs,
      ping: () => void this.send(PING, () => {}),
      onDead: () => this.cut("Keep-Alive Unanswered"),
    });
  }

  /** Closes once everything is sent. */
  finish(): void {
    this.#machine.send("finish");
  }

  /** Closes at once. */
  cut(reason: string): void {
    this.#error = new SipError(503, reason);
    this.#machine.send(this.#machine.state === "draining" ? "closed" : "late");
  }

  #start(): void {
    this.#open = true;
    this.#opened.resolve(true);
    this.#machine.send("open");
    for (const waiting of this.#waiting.splice(0)) this.#write(waiting);
    this.#waitingBytes = 0;
    if (this.#machine.state === "finishing") this.#channel.finish();
  }

  #write({ bytes, onFailed }: Waiting): boolean {
    const isSent = this.#channel.write(bytes, () => onFailed(this.#error));
    if (FINAL_RESPONSE.test(bytes.toString("latin1", 0, FIRST_BYTES))) this.#answered++;
    if (this.#answered >= this.#asked) this.#machine.send("settled");
    return isSent;
  }

  #read(frames: readonly Frame[], unfinishedBytes: number): void {
    this.#keepAlive?.heard();
    for (const frame of frames) {
      if (!this.#reads) return;
      this.#machine.send("whole");
      if (frame.name === "ping") this.#pong();
      else this.#deliver(frame);
    }
    if (!this.#reads) return;
    this.#count(unfinishedBytes);
    if (this.#unfinishedBytes > 0) this.#machine.send("partial");
  }

  get #reads(): boolean {
    return this.usable && this.#machine.state !== "draining";
  }

  /** A peer that pings and does not read gets no more of them. */
  #pong(): void {
    if (this.#channel.unsentBytes === 0) this.#channel.write(PONG, () => {});
  }

  #deliver(frame: Exclude<Frame, { name: "ping" }>): void {
    const before = this.#answered;
    if (this.#options.onFrame(frame, this.peer)) {
      if (!NEVER_ANSWERED.test(frame.head.toString("latin1", 0, FIRST_BYTES))) this.#asked++;
      return;
    }
    // What was answered meanwhile is the refusal of this one; who asked before it still gets an answer.
    this.#asked += this.#answered - before;
    this.#machine.send(this.#answered < this.#asked ? "stop" : "finish");
  }

  #count(unfinishedBytes: number): void {
    const more = unfinishedBytes - this.#unfinishedBytes;
    this.#unfinishedBytes = unfinishedBytes;
    if (!this.#options.onUnfinished(more)) this.cut("Too Much Unfinished");
  }

  #entered(state: State, event: Event): void {
    if (state === "draining") this.#channel.pause();
    if (state === "finishing" && this.#open) this.#channel.finish();
    if (state !== "closed") return;
    if (event === "late" && !this.#open) this.#error = new SipError(503, "Connection Timed Out");
    this.#opened.resolve(false);
    this.#keepAlive?.stop();
    this.#channel.destroy();
    this.#count(0);
    for (const { onFailed } of this.#waiting.splice(0)) onFailed(this.#error);
    this.#options.onClosed();
  }
}
