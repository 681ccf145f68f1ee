/** Media only from and to the negotiated address (RFC 3264 §5.1, symmetric RTP of RFC 4961). */

/** A literal IP address and UDP port. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.address === b.address;
}

/**
 * Admits packets of one address. When the very first come from the negotiated host but another port, that port is
 * learned, once; the negotiated one itself may still take its place, and then for good.
 */
export class AddressLock {
  /** Where packets go. */
  target: Address;
  readonly #negotiated: Address;
  #state: "open" | "learned" | "negotiated" = "open";

  constructor(negotiated: Address) {
    this.#negotiated = negotiated;
    this.target = negotiated;
  }

  get negotiated(): Address {
    return this.#negotiated;
  }

  admits(address: string, port: number): boolean {
    if (address !== this.#negotiated.address) return false;
    if (port === this.#negotiated.port) {
      this.target = this.#negotiated;
      this.#state = "negotiated";
      return true;
    }
    if (this.#state === "open") {
      this.target = { address, port };
      this.#state = "learned";
    }
    return this.#state === "learned" && port === this.target.port;
  }
}
