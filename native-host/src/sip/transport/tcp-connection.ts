/** One TCP connection and the patience we have with its peer. */
import type { Socket } from "node:net";
import type { Limits } from "../limits.ts";
import { Machine, type Table } from "../machine.ts";
import { type Frame, Framer } from "./framer.ts";

/** How long what we still had to say may take to leave. */
const FINISH_MS = 1000;

/**
 * A peer has `slowPeerMs` for its first message and for every message once begun.
 *
 *     connecting ──▶ idle ──partial──▶ reading ──whole──▶ idle
 *     fresh ──whole──▶ idle ; every state ──finish──▶ finishing, ──late──▶ closed
 */
type State = "connecting" | "fresh" | "idle" | "reading" | "finishing" | "closed";
type Event = "connected" | "whole" | "partial" | "finish" | "late" | "closed";

const states = (limits: Limits): Table<State, Event> => {
  const slow = { ms: limits.slowPeerMs, event: "late" } as const;
  const leave = { finish: "finishing", late: "closed", closed: "closed" } as const;
  return {
    connecting: { on: { connected: "idle", ...leave }, after: slow },
    fresh: { on: { whole: "idle", ...leave }, after: slow },
    idle: {
      on: { whole: "idle", partial: "reading", ...leave },
      after: { ms: limits.idlePeerMs, event: "late" },
      rewind: "whole",
    },
    reading: { on: { whole: "idle", ...leave }, after: slow },
    finishing: { on: { late: "closed", closed: "closed" }, after: { ms: FINISH_MS, event: "late" } },
    closed: { on: {} },
  };
};

/** A peer that reads slower than this many bytes behind is cut. */
const MAX_UNREAD_BYTES = 4 << 20;
const KEEP_ALIVE_MS = 30_000;
const PONG = "\r\n";

export interface TcpConnectionOptions {
  readonly start: "connecting" | "fresh";
  readonly limits: Limits;
  /** Returns false to have the connection closed once all is sent. */
  onFrame(frame: Frame): boolean;
  /** So many more bytes of an unfinished message, or fewer; returns false when that is too much. */
  onUnfinished(bytes: number): boolean;
  onClosed(): void;
}

export class TcpConnection {
  readonly #socket: Socket;
  readonly #options: TcpConnectionOptions;
  readonly #framer: Framer;
  readonly #machine: Machine<State, Event>;
  readonly #opened = Promise.withResolvers<boolean>();
  #unfinishedBytes = 0;
  #error = new Error("connection closed");

  constructor(socket: Socket, options: TcpConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#framer = new Framer(options.limits);
    this.#machine = new Machine(states(options.limits), options.start, (state) => this.#entered(state));
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on("connect", () => this.#machine.send("connected"));
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => this.#machine.send("closed"));
  }

  /** Resolves once connected, or false when that failed or took longer than `withinMs`. */
  async opened(withinMs: number): Promise<boolean> {
    if (this.#machine.state !== "connecting") return true;
    const late = Promise.withResolvers<boolean>();
    setTimeout(() => late.resolve(false), withinMs).unref();
    return await Promise.race([this.#opened.promise, late.promise]);
  }

  send(bytes: Buffer, onFailed: (error: Error) => void): void {
    if (this.#over || this.#socket.writableLength > MAX_UNREAD_BYTES) {
      this.#socket.destroy();
      onFailed(this.#error);
      return;
    }
    this.#socket.write(bytes, (error) => {
      if (error) onFailed(error);
    });
  }

  /** Closes once everything is sent. */
  finish(): void {
    this.#machine.send("finish");
  }

  get #over(): boolean {
    return this.#machine.state === "closed" || this.#machine.state === "finishing";
  }

  #read(chunk: Buffer): void {
    if (this.#over) return;
    for (const frame of this.#framer.push(chunk)) {
      if (frame.name === "ping") this.#socket.write(PONG);
      this.#machine.send("whole");
      if (frame.name !== "ping" && !this.#options.onFrame(frame)) this.finish();
      if (this.#over) return;
    }
    this.#count(this.#framer.unfinishedBytes);
    if (this.#unfinishedBytes > 0) this.#machine.send("partial");
  }

  #count(unfinishedBytes: number): void {
    const more = unfinishedBytes - this.#unfinishedBytes;
    this.#unfinishedBytes = unfinishedBytes;
    if (!this.#options.onUnfinished(more)) this.#machine.send("late");
  }

  #entered(state: State): void {
    if (state === "idle") this.#opened.resolve(true);
    if (state === "finishing") this.#socket.destroySoon();
    if (state !== "closed") return;
    this.#opened.resolve(false);
    this.#socket.destroy();
    this.#count(0);
    this.#options.onClosed();
  }
}
