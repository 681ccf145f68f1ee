/** Keeps a flow alive by two line ends now and then, and notices when it is dead (RFC 5626 §3.5.1, §4.4.1). */
import { Machine, type Table } from "../machine.ts";

/** A ping of a client, and the server's answer. */
export const PING = Buffer.from("\r\n\r\n");
export const PONG = Buffer.from("\r\n");

/** A flow without a sign of life for this long is dead, milliseconds (§4.4.1). */
const PONG_MS = 10_000;

/** Between pings, milliseconds: no longer than NATs and proxies remember a silent flow (§4.4). */
const STREAM_MS = 120_000;
const DATAGRAM_MS = 29_000;
/** Pauses are up to this much shorter, so that not all clients of a server ping at once. */
const SPREAD = 0.2;

type State = "quiet" | "asking" | "dead" | "over";
type Event = "due" | "heard" | "late" | "stop";

/** quiet ──due──▶ asking ──heard──▶ quiet ; asking ──late──▶ dead */
const states = (ms: number, answered: boolean): Table<State, Event> => ({
  quiet: {
    on: { due: answered ? "asking" : "quiet", stop: "over" },
    after: { ms, event: "due" },
    rewind: "due",
  },
  asking: { on: { heard: "quiet", late: "dead", stop: "over" }, after: { ms: PONG_MS, event: "late" } },
  dead: { on: {} },
  over: { on: {} },
});

export interface KeepAliveOptions {
  /** Whether the peer answers: on a stream it must, on UDP it does not. */
  readonly answered: boolean;
  /** Longest pause between two pings, milliseconds; by the transport when missing. */
  readonly everyMs?: number | undefined;
  ping(): void;
  onDead(): void;
}

export class KeepAlive {
  readonly #machine: Machine<State, Event>;

  constructor({ answered, everyMs = answered ? STREAM_MS : DATAGRAM_MS, ping, onDead }: KeepAliveOptions) {
    const ms = everyMs * (1 - SPREAD * Math.random());
    this.#machine = new Machine(states(ms, answered), "quiet", (state, event) => {
      if (event === "due") ping();
      if (state === "dead") onDead();
    });
  }

  /** Anything at all came from the peer. */
  heard(): void {
    this.#machine.send("heard");
  }

  stop(): void {
    this.#machine.send("stop");
  }
}
