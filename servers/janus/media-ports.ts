/** The adapter's sockets: two for each leg, one for its phone and one for its seat in Janus. */
import { type Address, sameAddress } from "../media-server/address-lock.ts";
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
  /** Where Janus sends to. */
  readonly inside: Address;
  /** Where Janus takes this leg's packets, once it has a seat, and sends from. */
  connect(seat: Address): void;
  close(): void;
}

const ANY_PORT = { first: 0, last: 0 };

export class MediaPorts {
  readonly #inside: string;
  readonly #phones: DgramIo;
  /** A socket for each seat: when we stand still, what waits for one takes no room from the others. */
  readonly #seats: DgramIo;
  readonly #passages = new Map<number, Passage>();
  readonly #seatOf = new Map<number, Address>();
  #lines = 0;

  constructor({ host, rtp, inside }: MediaPortsOptions) {
    this.#inside = inside;
    this.#phones = new DgramIo(host, rtp, (line, packet, address, port) =>
      this.#passages.get(line)?.fromPhone(packet, address, port),
    );
    this.#seats = new DgramIo(inside, ANY_PORT, (line, packet, address, port) => {
      const seat = this.#seatOf.get(line);
      if (seat && sameAddress(seat, { address, port })) this.#passages.get(line)?.fromBridge(packet);
    });
  }

  /** Throws NoPortError. */
  async line(events: Omit<PassageEvents, "toPhone" | "toBridge">): Promise<Line> {
    const id = ++this.#lines;
    const close = () => this.#close(id);
    try {
      const port = await this.#phones.open(id);
      const inside = { address: this.#inside, port: await this.#seats.open(id) };
      const passage = this.#passage(id, events);
      this.#passages.set(id, passage);
      return { passage, port, inside, connect: (seat) => void this.#seatOf.set(id, seat), close };
    } catch (cause) {
      close();
      throw cause;
    }
  }

  #passage(line: number, events: Omit<PassageEvents, "toPhone" | "toBridge">): Passage {
    return new Passage({
      ...events,
      toPhone: (packet, to) => this.#phones.send(line, packet, to),
      toBridge: (packet) => {
        const seat = this.#seatOf.get(line);
        if (seat) this.#seats.send(line, packet, seat);
      },
    });
  }

  #close(line: number): void {
    this.#passages.get(line)?.close();
    this.#passages.delete(line);
    this.#seatOf.delete(line);
    this.#phones.close(line);
    this.#seats.close(line);
  }
}
