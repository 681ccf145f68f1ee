/** One UDP port for RTP, latched to the address its peer negotiated (symmetric RTP, RFC 4961). */

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { isRtcp } from "../rtp/packet.ts";
import { type AudioMedia, receives } from "../sdp/session.ts";
import type { MediaAddress, MediaPort } from "./media-port.ts";

/** RTP ports are even (RFC 3550 §11): this often an odd one is handed back for another. */
const PORT_TRIES = 16;

interface Peer extends MediaAddress {
  /** The port may still be learned, once, from the first packet that comes from the right address. */
  learning: boolean;
}

/** Opens on a free even port of `host`, a literal address of this machine. Rejects as the system does. */
export async function openRtpPort(host: string): Promise<RtpPort> {
  for (let tries = 1; ; tries += 1) {
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    socket.bind(0, host);
    await once(socket, "listening");
    if (socket.address().port % 2 === 0 || tries === PORT_TRIES) return new RtpPort(socket);
    socket.close();
  }
}

export class RtpPort implements MediaPort {
  readonly address: string;
  readonly port: number;
  onPacket: (packet: Uint8Array) => void = () => undefined;
  readonly counts = { received: 0, sent: 0, strangers: 0, rtcp: 0 };
  /** While the peer has us on hold nothing is sent to it (RFC 3264 §8.4). */
  held = false;
  readonly #socket: Socket;
  #peer: Peer | undefined;
  /** Still heard while the peer moves its media to another address. */
  #leaving: Peer | undefined;
  #closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.address = socket.address().address;
    this.port = socket.address().port;
    socket.on("message", (packet, from) => this.#receive(packet, from));
    // A socket that fails is a call without media; its owner sees the counters stand still.
    socket.on("error", () => this.close());
  }

  /** Whom we hear and send to from now on; nobody when undefined. The former peer is heard until the new one speaks. */
  latch(to: MediaAddress | undefined): void {
    if (to && this.#peer && to.address === this.#peer.address && to.port === this.#peer.port) return;
    this.#leaving = to && this.#peer;
    this.#peer = to && { address: to.address, port: to.port, learning: true };
  }

  /**
   * Takes over what the peer says of its media; on hold by c=0.0.0.0 it stays where it was, and also when it names an
   * address of the other family, as Linphone does in a call that is all IPv4.
   */
  agree({ address, port, direction }: AudioMedia): void {
    this.held = !receives(direction);
    const reachable = isIPv6(address) === isIPv6(this.address);
    if (reachable && address !== "0.0.0.0" && address !== "::") this.latch({ address, port });
  }

  send(packet: Uint8Array): void {
    if (this.#closed || this.held || !this.#peer) return;
    this.counts.sent += 1;
    this.#socket.send(packet, this.#peer.port, this.#peer.address, () => undefined);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  #receive(packet: Uint8Array, from: RemoteInfo): void {
    if (isRtcp(packet)) {
      // It may come from a port of its own (RFC 3550 §11), from which nothing is learned about that of the audio.
      this.counts[from.address === this.#peer?.address ? "rtcp" : "strangers"] += 1;
    } else if (this.#isPeer(from)) {
      this.counts.received += 1;
      this.onPacket(packet);
    } else {
      this.counts.strangers += 1;
    }
  }

  #isPeer(from: RemoteInfo): boolean {
    const peer = this.#peer;
    if (peer && from.address === peer.address && this.#portMatches(peer, from.port)) {
      this.#leaving = undefined;
      return true;
    }
    return this.#leaving?.address === from.address && this.#leaving.port === from.port;
  }

  #portMatches(peer: Peer, port: number): boolean {
    if (port === this.#leaving?.port && port !== peer.port) return false;
    if (port !== peer.port && !peer.learning) return false;
    this.#peer = { address: peer.address, port, learning: false };
    return true;
  }
}
