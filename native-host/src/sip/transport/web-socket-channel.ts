/** SIP on a WebSocket: one message in each of its messages (RFC 7118 §5). */
import { isUtf8 } from "node:buffer";
import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import type { Limits } from "../limits.ts";
import type { Channel, ChannelListener } from "./channel.ts";
import type { Frame } from "./framer.ts";
import { provesBy } from "./stream-channel.ts";
import { WebSocketMeter } from "./web-socket-meter.ts";

const HEAD_END = "\r\n\r\n";
/** Going away: the socket is closed, and nobody did wrong (RFC 6455 §7.4.1). */
const GOING_AWAY = 1001;

/** Limits in the words of `ws`; a message of many tiny pieces is nothing an honest peer sends. */
export function webSocketLimits({ headBytes, bodyBytes }: Limits) {
  const maxPayload = headBytes + HEAD_END.length + bodyBytes;
  return { maxPayload, maxFragments: 256, maxBufferedChunks: 4096, perMessageDeflate: false } as const;
}

export class WebSocketChannel implements Channel {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #limits: Limits;
  readonly #meter = new WebSocketMeter();

  /** `socket` is what the WebSocket runs on; both may be open or opening. */
  constructor(webSocket: WebSocket, socket: Socket, limits: Limits) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#limits = limits;
  }

  get unsentBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  hear(listener: ChannelListener): void {
    const webSocket = this.#webSocket;
    const open = () => {
      this.#meterFrames(listener);
      listener.onOpen();
    };
    if (webSocket.readyState === webSocket.OPEN) this.#meterFrames(listener);
    else webSocket.on("open", open);
    webSocket.on("message", (data) => listener.onRead(framesOf(bytesOf(data), this.#limits), 0));
    webSocket.on("ping", () => listener.onRead([], this.#meter.unfinishedBytes));
    webSocket.on("error", (error) => listener.onError(error));
    webSocket.on("close", () => listener.onClosed());
  }

  /** After `ws` has read a chunk, so that what is left of it is unfinished. */
  #meterFrames(listener: ChannelListener): void {
    this.#socket.on("data", (chunk: Buffer) => {
      this.#meter.push(chunk);
      listener.onRead([], this.#meter.unfinishedBytes);
    });
  }

  write(bytes: Buffer, onFailed: (error: Error) => void): boolean {
    // Browsers hand text on as text; a message that is not UTF-8 has to go as bytes (RFC 7118 §5.1).
    const binary = !isUtf8(bytes);
    this.#webSocket.send(Buffer.from(bytes), { binary }, (error) => {
      if (error) onFailed(error);
    });
    return true;
  }

  pause(): void {
    this.#webSocket.pause();
  }

  finish(): void {
    this.#webSocket.resume();
    this.#webSocket.close(GOING_AWAY);
  }

  destroy(): void {
    this.#webSocket.terminate();
    this.#socket.destroy();
  }

  proves(domain: string): boolean {
    return provesBy(this.#socket, domain);
  }
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** A message, a ping of two line ends, or nothing: a pong is one (RFC 5626 §3.5.1). */
function framesOf(bytes: Buffer, { headBytes, bodyBytes }: Limits): Frame[] {
  const start = bytes.findIndex((byte) => byte !== 13 && byte !== 10);
  if (start < 0) return bytes.includes(HEAD_END, 0, "latin1") ? [{ name: "ping" }] : [];
  const message = bytes.subarray(start);
  const end = message.indexOf(HEAD_END, 0, "latin1");
  if (end < 0 || end > headBytes) {
    return [{ name: "fault", status: 400, reason: "Head Too Long", head: message.subarray(0, headBytes) }];
  }
  const head = message.subarray(0, end);
  const body = message.subarray(end + HEAD_END.length);
  if (body.length > bodyBytes) return [{ name: "fault", status: 513, reason: "Message Too Large", head }];
  return [{ name: "message", head, body }];
}
