/** The adapter's sockets: a port per leg for its phone, and one for all that Janus sends. */
import dgram from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { Address } from "../media-server/address-lock.ts";
import { DgramIo } from "../media-server/packet-io/dgram.ts";
import type { PortRange } from "../media-server/packet-io/packet-io.ts";
import { Passage, type PassageEvents } from "./passage.ts";

export interface MediaPortsOptions {
  /** The literal address phones send to. */
  readonly host: string;
  readonly rtp: PortRange;
  /** The literal IPv4 address Janus sends to; it has no other plain RTP. */
  readonly inside: string;
}

/** The media of one leg. */
export interface Line {
  readonly passage: Passage;
  /** Where the phone sends to. */
  readonly port: number;
  /** Where Janus takes this leg's packets, once it has a seat. */
  connect(seat: Address): void;
  close(): void;
}

/** Room for the packets of some hundred seats while we are busy. */
const RECEIVE_BUFFER = 1 << 20;

export class MediaPorts {
  /** Where Janus sends to. */
  readonly inside: Address;
  readonly #io: DgramIo;
  readonly #socket: dgram.Socket;
  readonly #byLine = new Map<number, Passage>();
  readonly #bySeat = new Map<string, Passage>();
  #lines = 0;

  private constructor({ host, rtp }: MediaPortsOptions, socket: dgram.Socket) {
    const { address, port } = socket.address();
    this.inside = { address, port };
    this.#socket = socket;
    this.#io = new DgramIo(host, rtp, (line, packet, from, at) =>
      this.#byLine.get(line)?.fromPhone(packet, from, at),
    );
    socket.on("message", (packet, from) => this.#bySeat.get(keyOf(from))?.fromBridge(packet));
    // A seat that is gone while its last packets are under way is no fault of the others'.
    socket.on("error", () => undefined);
  }

  static async open(options: MediaPortsOptions): Promise<MediaPorts> {
    const socket = dgram.createSocket({ type: isIPv6(options.inside) ? "udp6" : "udp4" });
    socket.bind(0, options.inside);
    await once(socket, "listening");
    socket.setRecvBufferSize(RECEIVE_BUFFER);
    return new MediaPorts(options, socket);
  }

  /** Throws NoPortError. */
  async line(events: Omit<PassageEvents, "toPhone" | "toBridge">): Promise<Line> {
    const id = ++this.#lines;
    const port = await this.#io.open(id);
    let seat: Address | undefined;
    const passage = new Passage({
      ...events,
      toPhone: (packet, to) => this.#io.send(id, packet, to),
      toBridge: (packet) => seat && this.#socket.send(packet, seat.port, seat.address),
    });
    this.#byLine.set(id, passage);
    return {
      passage,
      port,
      connect: (address) => {
        seat = address;
        this.#bySeat.set(keyOf(address), passage);
      },
      close: () => {
        passage.close();
        this.#io.close(id);
        this.#byLine.delete(id);
        if (seat && this.#bySeat.get(keyOf(seat)) === passage) this.#bySeat.delete(keyOf(seat));
        seat = undefined;
      },
    };
  }

  close(): void {
    this.#socket.close();
  }
}

function keyOf({ address, port }: Address): string {
  return `${address}:${port}`;
}
